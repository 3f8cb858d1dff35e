import { type IncomingHttpHeaders, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, type FormattedExecutionResult, GraphQLError } from 'graphql';
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageOf } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { PushIterator } from '../../platform/push-iterator.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { Caller } from '../access/access.ts';
import { permit } from '../access/required-role.ts';
import { codedError, publicError } from '../execution/errors.ts';
import { admit, type PreparedOperation } from '../execution/prepare.ts';
import type { GraphDeps } from '../http/graphql-route.ts';
import type { RequestGuard } from '../http/request-guard.ts';
import type { GatewayServer } from '../http/server.ts';
import { SocketSubscriber, StreamEndedError } from './socket-subscriber.ts';
import type { Streams } from './streams.ts';

export interface SocketServerOptions {
  readonly requestTimeoutMs: number;
  readonly messageBytesMax: number;
  readonly connectionsMax: number;
  readonly operationsPerConnectionMax: number;
  readonly initTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly bufferBytesMax: number;
}

export interface SocketServerDeps extends GraphDeps {
  readonly server: GatewayServer['server'];
  readonly guard: RequestGuard;
  readonly streams: Streams;
  readonly logger: Logger;
}

/** How long a client may take to agree to the end of its connection when the gateway closes. */
const FAREWELL_MS = 500;

/** What graphql-ws hands from one of its hooks to the next. */
interface OperationContext {
  readonly id: string;
  readonly socket: WebSocket;
  readonly prepared: PreparedOperation;
}

interface Extra {
  readonly socket: WebSocket;
  /** Of the request that became the socket. */
  readonly headers: IncomingHttpHeaders;
  readonly address: string | undefined;
  /** Known from `connection_init` on. */
  caller?: Caller;
}

/** The name is read as HTTP reads it: many clients write it with a capital. */
type ConnectionParams = Readonly<Record<string, unknown>>;

/**
 * As the protocol recommends for failed authentication. Clients try again some times after it, and so get on by
 * themselves where they ask for a new key at each connect; after 4401 they would give up.
 */
const FORBIDDEN = 4403;

/**
 * Serves queries, mutations and subscriptions by the protocol graphql-transport-ws. The protocol is graphql-ws';
 * ours are the transport, its limits, and the sending of events.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function openSocketServer(deps: SocketServerDeps, options: SocketServerOptions): Closeable {
  const { server, guard, access, clock, logger } = deps;
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.messageBytesMax,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const extras = new Map<WebSocket, Extra>();
  const protocol = makeServer(protocolOptions(deps, options));

  function onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refused = guard.wrongHost(request.headers) ?? guard.foreignSite(request.headers);
    const path = request.url?.split('?', 1)[0];
    if (refused !== undefined) refuseUpgrade(stream, 403, refused);
    else if (path !== '/graphql') refuseUpgrade(stream, 404, 'The graph is at /graphql.');
    else if (sockets.clients.size >= options.connectionsMax) {
      refuseUpgrade(stream, 503, 'All connections are taken (CONNECTIONS_MAX).');
    } else sockets.handleUpgrade(request, stream, head, (socket) => onConnected(socket, request));
  }

  function onConnected(socket: WebSocket, { headers, socket: { remoteAddress } }: IncomingMessage): void {
    const extra: Extra = { socket, headers, address: remoteAddress };
    extras.set(socket, extra);
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on('message', (data) => {
            handle(String(data)).catch((error: unknown) => {
              logger.error({ err: error }, 'message on a socket failed');
              socket.close(4500, 'Internal server error');
            });
          });
        },
      },
      extra,
    );
    const stopPings = keepAlive(socket, options.pingIntervalMs);
    socket.on('error', (error) => logger.debug({ problem: messageOf(error) }, 'socket failed'));
    socket.once('close', (code, reason) => {
      stopPings();
      extras.delete(socket);
      void closed(code, String(reason));
    });
  }

  /** Ends what holders of keys follow that are gone, or open something else now: they may come back with what they have. */
  function closeOutdated(): void {
    for (const { socket, caller } of extras.values())
      if (caller && !access.isCurrent(caller)) socket.close(FORBIDDEN, 'Forbidden');
  }

  server.on('upgrade', onUpgrade);
  access.onChange(closeOutdated);
  return {
    async close() {
      server.off('upgrade', onUpgrade);
      const closed = new Promise((resolve) => sockets.close(resolve));
      for (const socket of sockets.clients) socket.close(1001, 'Going away');
      const force = clock.schedule(FAREWELL_MS, () => {
        for (const socket of sockets.clients) socket.terminate();
      });
      await closed;
      force.close();
    },
  };
}

