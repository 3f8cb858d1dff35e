import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { type DocumentNode, Kind } from 'graphql';
import { createClient } from 'graphql-ws';
import { createKeyWatch, type KeyWanted } from './key-wanted.ts';
import { selectedOperation } from './selected-operation.ts';

/** How often an open socket is asked whether it still lives, in milliseconds: well below proxies' idle limits. */
const KEEP_ALIVE_MS = 10_000;
/** The gateway closes the socket so where the key is not good: the same one is no better at the next try. */
const FORBIDDEN = 4403;

export interface PageFetcher {
  /** What GraphiQL runs operations with: queries and mutations by HTTP, subscriptions by WebSocket. */
  readonly fetch: Fetcher;
  /** Sends a query on the page's own behalf, with the headers the user last used. */
  readonly ask: (query: string) => Promise<unknown>;
  readonly keyWanted: KeyWanted;
}

/**
 * Talks to the gateway of the page's own origin. The socket is opened by the first subscription and closed by
 * the last; headers of the editor go with it as connection parameters, names in lower case.
 *
 * @param onMutated Called when a mutation has been answered.
 */
export function createPageFetcher(origin: string, { onMutated }: { onMutated: () => void }): PageFetcher {
  const url = new URL('/graphql', origin);
  let headers: Record<string, string> = {};
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const keyWatch = createKeyWatch();
  const run = createGraphiQLFetcher({
    url: url.href,
    // The gateway answers an operation at once and whole; @defer and @stream are not part of it.
    enableIncrementalDelivery: false,
    wsClient: createClient({
      url: socketUrl.href,
      lazy: true,
      keepAlive: KEEP_ALIVE_MS,
      connectionParams: () => headers,
      shouldRetry: (reason) => isClose(reason) && reason.code !== FORBIDDEN,
      on: {
        closed: (reason) => {
          if (isClose(reason) && reason.code === FORBIDDEN) keyWatch.noteRefusal();
        },
      },
    }),
  });
  return {
    async fetch(params, options) {
      headers = lowerCased(options?.headers);
      const query = selectedOperation(params.query, params.operationName);
      const result = await run({ ...params, query }, options);
      keyWatch.note(result);
      if (options?.documentAST && isMutation(options.documentAST, params.operationName)) onMutated();
      return result;
    },
    async ask(query) {
      const result = await run({ query }, { headers });
      keyWatch.note(result);
      return result;
    },
    keyWanted: keyWatch,
  };
}

function isClose(reason: unknown): reason is { readonly code: number } {
  return typeof reason === 'object' && reason !== null && 'code' in reason;
}

function isMutation(document: DocumentNode, operationName: string | null | undefined): boolean {
  return document.definitions.some(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION &&
      node.operation === 'mutation' &&
      (!operationName || node.name?.value === operationName),
  );
}

function lowerCased(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
