import type { GraphQLDataSource, ServiceMap } from '@apollo/gateway';
import { Kind, parse } from 'graphql';
import { Agent } from 'undici';
import { z } from 'zod';
import type { ErrorCode } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Registry, ServiceInstance } from '../../platform/ports/registry.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { SUBGRAPHS, type SubgraphName } from '../supergraph/subgraph-sdl.ts';
import { UNAVAILABLE_MESSAGE } from './errors.ts';

export interface SubgraphClientOptions {
  /** What the gateway shows to the subgraphs. */
  readonly authorization: string;
  /** What one query may take. Mutations may take as long as their request: none is sent twice. */
  readonly queryTimeoutMs: number;
  readonly mutationTimeoutMs: number;
  readonly responseBytesMax: number;
}

/** What every fetch of an execution gets. */
export interface ExecutionContext extends Record<string, unknown> {
  /** Aborted when nobody waits for the answer any more, or it has taken too long. */
  readonly signal: AbortSignal;
}

export interface SubgraphClients extends Closeable {
  /** Data sources by subgraph, for Apollo's executor. */
  readonly services: ServiceMap;
}

/** Connections to one instance: more fetches than that at once wait for each other. */
const CONNECTIONS_MAX = 64;

/** Shorter than what the subgraphs' servers keep idle connections, so that we are the first to close. */
const KEEP_ALIVE_MS = 60_000;

const answerShape = z.union([
  z.looseObject({ data: z.record(z.string(), z.unknown()).nullable() }),
  z.looseObject({ errors: z.array(z.unknown()).min(1) }),
]);

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: { message: string; path?: (string | number)[]; extensions?: Record<string, unknown> }[];
}

/**
 * Fetches from the subgraphs' instances in turn. A query that an instance does not answer is sent to the next one,
 * once; a mutation never, since nobody knows whether it was done. Apps learn that a part is unavailable, not which
 * service or address it is.
 */
export function openSubgraphClients(
  { registry, logger, metrics }: { registry: Registry; logger: Logger; metrics: GatewayMetrics },
  options: SubgraphClientOptions,
): SubgraphClients {
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: options.responseBytesMax,
  });

  function clientOf(subgraph: SubgraphName): GraphQLDataSource<ExecutionContext> {
    let turn = 0;

    function nextInstance(): ServiceInstance | undefined {
      const instances = registry.instances(subgraph);
      turn += 1;
      return instances[turn % Math.max(1, instances.length)];
    }

    async function send(body: string, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
      const instance = nextInstance();
      if (!instance) throw new Error('no instance is registered');
      const { origin, pathname } = new URL(instance.url);
      const response = await agent.request({
        origin,
        path: pathname,
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: options.authorization },
        body,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      const answer: unknown = await response.body.json();
      if (response.statusCode >= 500 || response.statusCode === 401)
        throw new Error(`status ${response.statusCode}`);
      return answerShape.parse(answer) as Answer;
    }

    return {
      async process({ request, context }) {
        const query = request.query ?? '';
        const { signal } = context as ExecutionContext;
        const body = JSON.stringify({ query, variables: request.variables });
        const isMutation = query.startsWith('mutation');
        const timeoutMs = isMutation ? options.mutationTimeoutMs : options.queryTimeoutMs;
        const end = metrics.fetchDuration.startTimer({ subgraph });
        try {
          let answer: Answer;
          try {
            answer = await send(body, timeoutMs, signal);
          } catch (error) {
            if (isMutation || signal.aborted || isFinal(error)) throw error;
            metrics.retriedFetches.inc({ subgraph });
            answer = await send(body, timeoutMs, signal);
          }
          for (const error of answer.errors ?? []) error.path ??= [];
          end({ outcome: answer.errors ? 'error' : 'ok' });
          return answer as never;
        } catch (error) {
          end({ outcome: signal.aborted ? 'aborted' : 'unavailable' });
          const limit = limitOf(error);
          if (limit && !signal.aborted) metrics.limits.inc({ limit });
          if (!signal.aborted && !agent.destroyed)
            logger.warn({ err: error, subgraph }, 'subgraph did not answer');
          const isEntityFetch = request.variables !== undefined && 'representations' in request.variables;
          return { errors: (isEntityFetch ? [[]] : rootPathsOf(query)).map(unavailable) as never };
        }
      },
    };
  }

  return {
    services: Object.fromEntries(SUBGRAPHS.map((subgraph) => [subgraph, clientOf(subgraph)])),
    close: () => agent.destroy(),
  };
}

/** The bounds that an answer may run into. A mutation's time is its request's, whose end comes first. */
const LIMITS: Readonly<Record<string, string>> = {
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'SUBGRAPH_RESPONSE_BYTES_MAX',
  UND_ERR_HEADERS_TIMEOUT: 'SUBGRAPH_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'SUBGRAPH_TIMEOUT',
};

function limitOf(error: unknown): string | undefined {
  return LIMITS[(error as { code?: string }).code ?? ''];
}

/** Whether another instance would most probably fail as well. */
function isFinal(error: unknown): boolean {
  return limitOf(error) !== undefined;
}

function unavailable(path: string[]) {
  const code: ErrorCode = 'DATASOURCE_UNAVAILABLE';
  return {
    message: UNAVAILABLE_MESSAGE,
    path,
    extensions: { code },
  };
}

/** One path for each root field that a fetch would have answered. */
function rootPathsOf(query: string): string[][] {
  const [operation] = parse(query).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return [[]];
  const paths = operation.selectionSet.selections
    .filter((selection) => selection.kind === Kind.FIELD)
    .map((field) => [field.alias?.value ?? field.name.value]);
  return paths.length > 0 ? paths : [[]];
}