function protocolOptions(
  deps: SocketServerDeps,
  options: SocketServerOptions,
): ServerOptions<ConnectionParams, Extra> {
  const { snapshot, prepare, limits, executor, access, clock, streams, logger } = deps;

  return {
    connectionInitWaitTimeout: options.initTimeoutMs,

    onConnect({ connectionParams = {}, extra }) {
      const given = authorizationIn(connectionParams) ?? extra.headers.authorization;
      const caller = access.callerOf(given);
      if (!caller) {
        access.noteRefusal(given, extra.address);
        return false;
      }
      extra.caller = caller;
      return true;
    },

    onSubscribe({ subscriptions, extra }, id, request) {
      const { caller } = extra;
      // A socket that was told to close still hands on what its other end sends until that agrees.
      if (!caller || !access.isCurrent(caller)) return [codedError('UNAUTHENTICATED', 'The key is gone.')];
      if (Object.keys(subscriptions).length > options.operationsPerConnectionMax) {
        const message = `A connection runs ${options.operationsPerConnectionMax} operations at once.`;
        return [codedError('RATE_LIMITED', message)];
      }
      const current = snapshot();
      if (!current) return [codedError('DATASOURCE_UNAVAILABLE', 'The graph is not ready yet.')];
      const prepared = prepare(current, request);
      const refused =
        'errors' in prepared
          ? prepared
          : (admit(prepared, request.variables, limits) ?? permit(prepared, request.variables, caller.role));
      if (refused) return refused.errors;
      const context: OperationContext = { id, socket: extra.socket, prepared: prepared as PreparedOperation };
      return {
        schema: current.schema,
        document: context.prepared.document,
        operationName: request.operationName,
        variableValues: request.variables,
        contextValue: context,
      };
    },

    subscribe({ contextValue, variableValues }: ExecutionArgs) {
      const { id, socket, prepared } = contextValue as OperationContext;
      const subscriber = new SocketSubscriber(socket, id, options);
      try {
        const subscription = streams.follow(prepared, variableValues, subscriber);
        return subscriber.until(() => void subscription.close());
      } catch (error) {
        return { errors: [publicError(error, logger)] } as never;
      }
    },

    execute({ contextValue, variableValues }: ExecutionArgs) {
      const { prepared } = contextValue as OperationContext;
      const abort = new AbortController();
      const timer = clock.schedule(options.requestTimeoutMs, () => abort.abort());
      // As an iterator, so that graphql-ws says when the client no longer wants the answer.
      const results = new PushIterator<never>({ onReturn: () => abort.abort() });
      void executor.execute(prepared, variableValues ?? {}, abort.signal).then((result) => {
        timer.close();
        results.push(result as never);
        results.end();
      });
      return results;
    },

    // Ours are fit to be sent as they are; graphql-ws would look for errors of graphql's own class.
    onNext: (_context, _id, _request, _args, result) => result as FormattedExecutionResult,
    onError: (_context, _id, _request, errors) =>
      errors.flatMap((error) =>
        error.originalError instanceof StreamEndedError
          ? error.originalError.errors
          : [publicError(error, logger)],
      ),
  };
}

function authorizationIn(params: ConnectionParams): unknown {
  return Object.entries(params).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Pings the reader; one that has not answered by the next ping is taken for gone. */
function keepAlive(socket: WebSocket, intervalMs: number): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const interval = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
    return undefined;
  }, intervalMs);
  return () => clearInterval(interval);
}

function refuseUpgrade(stream: Duplex, status: number, message: string): void {
  const body = JSON.stringify({ errors: [new GraphQLError(message)] });
  stream.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'connection: close',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
