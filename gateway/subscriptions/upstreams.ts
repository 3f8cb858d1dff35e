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
  /** The connection is gone, or never came about. Nothing follows; events may have been missed. */
  onLost(reason: unknown): void;
}

export interface Upstreams extends Closeable {
  /** Closing the subscription cancels it in the subgraph at once; nothing is called after that. */
  subscribe(subgraph: string, request: UpstreamRequest, listener: UpstreamListener): Closeable;
}

export interface UpstreamsOptions {
  readonly pingIntervalMs: number;
}

/** How long a connection stays open without a subscription: a page that reloads finds it warm. */
const IDLE_MS = 5_000;

/** A subgraph that accepts a connection and then says nothing is as good as lost. */
const ACKNOWLEDGE_MS = 5_000;

/** Subscribes in the subgraphs; one WebSocket to each instance carries all subscriptions that it serves. */
export function openUpstreams({ registry }: { registry: Registry }, options: UpstreamsOptions): Upstreams {
  const clients = new Map<string, Client>();
  const turns = new Map<string, number>();

  function clientOf(subgraph: string): Client | undefined {
    const instances = registry.instances(subgraph as ServiceName);
    const turn = turns.get(subgraph) ?? 0;
    turns.set(subgraph, turn + 1);
    const instance = instances[turn % Math.max(1, instances.length)];
    if (!instance) return undefined;
    const client = clients.get(instance.url) ?? connectTo(instance.url, options.pingIntervalMs);
    clients.set(instance.url, client);
    return client;
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
        queueMicrotask(() => once(() => listener.onLost(new Error('no instance is registered'))));
        return { close: () => once(() => {}) };
      }
      const cancel = client.subscribe(
        { query: request.query, variables: request.variables },
        {
          next: (event) => {
            if (!isOver) listener.onEvent(event as ExecutionResult);
          },
          error: (error) =>
            once(() => (Array.isArray(error) ? listener.onErrors(error) : listener.onLost(error))),
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
    async close() {
      await Promise.all([...clients.values()].map((client) => client.dispose()));
      clients.clear();
    },
  };
}

/** Never connects again by itself: whoever lost a subscription decides where to go on from. */
function connectTo(url: string, pingIntervalMs: number): Client {
  let pongDue: NodeJS.Timeout | undefined;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
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
  return client;
}
