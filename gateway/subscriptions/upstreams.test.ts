import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { MemoryRegistry } from '../../platform/adapters/memory-registry.ts';
import { Scope } from '../../platform/scope.ts';
import { openUpstreams } from './upstreams.ts';

const AUTHORIZATION = 'Bearer a token of gateways only';

let scope: Scope;
beforeEach(() => {
  scope = new Scope();
});
afterEach(() => scope.close());

/** @returns What a subscription in the subgraph at `url` hears of its loss. */
async function lossAt(url: string): Promise<string> {
  const registry = new MemoryRegistry([{ id: 'endpoint-1', service: 'endpoint', url }]);
  const upstreams = scope.use(
    openUpstreams({ registry }, { authorization: AUTHORIZATION, pingIntervalMs: 10_000 }),
  );
  return new Promise((resolve, reject) => {
    upstreams.subscribe(
      'endpoint',
      { query: 'subscription { booksChanged { cursor } }', variables: {} },
      {
        onEvent: reject,
        onErrors: reject,
        onComplete: () => reject(new Error('it completed')),
        onLost: resolve,
      },
    );
  });
}

async function listening(answer: 'close' | 'refuse'): Promise<string> {
  const server = createServer();
  scope.use({ close: () => void server.close() });
  if (answer === 'refuse')
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 503 Busy\r\n\r\n'));
  else
    new WebSocketServer({ server }).on('connection', (socket) =>
      socket.on('message', () => socket.close(4400, 'not now')),
    );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

it.each(['close', 'refuse'] as const)(
  'says in a line why a connection is lost (%s), and nothing else',
  async (how) => {
    const reason = await lossAt(await listening(how));
    expect(reason).toBe(how === 'close' ? 'closed with 4400: not now' : 'Unexpected server response: 503');
  },
);

it('says why there was none', async () => {
  const url = await listening('close');
  await scope.close();
  scope = new Scope();
  expect(await lossAt(url)).toContain('ECONNREFUSED');
});
