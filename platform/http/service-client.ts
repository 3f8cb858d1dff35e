import { type Client, createClient } from 'graphql-ws';
import { Agent, request } from 'undici';
import WebSocket from 'ws';
import { type ErrorCode, messageOf, TributaryError, UnavailableError } from '../errors.ts';
import type { Registry, ServiceName } from '../ports/registry.ts';
import type { Closeable } from '../scope.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default 10_000 */
  readonly timeoutMs?: number;
}

/** Calls the inner operations of another service. */
export interface ServiceClient extends Closeable {
  /**
   * @returns `data` of the answer.
   * @throws {TributaryError} With the service's own code; {UnavailableError} (retryable) where it does not answer.
   */
  request<T>(document: string, variables?: Record<string, unknown>, options?: RequestOptions): Promise<T>;
  /**
   * Follows a subscription, connecting again for as long as it is open. `onGap` is called at each connect,
   * the first included: what happened before is for the caller to read up.
   */
  subscribe<T>(document: string, variables: Record<string, unknown>, on: SubscribeHandlers<T>): Closeable;
}

export interface SubscribeHandlers<T> {
  readonly onEvent: (data: T) => void;
  readonly onGap: () => void;
}

/** Pause before connecting again, doubled each time up to the maximum. */
const RECONNECT_MS = 100;
const RECONNECT_MS_MAX = 5_000;

export function openServiceClient(
  { registry }: { registry: Registry },
  service: ServiceName,
  serviceToken: string,
): ServiceClient {
  const agent = new Agent({ connections: 32, keepAliveTimeout: 60_000 });
  const authorization = `Bearer ${serviceToken}`;
  const subscriptions = new Set<Closeable>();
  let next = 0;

  function url(): string {
    const instances = registry.instances(service);
    const instance = instances[next++ % Math.max(1, instances.length)];
    if (!instance) throw new UnavailableError(`No healthy instance of ${service} is registered.`);
    return instance.url;
  }

  return {
    async request<T>(
      document: string,
      variables: Record<string, unknown> = {},
      options: RequestOptions = {},
    ) {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      let body: GraphQLAnswer;
      try {
        const response = await request(url(), {
          method: 'POST',
          dispatcher: agent,
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify({ query: document, variables }),
          signal,
        });
        body = (await response.body.json()) as GraphQLAnswer;
      } catch (error) {
        options.signal?.throwIfAborted();
        throw error instanceof TributaryError
          ? error
          : new UnavailableError(`${service} does not answer: ${messageOf(error)}`, error);
      }
      const [first] = body.errors ?? [];
      if (first) throw answeredError(first);
      return body.data as T;
    },

    subscribe<T>(document: string, variables: Record<string, unknown>, on: SubscribeHandlers<T>): Closeable {
      let isClosed = false;
      const client: Client = createClient({
        url: () => url().replace(/^http/, 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        keepAlive: 10_000,
        retryAttempts: Number.POSITIVE_INFINITY,
        shouldRetry: () => !isClosed,
        retryWait: (retries) => pause(Math.min(RECONNECT_MS * 2 ** retries, RECONNECT_MS_MAX)),
        on: { connected: () => on.onGap() },
      });
      const handle = {
        close() {
          isClosed = true;
          subscriptions.delete(handle);
          void client.dispose();
        },
      };
      subscriptions.add(handle);
      client.subscribe<T>(
        { query: document, variables },
        { next: (result) => result.data && on.onEvent(result.data), error: () => {}, complete: () => {} },
      );
      return handle;
    },

    async close() {
      for (const subscription of [...subscriptions]) await subscription.close();
      await agent.destroy();
    },
  };
}

interface GraphQLAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions?: { code?: string } }[];
}

function answeredError(error: { message: string; extensions?: { code?: string } }): TributaryError {
  const code = (error.extensions?.code ?? 'INTERNAL_SERVER_ERROR') as ErrorCode;
  const retryable = code === 'INTERNAL_SERVER_ERROR' || code === 'DATASOURCE_UNAVAILABLE';
  return new TributaryError(code, error.message, { retryable });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
