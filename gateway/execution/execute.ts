import type { ServiceMap } from '@apollo/gateway';
import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from '../../platform/logger.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { buildOperationContext, executeQueryPlan } from './apollo.ts';
import { codedError, type GraphResult, publicError } from './errors.ts';
import type { OperationRequest, PreparedOperation } from './prepare.ts';
import type { ExecutionContext } from './subgraph-client.ts';

type Variables = NonNullable<OperationRequest['variables']>;

export interface Executor {
  /** Runs a query or mutation. Never rejects: what fails is in the result. */
  execute(prepared: PreparedOperation, variables: Variables, signal: AbortSignal): Promise<GraphResult>;
  /** Joins what a subscription selects to one event of its primary subgraph. Never rejects. */
  executeEvent(
    prepared: PreparedOperation,
    variables: Variables,
    event: ExecutionResult,
    signal: AbortSignal,
  ): Promise<GraphResult>;
}

/** A service of the plan that stands for the event itself. */
const EVENT = '@event';

export function createExecutor({
  services,
  logger,
  metrics,
}: {
  services: ServiceMap;
  logger: Logger;
  metrics: GatewayMetrics;
}): Executor {
  async function run(
    planOf: () => QueryPlan,
    sources: ServiceMap,
    prepared: PreparedOperation,
    variables: Variables,
    signal: AbortSignal,
  ): Promise<GraphResult> {
    const { snapshot, document, operation } = prepared;
    const name = operation.name?.value;
    const context: ExecutionContext = { signal };
    try {
      const operationContext = buildOperationContext({
        schema: snapshot.schema,
        operationDocument: document,
        ...(name === undefined ? {} : { operationName: name }),
      });
      const requestContext = {
        request: { variables },
        context,
        metrics: {},
        logger,
        schema: snapshot.schema,
      };
      const result = await executeQueryPlan(
        planOf(),
        sources,
        requestContext as never,
        operationContext,
        snapshot.supergraphSchema,
        snapshot.apiSchema,
      );
      return publicResult(result, logger);
    } catch (error) {
      return { errors: [publicError(error, logger)], data: null };
    }
  }

  return {
    async execute(prepared, variables, signal) {
      const end = metrics.requestDuration.startTimer({ kind: prepared.operation.operation });
      const result = await run(prepared.plan, services, prepared, variables, signal);
      end({ outcome: signal.aborted ? 'aborted' : result.errors ? 'error' : 'ok' });
      return result;
    },
    executeEvent(prepared, variables, event, signal) {
      const sources: ServiceMap = { ...services, [EVENT]: { process: async () => event as never } };
      return run(() => eventPlanOf(prepared), sources, prepared, variables, signal);
    },
  };
}

function eventPlanOf(prepared: PreparedOperation): QueryPlan {
  const { primary, rest } = subscriptionOf(prepared);
  const nodes: PlanNode[] = [{ ...primary, serviceName: EVENT }, ...(rest ? [rest] : [])];
  return { kind: 'QueryPlan', node: { kind: 'Sequence', nodes } };
}

/** The parts of a subscription's plan: what to subscribe to, and what to join to each event. */
export function subscriptionOf(prepared: PreparedOperation): { primary: FetchNode; rest?: PlanNode } {
  const { node } = prepared.plan();
  if (node?.kind !== 'Subscription') throw new Error('The operation is no subscription of a subgraph.');
  return node;
}

interface PlanResult {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
  readonly extensions?: Record<string, unknown>;
}

function publicResult(result: PlanResult, logger: Logger): GraphResult {
  // Where no fetch failed and yet a field that is never null has no value, Apollo says so here only.
  const incomplete = (result.extensions?.valueCompletion ?? []) as readonly GraphQLError[];
  const missing = incomplete.map(({ path }) =>
    codedError('INTERNAL_SERVER_ERROR', 'A field that is never null has no value.', path),
  );
  const errors = [...(result.errors ?? []), ...missing].map((error) => publicError(error, logger));
  const data = (result.data ?? null) as GraphResult['data'];
  return errors.length > 0 ? { errors, data } : { data };
}
