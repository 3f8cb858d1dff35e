import { request as httpRequest } from 'node:http';
import { buildSchema } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createTestSubgraph, type TestSubgraph } from '../../test/support/subgraph.ts';
import { silentLogger } from '../logger.ts';
import { Scope } from '../scope.ts';
import { openSubgraphServer, type SubgraphServer } from './subgraph-server.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const TOKEN = 'a-token-for-services';

let scope: Scope;
let subgraph: TestSubgraph;
let server: SubgraphServer;

beforeEach(async () => {
  scope = new Scope();
  subgraph = createTestSubgraph();
  server = scope.use(
    await openSubgraphServer(
      { schema: () => subgraph.schema, logger: silentLogger },
      { serviceToken: TOKEN, bodyBytesMax: 10_000 },
    ),
  );
});
afterEach(() => scope.close());

interface Answer {
  readonly status: number;
  readonly body: { data?: unknown; errors?: { message: string; extensions: { code: string } }[] };
}

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const asService = { authorization: `Bearer ${TOKEN}` };
const codes = ({ body }: Answer) => body.errors?.map((error) => error.extensions.code);

describe('The server of a subgraph', () => {
  it('listens on loopback, on a port of its own, and says so', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/graphql$/);
    const health = await fetch(new URL('/healthz', server.url));
    expect(health.status).toBe(200);
    await health.body?.cancel();
  });

  it('answers queries with variables and operation names', async () => {
    const query = 'query A($text: String!) { echo(text: $text) } query B { open }';
    expect((await post({ query, variables: { text: 'hé' }, operationName: 'A' }, asService)).body).toEqual({
      data: { echo: 'hé' },
    });
    expect((await post({ query, operationName: 'B' })).body).toEqual({ data: { open: 'open' } });
  });

  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer another-token-altogether' }],
    ['a token of the same length', { authorization: `Bearer ${TOKEN.replace('a', 'b')}` }],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('refuses inner operations with %s', async (_what, headers) => {
    const answer = await post({ query: '{ stale }' }, headers as Record<string, string>);
    expect(codes(answer)).toEqual(['UNAUTHENTICATED']);
  });

  it('tells our errors by their code and masks all others', async () => {
    expect(codes(await post({ query: '{ stale }' }, asService))).toEqual(['STALE_TOKEN']);
    const broken = await post({ query: '{ broken }' }, asService);
    expect(codes(broken)).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(JSON.stringify(broken)).not.toContain('secret');
  });

  it.each([
    ['a document that is none', '{ open', 200],
    ['a field that does not exist', '{ nothing }', 200],
    ['a subscription', 'subscription { events }', 400],
    ['no query at all', undefined, 400],
  ])('refuses %s as bad input', async (_what, query, status) => {
    const answer = await post({ query });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.status).toBe(status);
  });

  it.each([
    ['is no JSON', '{"query":', 'application/json', 400],
    ['is too large', JSON.stringify({ query: `# ${'x'.repeat(20_000)}` }), 'application/json', 413],
    ['is of another type', 'query=x', 'application/x-www-form-urlencoded', 415],
  ])('refuses a body that %s, in GraphQL’s shape', async (_what, body, type, status) => {
    const answer = await post(body, { 'content-type': type });
    expect(answer.status).toBe(status);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('takes a new schema for the next operation, also where the document was known', async () => {
    let schema = subgraph.schema;
    const swapping = scope.use(
      await openSubgraphServer({ schema: () => schema, logger: silentLogger }, { serviceToken: TOKEN }),
    );
    const ask = async () => {
      const body = JSON.stringify({ query: '{ fresh: open }' });
      const response = await fetch(swapping.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return ((await response.json()) as Answer['body']).errors?.[0]?.message ?? 'fine';
    };
    expect(await ask()).toBe('fine');
    schema = buildSchema('type Query { other: Int }');
    expect(await ask()).toBe('Cannot query field "open" on type "Query".');
  });
});

describe('Closing the server of a subgraph', () => {
  it('cuts requests that run, and closes twice', async () => {
    const running = post({ query: '{ slow }' }, asService);
    const failed = expect(running).rejects.toThrow();
    await expect.poll(() => subgraph.waiting(), DEADLINE).toBe(1);
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await failed;
    await expect(post({ query: '{ open }' })).rejects.toThrow();
  });

  it('is not held up by a client that keeps its connection, nor by one that does not say goodbye', async () => {
    const keeping = httpRequest(server.url, { method: 'POST', headers: { 'content-length': '100' } });
    keeping.on('error', () => {});
    keeping.flushHeaders();
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    // Reads nothing any more, so it never learns that it should close.
    socket.pause();
    await server.close();
    socket.terminate();
    keeping.destroy();
    // ws alone would wait for half a minute.
  }, 20_000);

  it('ends subscriptions, and lets go of what is behind them', async () => {
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
    socket.on('message', (data: Buffer) => {
      if (!data.toString().includes('connection_ack')) return;
      const payload = { query: 'subscription { events }' };
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
    });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ type: 'connection_init', payload: asService }));
    await expect.poll(() => subgraph.subscribers.size, DEADLINE).toBe(1);
    await server.close();
    expect(await closed).toBe(1001);
    await expect.poll(() => subgraph.subscribers.size, DEADLINE).toBe(0);
  });
});
