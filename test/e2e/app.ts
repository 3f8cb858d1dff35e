import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** How long a story waits for something that must happen, in milliseconds: the machines are small and busy. */
const DEADLINE_MS = 30_000;

export interface GraphQLAnswer<T = Record<string, unknown>> {
  readonly data?: T | null;
  readonly errors?: readonly {
    message: string;
    path?: readonly (string | number)[];
    extensions?: { code?: string };
  }[];
}

export interface EventLog<T> {
  readonly events: readonly T[];
  /** Called at each event from now on, as it arrives. */
  onEvent(listener: (event: T) => void): void;
  /** Resolves once the subscription has ended, with `complete` or its errors. */
  readonly ended: Promise<unknown>;
  /** Waits until an event fits, and returns the first that does. */
  next(fits: (event: T) => boolean): Promise<T>;
  close(): void;
}

/** The graph as an app uses it. */
export class App {
  readonly #url: () => string;
  readonly #headers: Readonly<Record<string, string>>;
  #clients: Client[] = [];

  /** @param url Of a gateway: `http://127.0.0.1:4000`. Asked for at each request. */
  constructor(url: () => string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Sends a request as an app would; top-level errors are part of the answer. */
  async send<T = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<GraphQLAnswer<T>> {
    const response = await fetch(`${this.#url()}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...this.#headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphQLAnswer<T>;
  }

  /** @returns `data`; throws where the answer has errors. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape its query asks for.
  async query<T = any>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const { data, errors } = await this.send<T>(query, variables);
    if (errors || !data) throw new Error(`Errors in the answer: ${JSON.stringify(errors)}`);
    return data;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  subscribe<T = any>(query: string, variables: Record<string, unknown> = {}): EventLog<T> {
    const client = createClient({
      url: `${this.#url().replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: this.#headers,
      retryAttempts: 0,
    });
    this.#clients.push(client);
    const events: T[] = [];
    const listeners: ((event: T) => void)[] = [];
    let end: (reason: unknown) => void = () => {};
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    client.subscribe<T>(
      { query, variables },
      {
        next: (result) => {
          if (result.errors) end(result.errors);
          else {
            events.push(result.data as T);
            for (const listener of listeners) listener(result.data as T);
          }
        },
        error: (error) => end(error),
        complete: () => end('complete'),
      },
    );
    return {
      events,
      ended,
      onEvent: (listener) => void listeners.push(listener),
      next: (fits) =>
        until(
          'an event that fits',
          () => events.find(fits),
          () => events,
        ),
      close: () => void client.dispose(),
    };
  }

  /** Closes all subscriptions. */
  disconnect(): void {
    for (const client of this.#clients.splice(0)) void client.dispose();
  }
}

/**
 * Waits until `look` finds something.
 *
 * @throws {Error} After the deadline, with what was last seen.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  lastSeen: () => unknown = () => undefined,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > giveUpAt) {
      throw new Error(`Waited ${deadlineMs} ms for ${what}; last seen: ${JSON.stringify(lastSeen())}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
