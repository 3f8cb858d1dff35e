import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyError } from 'fastify';
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
import type { Logger } from '../logger.ts';
import type { Closeable } from '../scope.ts';
import { formatError, formatResult } from './graphql-errors.ts';
import type { SubgraphContext } from './inner-operations.ts';

export interface SubgraphServerOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes any free port. @default 0 */
  readonly port?: number;
  readonly serviceToken: string;
  /** Largest request taken, in bytes: a batch of 1,000 records of 16 kB. @default 16 MiB */
  readonly bodyBytesMax?: number;
}

export interface SubgraphServer extends Closeable {
  /** `http://127.0.0.1:41234/graphql`; subscriptions are on the same path. */
  readonly url: string;
}

/** Documents kept parsed and validated for the current schema; services send few distinct ones. */
const DOCUMENTS_MAX = 500;

/** What comes over a WebSocket is one subscription's document and variables; batches come as requests. */
const SOCKET_MESSAGE_BYTES_MAX = 1024 * 1024;
/** How long a client may take to close its WebSocket when we close: far less than a stop of the platform takes. */
const GOODBYE_MS_MAX = 500;

interface GraphQLRequest {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null;
  readonly operationName?: string | null;
}

/**
 * Serves a subgraph to the gateway and to the other services: GraphQL over HTTP (POST of JSON only) and
 * graphql-transport-ws. Not for apps: those meet the gateway.
 *
 * @param schema Asked for at each operation; what is running finishes on the schema it began with.
 */
export async function openSubgraphServer(
  { schema, logger }: { schema: () => GraphQLSchema; logger: Logger },
  options: SubgraphServerOptions,
): Promise<SubgraphServer> {
  const isServiceToken = tokenCheck(options.serviceToken);
  const prepare = createPreparer();
  const app = fastify({
    bodyLimit: options.bodyBytesMax ?? 16 * 1024 * 1024,
    // Longer than the pools of our clients keep idle connections, so that the client closes first.
    keepAliveTimeout: 120_000,
    forceCloseConnections: true,
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
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => ({ status: 'ok' }));
  app.post('/graphql', async (request, reply) => {
    const body = request.body as GraphQLRequest | null;
    if (typeof body?.query !== 'string') {
      return reply
        .code(400)
        .send({ errors: [{ message: 'The body wants a "query".', extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    const context: SubgraphContext = { isService: isServiceToken(bearerOf(request.headers.authorization)) };
    const current = schema();
    const prepared = prepare(current, body.query);
    if ('errors' in prepared) {
      return reply.send(formatResult({ errors: prepared.errors }, logger));
    }
    if (getOperationAST(prepared.document, body.operationName)?.operation === 'subscription') {
      const error = new GraphQLError('Subscriptions go over WebSocket.', {
        extensions: { code: 'BAD_USER_INPUT' },
      });
      return reply.code(400).send(formatResult({ errors: [error] }, logger));
    }
    const result = await execute({
      schema: current,
      document: prepared.document,
      variableValues: body.variables,
      operationName: body.operationName,
      contextValue: context,
    });
    return reply.send(formatResult(result, logger));
  });

  const sockets = new WebSocketServer({
    server: app.server,
    path: '/graphql',
    perMessageDeflate: false,
    maxPayload: SOCKET_MESSAGE_BYTES_MAX,
  });
  const graphqlWs = useServer<{ authorization?: string }>(
    {
      schema: () => schema(),
      execute,
      subscribe,
      context: (ctx): SubgraphContext & Record<string, unknown> => ({
        isService: isServiceToken(bearerOf(ctx.connectionParams?.authorization)),
      }),
      onError: ({ extra }, _id, _payload, errors) =>
        // Whoever has gone in the middle of an event is told nothing, and it is no failure of ours.
        extra.socket.readyState === WebSocket.OPEN
          ? errors.map((error) => formatError(error as GraphQLError, logger).toJSON())
          : undefined,
      onNext: (_ctx, _id, _payload, _args, result) => formatResult(result as never, logger),
    },
    sockets,
  );

  await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  const { address, family, port } = app.server.address() as AddressInfo;
  const hostname = family === 'IPv6' ? `[${address}]` : address;
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    // Waits for every socket's goodbye; whoever does not say it in time is cut off.
    const cutOff = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, GOODBYE_MS_MAX);
    await graphqlWs.dispose();
    clearTimeout(cutOff);
    await app.close();
  }

  return {
    url: `http://${hostname}:${port}/graphql`,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function bearerOf(header: string | undefined): string | undefined {
  return header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : undefined;
}

function tokenCheck(expected: string): (given: string | undefined) => boolean {
  const wanted = Buffer.from(expected);
  return (given) => {
    const shown = Buffer.from(given ?? '');
    return shown.length === wanted.length && timingSafeEqual(shown, wanted);
  };
}

type Prepared = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

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
    return errors.length > 0 ? { errors } : { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}
