import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  getVariableValues,
  Kind,
  parse,
  print,
  type SelectionNode,
} from 'graphql';
import { subscriptionOf } from '../execution/execute.ts';
import type { PreparedOperation } from '../execution/prepare.ts';
import {
  AFTER,
  CURSOR,
  rootFieldOf,
  selectCursor,
  stripStart,
  variablesOf,
  withAfterVariable,
  withoutStart,
} from './stream-document.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Where a subscriber wants its events from. */
export type Start =
  | { readonly from: 'now' }
  /** All that is there, then its changes. */
  | { readonly from: 'snapshot' }
  | { readonly from: 'cursor'; readonly cursor: string };

export interface UpstreamRequest {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Subscriptions that are told a state: each event is all of it, and whoever begins gets the first one at once. */
const TELLING_STATES: ReadonlySet<string> = new Set(['clusterChanged']);

/** A subscription, seen as a place in a stream of changes that others may follow as well. */
export interface SubscriptionOperation {
  readonly subgraph: string;
  readonly rootField: string;
  /** Whether its root field takes `after`, and so can go on where it was. */
  readonly isResumable: boolean;
  /** Whether each event says all that there is: then none but the last matters, and beginning anew misses nothing. */
  readonly tellsState: boolean;
  startOf(variables: Variables): Start;
  /** The same for all operations whose events are the same once they are level, wherever they start. */
  streamKeyOf(variables: Variables): string;
  /** What to send to the subgraph, with the events' cursors selected beside what the app selects. */
  upstreamRequest(variables: Variables, after: string | undefined): UpstreamRequest;
  /** Where the app, or we for it, can resume behind the event; undefined for one without a cursor. */
  cursorOf(event: ExecutionResult): string | undefined;
}

export function describeSubscription(prepared: PreparedOperation): SubscriptionOperation {
  const { snapshot, operation } = prepared;
  const { primary } = subscriptionOf(prepared);
  const upstream = parse(primary.operation);
  const field = rootFieldOf(upstream);
  const rootField = field.name.value;
  const definition = fieldNamed(snapshot.supergraphSchema, rootField);
  const isResumable = definition.args.some((argument) => argument.name === 'after');
  const tellsState = TELLING_STATES.has(rootField);
  const withCursor = isResumable ? selectCursor(upstream, snapshot.supergraphSchema, definition) : upstream;
  const asAsked = requestOf(withCursor);
  const resumed = isResumable ? requestOf(withAfterVariable(withCursor)) : asAsked;
  const canonical = withoutStart(prepared.document, operation, snapshot.schema);
  const canonicalText = [print(canonical), print(stripStart(upstream))].join('\n');
  const canonicalVariables = variablesOf(canonical);
  const responseName = field.alias?.value ?? rootField;

  return {
    subgraph: primary.serviceName,
    rootField,
    isResumable,
    tellsState,
    startOf(variables) {
      // A snapshot is its reader's own: to join another's stream would be to wait for the next change.
      if (tellsState) return { from: 'snapshot' };
      if (!isResumable) return { from: 'now' };
      const { coerced } = getVariableValues(snapshot.schema, operation.variableDefinitions ?? [], variables);
      const args = getArgumentValues(definition, appFieldOf(prepared, rootField), coerced ?? {});
      if (typeof args.after === 'string') return { from: 'cursor', cursor: args.after };
      return { from: args.snapshot === true ? 'snapshot' : 'now' };
    },
    streamKeyOf(variables) {
      return `${canonicalText}\n${JSON.stringify(pick(variables, canonicalVariables), sortKeys)}`;
    },
    upstreamRequest(variables, after) {
      const { query, names } = after === undefined ? asAsked : resumed;
      return { query, variables: pick({ ...variables, [AFTER]: after }, names) };
    },
    cursorOf({ data }) {
      const event = data?.[responseName] as Record<string, unknown> | null | undefined;
      return event?.[CURSOR] as string | undefined;
    },
  };
}

function requestOf(document: DocumentNode): { query: string; names: readonly string[] } {
  return { query: print(document), names: variablesOf(document) };
}

function fieldNamed(schema: GraphQLSchema, name: string): GraphQLField<unknown, unknown> {
  const field = schema.getSubscriptionType()?.getFields()[name];
  if (!field) throw new Error(`The graph has no subscription ${name}.`);
  return field;
}

/** The root field as the app wrote it, which may be in a fragment. */
function appFieldOf(prepared: PreparedOperation, rootField: string): FieldNode {
  const find = (selections: readonly SelectionNode[]): FieldNode | undefined => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value === rootField) return selection;
        continue;
      }
      const set =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : prepared.fragments[selection.name.value]?.selectionSet;
      const found = set && find(set.selections);
      if (found) return found;
    }
    return undefined;
  };
  const field = find(prepared.operation.selectionSet.selections);
  if (!field) throw new Error(`The operation does not select ${rootField}.`);
  return field;
}

function pick(variables: Variables, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names
      .filter((name) => Object.hasOwn(variables, name) && variables[name] !== undefined)
      .map((name) => [name, variables[name]]),
  );
}

/** Writes maps in one order, so that the same variables give the same text. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
