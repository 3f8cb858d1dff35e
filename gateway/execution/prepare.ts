import { operationFromDocument } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import type { Snapshot } from '../supergraph/snapshot.ts';
import { measureOperation, type OperationSize } from './cost.ts';
import { badInput } from './errors.ts';
import { LruMap } from './lru-map.ts';

/** One operation as an app sends it. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface OperationLimits {
  readonly tokensMax: number;
  readonly depthMax: number;
  readonly costMax: number;
}

/** An operation that may run on its snapshot, with any variables that `admit` lets in. */
export interface PreparedOperation {
  /** What it was prepared from. */
  readonly request: OperationRequest;
  readonly snapshot: Snapshot;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly size: OperationSize;
  /** Made at the first call, which must come after `admit`: planning visits every field that fragments stand for. */
  plan(): QueryPlan;
}

export interface Refused {
  readonly errors: readonly GraphQLError[];
  /** The bound that it is beyond, by the name of its setting. */
  readonly limit?: string | undefined;
}

/** Operations kept prepared for each snapshot; an app has some dozens. */
const PREPARED_MAX = 1_000;
/** Longer ones are prepared each time, so that the cache stays within some tens of megabytes. */
const CACHED_LENGTH_MAX = 16_384;

/** How graphql says that an operation has more than `maxTokens`. */
const TOO_LONG = /^Syntax Error: Document contains more tha[nt] \d+ tokens/;

export type Prepare = (snapshot: Snapshot, request: OperationRequest) => PreparedOperation | Refused;

/** Parses, validates and measures operations, once for each snapshot. */
export function createPrepare(limits: OperationLimits): Prepare {
  const caches = new WeakMap<Snapshot, LruMap<string, PreparedOperation>>();
  return (snapshot, request) => {
    const cache = caches.get(snapshot) ?? new LruMap<string, PreparedOperation>(PREPARED_MAX);
    caches.set(snapshot, cache);
    const key = `${request.operationName ?? ''}\n${request.query}`;
    const known = cache.get(key);
    if (known) return known;
    const prepared = prepareAnew(snapshot, request, limits);
    if (!('errors' in prepared) && key.length <= CACHED_LENGTH_MAX) cache.set(key, prepared);
    return prepared;
  };
}

function prepareAnew(
  snapshot: Snapshot,
  request: OperationRequest,
  limits: OperationLimits,
): PreparedOperation | Refused {
  let document: DocumentNode;
  try {
    document = parse(request.query, { maxTokens: limits.tokensMax });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return {
      errors: [badInput(error)],
      limit: TOO_LONG.test(error.message) ? 'QUERY_TOKENS_MAX' : undefined,
    };
  }
  const errors = validate(snapshot.schema, document);
  if (errors.length > 0) return { errors: errors.map(badInput) };
  const operation = operationOf(document, request.operationName);
  if (operation instanceof GraphQLError) return { errors: [operation] };
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  const size = measureOperation(snapshot.schema, operation, fragments);
  if (size.depth > limits.depthMax) {
    const message = `The operation is ${size.depth} levels deep; ${limits.depthMax} are allowed.`;
    return { errors: [badInput(new GraphQLError(message))], limit: 'QUERY_DEPTH_MAX' };
  }
  let plan: QueryPlan | undefined;
  return {
    request,
    snapshot,
    document,
    operation,
    fragments,
    size,
    plan() {
      plan ??= snapshot.planner.buildQueryPlan(
        operationFromDocument(snapshot.apiSchema, document, {
          ...(request.operationName ? { operationName: request.operationName } : {}),
        }),
      );
      return plan;
    },
  };
}

function operationOf(
  document: DocumentNode,
  name: string | null | undefined,
): OperationDefinitionNode | GraphQLError {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const [operation, ...others] = name ? operations.filter((node) => node.name?.value === name) : operations;
  if (operation && others.length === 0) return operation;
  const problem = name
    ? `The document has no operation named ${JSON.stringify(name)}.`
    : operations.length > 0
      ? 'The document has several operations: "operationName" must name one.'
      : 'The document has no operation.';
  return badInput(new GraphQLError(problem));
}

const TOO_DEEP = new GraphQLError('The variables are nested too deeply.');

/** Graphql hands on what it met when it read a value: there the stack has ended. */
const isTooDeep = (error: unknown) => error instanceof RangeError;

/** @returns Why the operation may not run with these variables; undefined where it may. */
export function admit(
  prepared: PreparedOperation,
  variables: OperationRequest['variables'],
  limits: OperationLimits,
): Refused | undefined {
  const { snapshot, operation } = prepared;
  const { errors } = getVariableValues(
    snapshot.schema,
    operation.variableDefinitions ?? [],
    variables ?? {},
    { maxErrors: 20 },
  );
  if (errors) return { errors: errors.map((error) => badInput(isTooDeep(error) ? TOO_DEEP : error)) };
  const cost = prepared.size.cost(variables ?? {});
  if (cost <= limits.costMax) return undefined;
  const message = `The operation costs ${cost}; ${limits.costMax} are allowed. Ask for fewer fields, or a smaller "first".`;
  return { errors: [badInput(new GraphQLError(message))], limit: 'QUERY_COST_MAX' };
}
