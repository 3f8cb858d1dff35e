import {
  type ArgumentNode,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getVariableValues,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  TypeInfo,
  type VariableNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { subscriptionOf } from '../execution/execute.ts';
import type { PreparedOperation } from '../execution/prepare.ts';

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

/** A subscription, seen as a place in a stream of changes that others may follow as well. */
export interface SubscriptionOperation {
  readonly subgraph: string;
  readonly rootField: string;
  /** Whether its root field takes `after`, and so can go on where it was. */
  readonly isResumable: boolean;
  startOf(variables: Variables): Start;
  /** The same for all operations whose events are the same once they are level, wherever they start. */
  streamKeyOf(variables: Variables): string;
  /** What to send to the subgraph, with the events' cursors selected beside what the app selects. */
  upstreamRequest(variables: Variables, after: string | undefined): UpstreamRequest;
  /** Where the app, or we for it, can resume behind the event; undefined for one without a cursor. */
  cursorOf(event: ExecutionResult): string | undefined;
}

/** What an event's cursor, and the cursor to resume after, are called upstream: unlike anything an app selects. */
const CURSOR = '_streamCursor';
const AFTER = '_streamAfter';

/** Arguments that say where a stream starts, not what is in it. */
const START_ARGUMENTS = new Set(['after', 'snapshot']);

export function describeSubscription(prepared: PreparedOperation): SubscriptionOperation {
  const { snapshot, operation } = prepared;
  const { primary } = subscriptionOf(prepared);
  const upstream = parse(primary.operation);
  const field = rootFieldOf(upstream);
  const rootField = field.name.value;
  const definition = fieldNamed(snapshot.supergraphSchema, rootField);
  const isResumable = definition.args.some((argument) => argument.name === 'after');
  const positioned = isResumable ? selectPosition(upstream, snapshot.supergraphSchema, definition) : upstream;
  const asAsked = requestOf(positioned);
  const resumed = isResumable ? requestOf(withAfterVariable(positioned)) : asAsked;
  const canonical = withoutStart(prepared.document, operation, snapshot.schema);
  const canonicalText = [print(canonical), print(stripStart(upstream))].join('\n');
  const canonicalVariables = variablesOf(canonical);
  const responseName = field.alias?.value ?? rootField;

  return {
    subgraph: primary.serviceName,
    rootField,
    isResumable,
    startOf(variables) {
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

/** The planner writes a subscription's root field out, without fragments around it. */
function rootFieldOf(upstream: DocumentNode): FieldNode {
  const [operation] = upstream.definitions;
  const [field] = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
  if (field?.kind !== Kind.FIELD) throw new Error('The plan of a subscription does not begin with a field.');
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

/** Adds the cursor to the selection of every kind of event that has one. */
function selectPosition(
  upstream: DocumentNode,
  schema: GraphQLSchema,
  definition: GraphQLField<unknown, unknown>,
): DocumentNode {
  const type = getNamedType(definition.type);
  const selections: SelectionNode[] = isObjectType(type)
    ? positionOf(type)
    : isAbstractType(type)
      ? schema.getPossibleTypes(type).flatMap((member): SelectionNode[] => {
          const position = positionOf(member);
          return position.length > 0 ? [fragmentOn(member.name, position)] : [];
        })
      : [];
  return mapRootField(upstream, (field) => ({
    ...field,
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...(field.selectionSet?.selections ?? []), ...selections],
    },
  }));
}

function positionOf(type: GraphQLObjectType): FieldNode[] {
  if (!type.getFields().cursor) return [];
  return [{ kind: Kind.FIELD, alias: nameNode(CURSOR), name: nameNode('cursor') }];
}

function fragmentOn(type: string, selections: SelectionNode[]): SelectionNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: nameNode(type) },
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

function nameNode(value: string) {
  return { kind: Kind.NAME, value } as const;
}

function withAfterVariable(upstream: DocumentNode): DocumentNode {
  const variable = { kind: Kind.VARIABLE, name: nameNode(AFTER) } as const;
  const after: ArgumentNode = { kind: Kind.ARGUMENT, name: nameNode('after'), value: variable };
  const resumed = mapRootField(upstream, (field) => ({
    ...field,
    arguments: [...(field.arguments ?? []).filter((argument) => argument.name.value !== 'after'), after],
  }));
  const declared = mapOperation(resumed, (operation) => ({
    ...operation,
    variableDefinitions: [
      ...(operation.variableDefinitions ?? []),
      {
        kind: Kind.VARIABLE_DEFINITION,
        variable,
        type: { kind: Kind.NAMED_TYPE, name: nameNode('String') },
      },
    ],
  }));
  return withoutUnusedVariables(declared);
}

function stripStart(upstream: DocumentNode): DocumentNode {
  return withoutUnusedVariables(mapRootField(upstream, withoutStartArguments));
}

/** The app's operation alone, without what says where it starts. */
function withoutStart(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
): DocumentNode {
  const alone: DocumentNode = {
    ...document,
    definitions: document.definitions.filter(
      (node) => node === operation || node.kind === Kind.FRAGMENT_DEFINITION,
    ),
  };
  const types = new TypeInfo(schema);
  const stripped = visit(
    alone,
    visitWithTypeInfo(types, {
      [Kind.FIELD]: (field: FieldNode) =>
        types.getParentType() === schema.getSubscriptionType() ? withoutStartArguments(field) : undefined,
    }),
  );
  return withoutUnusedVariables(stripped);
}

function withoutStartArguments(field: FieldNode): FieldNode {
  return {
    ...field,
    arguments: field.arguments?.filter((argument) => !START_ARGUMENTS.has(argument.name.value)) ?? [],
  };
}

function withoutUnusedVariables(document: DocumentNode): DocumentNode {
  const used = new Set(variablesOf(document));
  return mapOperation(document, (operation) => ({
    ...operation,
    variableDefinitions:
      operation.variableDefinitions?.filter((definition) => used.has(definition.variable.name.value)) ?? [],
  }));
}

function variablesOf(document: DocumentNode): readonly string[] {
  const used = new Set<string>();
  visit(document, {
    [Kind.VARIABLE_DEFINITION]: () => false,
    [Kind.VARIABLE]: (variable: VariableNode) => void used.add(variable.name.value),
  });
  return [...used].sort();
}

function mapOperation(
  document: DocumentNode,
  change: (operation: OperationDefinitionNode) => OperationDefinitionNode,
): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.map((node) =>
      node.kind === Kind.OPERATION_DEFINITION ? change(node) : node,
    ),
  };
}

function mapRootField(upstream: DocumentNode, change: (field: FieldNode) => FieldNode): DocumentNode {
  const field = rootFieldOf(upstream);
  return mapOperation(upstream, (operation) => ({
    ...operation,
    selectionSet: {
      ...operation.selectionSet,
      selections: operation.selectionSet.selections.map((node) => (node === field ? change(field) : node)),
    },
  }));
}

function pick(variables: Variables, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => variables[name] !== undefined).map((name) => [name, variables[name]]),
  );
}

/** Writes maps in one order, so that the same variables give the same text. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
