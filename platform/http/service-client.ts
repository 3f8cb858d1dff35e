import { Agent, request } from 'undici';
import { abortable } from '../abortable.ts';
import { ClosedError, type ErrorCode, messageOf, TributaryError, UnavailableError } from '../errors.ts';
import { linkAbort } from '../linked-abort.ts';
import { createLogger, type Logger } from '../logger.ts';
import type { Registry, ServiceName } from '../ports/registry.ts';
import type { Closeable } from '../scope.ts';
import { followSubscription, type SubscribeHandlers } from './subscription-follower.ts';

export type { SubscribeHandlers } from './subscription-follower.ts';

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

/** Connections to one address: more requests than that at once wait for each other. */
const CONNECTIONS_MAX = 32;
/** Shorter than what the services' servers keep idle connections, so that we are the first to close. */
const KEEP_ALIVE_MS = 60_000;

export function openServiceClient(
  { registry, logger = createLogger('service-client', 'warn') }: { registry: Registry; logger?: Logger },
  service: ServiceName,
  serviceToken: string,
): ServiceClient {
  const openAgent = () => new Agent({ connections: CONNECTIONS_MAX, keepAliveTimeout: KEEP_ALIVE_MS });
  let agent = openAgent();
  /** That one, and former ones on which something still waits for its answer. */
  const agents = new Set([agent]);
  const authorization = `Bearer ${serviceToken}`;
  const subscriptions = new Set<Closeable>();
  let next = 0;
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw new ClosedError(`The client of ${service}`);
  }

  function url(): string {
    const instances = registry.instances(service);
    const instance = instances[next++ % Math.max(1, instances.length)];
    if (!instance) throw new UnavailableError(`No healthy instance of ${service} is registered.`);
    return instance.url;
  }

  /**
   * Connects anew from now on. Where one connection leads nowhere the others most probably do, too, and would each be
   * found out by a request of its own; by name one may meet another replica, be it under the same URL.
   */
  function leave(former: Agent): void {
    if (former !== agent || isClosed) return;
    agent = openAgent();
    agents.add(agent);
    const left = () => void agents.delete(former);
    former.close().then(left, left);
  }

  return {
    async request<T>(
      document: string,
      variables: Record<string, unknown> = {},
      options: RequestOptions = {},
    ) {
      assertOpen();
      const timeoutMs = options.timeoutMs ?? 10_000;
      const { controller, signal, unlink } = linkAbort(options.signal);
      const timer = setTimeout(
        () => controller.abort(new Error(`no answer in ${Math.round(timeoutMs)} ms`)),
        timeoutMs,
      );
      const dispatcher = agent;
      let body: GraphQLAnswer;
      let status: number;
      try {
        const asked = request(url(), {
          method: 'POST',
          dispatcher,
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify({ query: document, variables }),
          signal,
        });
        const response = await abortable(asked, signal);
        status = response.statusCode;
        body = (await response.body.json()) as GraphQLAnswer;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof TributaryError) throw error;
        leave(dispatcher);
        throw new UnavailableError(`${service} does not answer: ${messageOf(error)}`, error);
      } finally {
        clearTimeout(timer);
        unlink();
      }
      const [first] = body.errors ?? [];
      if (first) throw answeredError(first);
      if (!body.data) {
        const message = `${service} answered ${status} without data.`;
        throw new TributaryError('INTERNAL_SERVER_ERROR', message, { retryable: status >= 500 });
      }
      return body.data as T;
    },

    subscribe<T>(document: string, variables: Record<string, unknown>, on: SubscribeHandlers<T>): Closeable {
      assertOpen();
      const following = followSubscription<T>(
        { url, authorization, logger: logger.child({ peer: service }) },
        { query: document, variables },
        on,
      );
      const handle = {
        close() {
          subscriptions.delete(handle);
          return following.close();
        },
      };
      subscriptions.add(handle);
      return handle;
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const subscription of [...subscriptions]) await subscription.close();
      await Promise.all([...agents].map((one) => one.destroy()));
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
