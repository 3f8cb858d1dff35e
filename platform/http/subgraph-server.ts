import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  subscribe,
  validate,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { ErrorCode } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { Metrics } from '../metrics.ts';
import { isLoopback } from '../network/loopback.ts';
import type { ServiceName } from '../ports/registry.ts';
import type { Closeable } from '../scope.ts';
import { formatError, formatResult } from './graphql-errors.ts';
import type { SubgraphContext } from './inner-operations.ts';
import { listen } from './listen.ts';
import { createCallerCheck, METRICS_REFUSED } from './service-tokens.ts';

export interface SubgraphServerDeps {
  /** Asked for at each operation; what is running finishes on the schema it began with. */
  readonly schema: () => GraphQLSchema;
  /**
   * Asked once for an operation that does not fit the schema, which is then looked at again: the gateway may have
   * heard of a type from another replica before this one has. Without it such an operation fails at once.
   */
  readonly refresh?: () => Promise<void>;
  /**
   * Grows with what the schema is made of. Told with each answer, so that the gateway takes the schema of the replica
   * that is furthest on. @default 0
   */
  readonly schemaRevision?: () => number;
  /** Whether requests should be sent here. @default always */
  readonly isReady?: () => boolean;
  readonly logger: Logger;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

export interface SubgraphServerOptions {
  /** Named in metrics. */
  readonly service: ServiceName;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes any free port. @default 0 */
  readonly port?: number;
  readonly serviceToken: string;
  /** Largest request taken, in bytes: a batch of 1,000 records of 16 kB. @default 16 MiB */
  readonly bodyBytesMax?: number;
  /** How long requests under way may take to end once the server closes, in milliseconds. @default 2_000 */
  readonly drainMs?: number;
}

export interface SubgraphServer extends Closeable {
  /** `http://127.0.0.1:41234/graphql`; subscriptions are on the same path. */
  readonly url: string;
  /** Says from now on that nothing more should be sent here; what comes all the same is answered. */
  drain(): void;
}

/** Documents kept parsed and validated for the current schema; services send few distinct ones. */
const DOCUMENTS_MAX = 500;

export const SCHEMA_REVISION_HEADER = 'tributary-schema-revision';

/** What comes over a WebSocket is one subscription's document and variables; batches come as requests. */
const SOCKET_MESSAGE_BYTES_MAX = 1024 * 1024;
/** How long a client may take to close its WebSocket when we close: far less than a stop of the platform takes. */
const GOODBYE_MS_MAX = 500;
/** What is being answered when the server closes gets this long: a batch is journaled in a hundredth of it. */
const DRAIN_MS = 2_000;

const STRANGER_REFUSED = 'This is for services and gateways only: apps send their operations to a gateway.';

interface GraphQLRequest {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null;
  readonly operationName?: string | null;
}

/**
 * Serves a subgraph to the gateway and to the other services: GraphQL over HTTP (POST of JSON only) and
 * graphql-transport-ws. Not for apps: those meet the gateway. Whoever shows neither's token gets nothing of it but
 * whether it lives, on whichever address it listens.
 *
 * @throws {ConfigError} It cannot listen there.
 */
export async function openSubgraphServer(
  deps: SubgraphServerDeps,
  options: SubgraphServerOptions,
): Promise<SubgraphServer> {
  const { logger, isReady = () => true, metrics = new Metrics() } = deps;
  const callerOf = createCallerCheck(options.serviceToken);
  const host = options.host ?? '127.0.0.1';
  const prepare = withRefresh(createPreparer(), deps);
  const observe = createRequestObserver(metrics, options.service);
  const contextOf = (authorization: unknown): SubgraphContext & Record<string, unknown> => ({
    isService: callerOf(authorization) === 'service',
  });
  let isDraining = false;
  let closing: Promise<void> | undefined;
  const app = fastify({
    bodyLimit: options.bodyBytesMax ?? 16 * 1024 * 1024,
    // Longer than the pools of our clients keep idle connections, so that the client closes first.
    keepAliveTimeout: 120_000,
    forceCloseConnections: 'idle',
  });

  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error }, 'request failed');
    const [message, code] =
      status >= 500
        ? ['Something went wrong on our side.', 'INTERNAL_SERVER_ERROR']
        : [error.message, 'BAD_USER_INPUT'];
    return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
  });
  app.addHook('onResponse', async () => {
    // Its connection has just become idle, and is in the way of the close.
    if (closing) setImmediate(() => app.server.closeIdleConnections());
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) =>
    isDraining || !isReady()
      ? reply.code(503).send({ status: isDraining ? 'stopping' : 'not ready' })
      : { status: 'ok' },
  );
  app.get('/metrics', async ({ headers }, reply) =>
    isLoopback(host) || callerOf(headers.authorization) === 'service'
      ? reply.type(metrics.contentType).send(await metrics.text())
      : refuseStranger(reply, METRICS_REFUSED),
  );
  // Before the body is read: strangers are not even listened to.
  const onRequest = async ({ headers }: FastifyRequest, reply: FastifyReply) =>
    callerOf(headers.authorization) ? undefined : refuseStranger(reply, STRANGER_REFUSED);
  app.post('/graphql', { onRequest }, async (request, reply) => {
    const body = request.body as GraphQLRequest | null;
    if (typeof body?.query !== 'string') {
      return reply
        .code(400)
        .send({ errors: [{ message: 'The body wants a "query".', extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    if (deps.schemaRevision) reply.header(SCHEMA_REVISION_HEADER, deps.schemaRevision());
    const context = contextOf(request.headers.authorization);
    const prepared = await prepare(body.query);
    if ('errors' in prepared) {
      return reply.send(formatResult({ errors: prepared.errors }, logger));
    }
    const kind = getOperationAST(prepared.document, body.operationName)?.operation ?? 'query';
    if (kind === 'subscription') {
      const error = new GraphQLError('Subscriptions go over WebSocket.', {
        extensions: { code: 'BAD_USER_INPUT' },
      });
      return reply.code(400).send(formatResult({ errors: [error] }, logger));
    }
    const end = observe(kind);
    const result = await execute({
      schema: prepared.schema,
      document: prepared.document,
      variableValues: body.variables,
      operationName: body.operationName,
      contextValue: context,
    });
    end(result.errors === undefined);
    return reply.send(formatResult(result, logger));
  });

  // Before there are sockets: their server would print what is wrong with the address.
  const url = await listen(app, { host, port: options.port ?? 0 });
  const sockets = new WebSocketServer({
    server: app.server,
    path: '/graphql',
    perMessageDeflate: false,
    maxPayload: SOCKET_MESSAGE_BYTES_MAX,
  });
  const graphqlWs = useServer<{ authorization?: unknown }>(
    {
      // Anything but a token closes the socket with 4403.
      onConnect: ({ connectionParams }) => callerOf(connectionParams?.authorization) !== undefined,
      execute,
      subscribe,
      async onSubscribe({ connectionParams }, _id, { query, variables, operationName }) {
        const prepared = await prepare(query);
        if ('errors' in prepared) return prepared.errors;
        const contextValue = contextOf(connectionParams?.authorization);
        const { schema: current, document } = prepared;
        return { schema: current, document, variableValues: variables, operationName, contextValue };
      },
      onError: ({ extra }, _id, _payload, errors) =>
        // Whoever has gone in the middle of an event is told nothing, and it is no failure of ours.
        extra.socket.readyState === WebSocket.OPEN
          ? errors.map((error) => formatError(error as GraphQLError, logger).toJSON())
          : undefined,
      onNext: (_ctx, _id, _payload, _args, result) => formatResult(result as never, logger),
    },
    sockets,
  );

  async function close(): Promise<void> {
    isDraining = true;
    const force = setTimeout(() => app.server.closeAllConnections(), options.drainMs ?? DRAIN_MS);
    // Waits for every socket's goodbye; whoever does not say it in time is cut off.
    const cutOff = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, GOODBYE_MS_MAX);
    await graphqlWs.dispose();
    clearTimeout(cutOff);
    await app.close();
    clearTimeout(force);
  }

  return {
    url: `${url}/graphql`,
    drain() {
      isDraining = true;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function refuseStranger(reply: FastifyReply, message: string): FastifyReply {
  const error = { message, extensions: { code: 'UNAUTHENTICATED' satisfies ErrorCode } };
  return reply
    .code(401)
    .header('www-authenticate', 'Bearer')
    .send({ errors: [error] });
}

export function subgraphMetrics(metrics: Metrics) {
  return {
    requestDuration: metrics.histogram({
      name: 'tributary_request_duration_seconds',
      help: 'From a request to a subgraph to its answer',
      labelNames: ['service', 'kind', 'outcome'],
    }),
  };
}

/** @returns Begins to measure an operation; what it returns is called with how that ended. */
function createRequestObserver(metrics: Metrics, service: ServiceName) {
  const { requestDuration: duration } = subgraphMetrics(metrics);
  return (kind: string) => {
    const end = duration.startTimer({ service, kind });
    return (isWell: boolean) => end({ outcome: isWell ? 'ok' : 'error' });
  };
}

type Prepared =
  | { readonly schema: GraphQLSchema; readonly document: DocumentNode }
  | { readonly errors: readonly GraphQLError[] };

/** Prepares for the current schema, and once more where that was refreshed since. */
function withRefresh(
  prepare: (schema: GraphQLSchema, query: string) => Prepared,
  { schema, refresh }: SubgraphServerDeps,
): (query: string) => Promise<Prepared> {
  return async (query) => {
    const before = schema();
    const prepared = prepare(before, query);
    if (!('errors' in prepared) || !refresh) return prepared;
    // One that cannot be refreshed is the one there is.
    await refresh().catch(() => {});
    return schema() === before ? prepared : prepare(schema(), query);
  };
}

function createPreparer(): (schema: GraphQLSchema, query: string) => Prepared {
  let known = new Map<string, Prepared>();
  let knownFor: GraphQLSchema | undefined;
  return (schema, query) => {
    if (schema !== knownFor || known.size >= DOCUMENTS_MAX) {
      known = new Map();
      knownFor = schema;
    }
    let prepared = known.get(query);
    if (!prepared) {
      prepared = parseAndValidate(schema, query);
      known.set(query, prepared);
    }
    return prepared;
  };
}

function parseAndValidate(schema: GraphQLSchema, query: string): Prepared {
  try {
    const document = parse(query);
    const errors = validate(schema, document);
    return errors.length > 0 ? { errors } : { schema, document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}
