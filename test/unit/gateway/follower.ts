import type { GraphQLFormattedError } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { vi } from 'vitest';
import WebSocket from 'ws';
import type { FakeEvent } from './fake-collection.ts';

export interface Result {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLFormattedError[];
}

/** A subscriber with graphql-ws' client, which writes down what it is told. */
export class Follower {
  readonly results: Result[] = [];
  failure: unknown;
  isComplete = false;
  readonly client: Client;
  readonly leave: () => void;

  /** @param client One of its own where none is given. */
  constructor(url: string, query: string, variables: Record<string, unknown> = {}, client?: Client) {
    this.client = client ?? connect(url);
    this.leave = this.client.subscribe<Record<string, unknown>>(
      { query, variables },
      {
        next: (result) => this.results.push(result as Result),
        error: (error) => {
          this.failure = error;
        },
        complete: () => {
          this.isComplete = true;
        },
      },
    );
  }

  /** Codes of the errors that ended it. */
  get failureCodes(): unknown {
    return Array.isArray(this.failure) ? this.failure.map(({ extensions }) => extensions.code) : this.failure;
  }

  get isOver(): boolean {
    return this.isComplete || this.failure !== undefined;
  }

  count(count: number): Promise<void> {
    return until(() => this.results.length >= count);
  }
}

export function connect(url: string): Client {
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
}

export function until(condition: () => unknown): Promise<void> {
  return vi.waitUntil(condition, { timeout: 20_000, interval: 2 }).then(() => {});
}

/** What a follower of `booksChanged` knows: entries by id, by the events it got. */
export function booksKnownTo(results: readonly Result[]): {
  titles: Record<string, string>;
  cursor?: string;
} {
  const titles: Record<string, string> = {};
  let cursor: string | undefined;
  for (const { data } of results) {
    const event = data?.booksChanged as FakeEvent | undefined;
    if (!event) continue;
    cursor = event.cursor;
    if (event.__typename === 'BookCursorExpired') for (const id of Object.keys(titles)) delete titles[id];
    if (event.__typename === 'BookSnapshot') for (const { id, title } of event.entries) titles[id] = title;
    if (event.__typename === 'BookDelta') {
      for (const { id, title } of event.upserted) titles[id] = title;
      for (const id of event.removed) delete titles[id];
    }
  }
  return cursor === undefined ? { titles } : { titles, cursor };
}

export const BOOKS = `subscription Books($after: String, $snapshot: Boolean) {
  booksChanged(after: $after, snapshot: $snapshot) {
    __typename
    ... on BookSnapshot { cursor complete entries { id title } }
    ... on BookDelta { cursor upserted { id title } removed }
    ... on BookCursorExpired { cursor }
  }
}`;
