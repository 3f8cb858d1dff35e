import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, FormattedExecutionResult } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ErrorCode, messageOf } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { PushIterator } from '../../platform/push-iterator.ts';
import { type Closeable, Scope } from '../../platform/scope.ts';
import type { Caller } from '../access/access.ts';
import { permit } from '../access/required-role.ts';
import { codedError, publicError } from '../execution/errors.ts';
import { admit, type PreparedOperation, type Refused } from '../execution/prepare.ts';
import type { GraphDeps } from '../http/graphql-route.ts';
import type { RequestGuard } from '../http/request-guard.ts';
import type { GatewayServer } from '../http/server.ts';
import { noteRefused } from '../metrics.ts';
import { SocketSubscriber, StreamEndedError } from './socket-subscriber.ts';
import { keepAlive, refuseUpgrade, send } from './socket-transport.ts';
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
  const { server, guard, access, clock, logger, metrics } = deps;
  const { limits } = metrics;
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.messageBytesMax,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const extras = new Map<WebSocket, Extra>();
  const readings = new Scope();
  readings.use(metrics.connections.from(() => sockets.clients.size));
  readings.use(
    metrics.bufferedBytes.from(() => {
      let bytes = 0;
      for (const socket of sockets.clients) bytes += socket.bufferedAmount;
      return bytes;
    }),
  );
  const protocol = makeServer(protocolOptions(deps, options));

  function onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refused = guard.wrongHost(request.headers) ?? guard.foreignSite(request.headers);
    const path = request.url?.split('?', 1)[0];
    if (refused !== undefined) refuse(stream, 403, 'FORBIDDEN', refused);
    else if (path !== '/graphql') refuse(stream, 404, 'NOT_FOUND', 'The graph is at /graphql.');
    else if (sockets.clients.size >= options.connectionsMax) {
      limits.inc({ limit: 'CONNECTIONS_MAX' });
      refuse(stream, 503, 'RATE_LIMITED', 'All connections are taken (CONNECTIONS_MAX).');
    } else sockets.handleUpgrade(request, stream, head, (socket) => onConnected(socket, request));
  }

  function refuse(stream: Duplex, status: number, code: ErrorCode, message: string): void {
    metrics.refusals.inc({ code });
    refuseUpgrade(stream, status, message);
  }

  function onConnected(socket: WebSocket, { headers, socket: { remoteAddress } }: IncomingMessage): void {
    const extra: Extra = { socket, headers, address: remoteAddress };
    extras.set(socket, extra);
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close: (code, reason) => {
          if (code === CloseCode.ConnectionInitialisationTimeout)
            limits.inc({ limit: 'CONNECTION_INIT_TIMEOUT' });
          socket.close(code, reason);
        },
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
    const stopPings = keepAlive(socket, options.pingIntervalMs, () => limits.inc({ limit: 'PING_INTERVAL' }));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') limits.inc({ limit: 'REQUEST_BYTES_MAX' });
      logger.debug({ problem: messageOf(error) }, 'socket failed');
    });
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
      await readings.close();
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
  const { snapshot, prepare, limits, executor, access, clock, streams, logger, metrics } = deps;

  return {
    connectionInitWaitTimeout: options.initTimeoutMs,

    onConnect({ connectionParams = {}, extra }) {
      const given = authorizationIn(connectionParams) ?? extra.headers.authorization;
      const caller = access.callerOf(given);
      if (!caller) {
        access.noteRefusal(given, extra.address);
        metrics.refusals.inc({ code: 'UNAUTHENTICATED' satisfies ErrorCode });
        return false;
      }
      extra.caller = caller;
      return true;
    },

    onSubscribe({ subscriptions, extra }, id, request) {
      const { caller } = extra;
      const refuse = (refused: Refused) => {
        noteRefused(metrics, refused);
        return refused.errors;
      };
      // A socket that was told to close still hands on what its other end sends until that agrees.
      if (!caller || !access.isCurrent(caller))
        return refuse({ errors: [codedError('UNAUTHENTICATED', 'The key is gone.')] });
      if (Object.keys(subscriptions).length > options.operationsPerConnectionMax) {
        const message = `A connection runs ${options.operationsPerConnectionMax} operations at once.`;
        const errors = [codedError('RATE_LIMITED', message)];
        return refuse({ errors, limit: 'SUBSCRIPTIONS_PER_CONNECTION_MAX' });
      }
      const current = snapshot();
      if (!current)
        return refuse({ errors: [codedError('DATASOURCE_UNAVAILABLE', 'The graph is not ready yet.')] });
      const prepared = prepare(current, request);
      const refused =
        'errors' in prepared
          ? prepared
          : (admit(prepared, request.variables, limits) ?? permit(prepared, request.variables, caller.role));
      if (refused) return refuse(refused);
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
      const subscriber = new SocketSubscriber({ socket, limits: metrics.limits }, id, options);
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
      const timer = clock.schedule(options.requestTimeoutMs, () => {
        metrics.limits.inc({ limit: 'REQUEST_TIMEOUT' });
        abort.abort();
      });
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
