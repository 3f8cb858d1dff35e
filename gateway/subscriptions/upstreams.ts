import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { Registry, ServiceName } from '../../platform/ports/registry.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { UpstreamRequest } from './operation.ts';

export interface UpstreamListener {
  onEvent(event: ExecutionResult): void;
  /** The subgraph refused or broke the subscription off. Nothing follows. */
  onErrors(errors: readonly GraphQLFormattedError[]): void;
  /** The subgraph has no more to say. Nothing follows. */
  onComplete(): void;
  /**
   * The connection is gone, or never came about. Nothing follows; events may have been missed.
   *
   * @param reason To be logged.
   */
  onLost(reason: string): void;
}

export interface Upstreams extends Closeable {
  /** Closing the subscription cancels it in the subgraph at once; nothing is called after that. */
  subscribe(subgraph: string, request: UpstreamRequest, listener: UpstreamListener): Closeable;
}

export interface UpstreamsOptions {
  /** What the gateway shows to the subgraphs. */
  readonly authorization: string;
  readonly pingIntervalMs: number;
}

/** How long a connection stays open without a subscription: a page that reloads finds it warm. */
const IDLE_MS = 5_000;

/** A subgraph that accepts a connection and then says nothing is as good as lost. */
const ACKNOWLEDGE_MS = 5_000;

const SOCKET_OPTIONS = {
  handshakeTimeout: ACKNOWLEDGE_MS,
  /** How long a connection that we close may take to agree. */
  closeTimeout: 1_000,
  perMessageDeflate: false,
};

/** A client, and the sockets it has open. */
interface Connection {
  readonly client: Client;
  readonly sockets: ReadonlySet<WebSocket>;
}

/** Subscribes in the subgraphs; one WebSocket to each instance carries all subscriptions that it serves. */
export function openUpstreams({ registry }: { registry: Registry }, options: UpstreamsOptions): Upstreams {
  const connections = new Map<string, Connection>();
  const turns = new Map<string, number>();

  function clientOf(subgraph: string): Client | undefined {
    const instances = registry.instances(subgraph as ServiceName);
    const turn = turns.get(subgraph) ?? 0;
    turns.set(subgraph, turn + 1);
    const instance = instances[turn % Math.max(1, instances.length)];
    if (!instance) return undefined;
    const connection = connections.get(instance.url) ?? connectTo(instance.url, options);
    connections.set(instance.url, connection);
    return connection.client;
  }

  return {
    subscribe(subgraph, request, listener) {
      let isOver = false;
      const once = (report: () => void) => {
        if (isOver) return;
        isOver = true;
        report();
      };
      const client = clientOf(subgraph);
      if (!client) {
        queueMicrotask(() => once(() => listener.onLost('no instance is registered')));
        return { close: () => once(() => {}) };
      }
      const cancel = client.subscribe(
        { query: request.query, variables: request.variables },
        {
          next: (event) => {
            if (!isOver) listener.onEvent(event as ExecutionResult);
          },
          error: (error) =>
            once(() => (Array.isArray(error) ? listener.onErrors(error) : listener.onLost(reasonOf(error)))),
          complete: () => once(() => listener.onComplete()),
        },
      );
      return {
        close() {
          if (isOver) return;
          isOver = true;
          cancel();
        },
      };
    },
    close() {
      for (const { client, sockets } of connections.values()) {
        // Rejects where a connection has just been coming about.
        client.dispose()?.catch(() => {});
        for (const socket of sockets) socket.terminate();
      }
      connections.clear();
    },
  };
}

/** Of an event of the socket only what it says: it holds the socket, and with it whatever was sent. */
function reasonOf(lost: unknown): string {
  const { code, reason, message } = lost as { code?: unknown; reason?: unknown; message?: unknown };
  if (typeof code === 'number') return `closed with ${code}${reason ? `: ${reason}` : ''}`;
  return typeof message === 'string' ? message : String(lost);
}

/** Never connects again by itself: whoever lost a subscription decides where to go on from. */
function connectTo(url: string, { authorization, pingIntervalMs }: UpstreamsOptions): Connection {
  const sockets = new Set<WebSocket>();
  let pongDue: NodeJS.Timeout | undefined;

  class UpstreamSocket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, SOCKET_OPTIONS);
      sockets.add(this);
      this.once('close', () => sockets.delete(this));
    }
  }

  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: UpstreamSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
    lazyCloseTimeout: IDLE_MS,
    connectionAckWaitTimeout: ACKNOWLEDGE_MS,
    keepAlive: pingIntervalMs,
    on: {
      ping: (isReceived) => {
        if (!isReceived) pongDue = setTimeout(() => client.terminate(), pingIntervalMs);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(pongDue);
      },
      closed: () => clearTimeout(pongDue),
    },
  });
  return { client, sockets };
}
