import { request as httpRequest } from 'node:http';
import { buildSchema } from 'graphql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { createTestSubgraph, type TestSubgraph } from '../../test/support/subgraph.ts';
import { silentLogger } from '../logger.ts';
import { Scope } from '../scope.ts';
import { gatewayTokenOf } from './service-tokens.ts';
import { openSubgraphServer, type SubgraphServer } from './subgraph-server.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const TOKEN = 'a-token-for-services';
const asService = { authorization: `Bearer ${TOKEN}` };
const asGateway = { authorization: `Bearer ${gatewayTokenOf(TOKEN)}` };

let scope: Scope;
let subgraph: TestSubgraph;
let server: SubgraphServer;

beforeEach(async () => {
  scope = new Scope();
  subgraph = createTestSubgraph();
  server = scope.use(
    await openSubgraphServer(
      { schema: () => subgraph.schema, logger: silentLogger },
      { service: 'endpoint', serviceToken: TOKEN, bodyBytesMax: 10_000 },
    ),
  );
});
afterEach(() => scope.close());

interface Answer {
  readonly status: number;
  readonly body: { data?: unknown; errors?: { message: string; extensions: { code: string } }[] };
}

/** As a gateway, where nothing else is said. */
async function post(body: unknown, headers: Record<string, string> = asGateway): Promise<Answer> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

interface Talk {
  readonly closed: number | undefined;
  readonly messages: { type: string; payload?: { errors?: { extensions: { code: string } }[] } }[];
}

/** Sends a greeting and a subscription over a WebSocket. @returns What came until the subscription or the socket ended. */
async function talk(greeting: unknown, query: string): Promise<Talk> {
  const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
  scope.defer(() => socket.terminate());
  const messages: Talk['messages'] = [];
  let closed: number | undefined;
  socket.on('error', () => {});
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)));
    if (messages.at(-1)?.type !== 'connection_ack') return;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ type: 'connection_init', payload: greeting }));
  const isOver = () => closed !== undefined || ['complete', 'error'].includes(messages.at(-1)?.type ?? '');
  await expect.poll(isOver, DEADLINE).toBe(true);
  return { closed, messages };
}

const codes = ({ body }: Answer) => body.errors?.map((error) => error.extensions.code);

describe('The server of a subgraph', () => {
  it('listens on loopback, on a port of its own, and says so', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/graphql$/);
    const health = await fetch(new URL('/healthz', server.url));
    expect(health.status).toBe(200);
    await health.body?.cancel();
  });

  it('says in a line that its port is taken, or its host elsewhere, and prints nothing', async () => {
    const printed = vi.spyOn(console, 'error');
    scope.defer(() => printed.mockRestore());
    const port = Number(new URL(server.url).port);
    const open = (address: { host?: string; port?: number }) =>
      openSubgraphServer(
        { schema: () => subgraph.schema, logger: silentLogger },
        { service: 'endpoint', serviceToken: TOKEN, ...address },
      );
    await expect(open({ port })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `PORT: ${port} is in use on 127.0.0.1: stop what listens there, or set another PORT`,
    });
    // Of the addresses that are kept for examples.
    await expect(open({ host: '203.0.113.250' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'HOST: 203.0.113.250 is not an address of this machine',
    });
    expect(printed).not.toHaveBeenCalled();
  });

  it('answers queries with variables and operation names', async () => {
    const query = 'query A($text: String!) { echo(text: $text) } query B { open }';
    expect((await post({ query, variables: { text: 'hé' }, operationName: 'A' }, asService)).body).toEqual({
      data: { echo: 'hé' },
    });
    expect((await post({ query, operationName: 'B' })).body).toEqual({ data: { open: 'open' } });
  });

  const STRANGERS: [string, Record<string, string>][] = [
    ['no token', {}],
    ['another token', { authorization: 'Bearer another-token-altogether' }],
    ['a token of the same length', { authorization: `Bearer ${TOKEN.replace('a', 'b')}` }],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['the gateway’s token of another platform', { authorization: `Bearer ${gatewayTokenOf('another')}` }],
  ];

  it.each(STRANGERS)('answers nobody with %s, whatever they ask', async (_what, headers) => {
    for (const query of [
      '{ open }',
      '{ stale }',
      '{ _service { sdl } }',
      '{ __typename }',
      '{ nothing }',
      '{',
    ]) {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      });
      expect([query, response.status]).toEqual([query, 401]);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      const { data, errors } = (await response.json()) as Answer['body'];
      expect([data, errors?.map(({ extensions }) => extensions.code)]).toEqual([
        undefined,
        ['UNAUTHENTICATED'],
      ]);
    }
  });

  it.each(STRANGERS)('closes the socket of who has %s, and begins nothing', async (_what, headers) => {
    expect(await talk(headers, 'subscription { events }')).toEqual({ closed: 4403, messages: [] });
    expect(subgraph.subscribers.size).toBe(0);
  });

  it('says to all who ask that it lives', async () => {
    for (const path of ['/healthz', '/readyz'])
      expect((await fetch(new URL(path, server.url))).status).toBe(200);
  });

  it('lets gateways do what apps may, and nothing else', async () => {
    expect((await post({ query: '{ open }' }, asGateway)).body).toEqual({ data: { open: 'open' } });
    expect((await post({ query: '{ _service { sdl } }' }, asGateway)).body.errors).toBeUndefined();
    const inner = await post({ query: '{ stale }' }, asGateway);
    expect([inner.status, codes(inner)]).toEqual([200, ['UNAUTHENTICATED']]);
    const { messages } = await talk(asGateway, 'subscription { events }');
    expect(messages.map(({ type }) => type)).toEqual(['connection_ack', 'next', 'complete']);
    expect(messages[1]?.payload?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(subgraph.subscribers.size).toBe(0);
  });

  it('shows its metrics to services only where others can reach it', async () => {
    const open = scope.use(
      await openSubgraphServer(
        { schema: () => subgraph.schema, logger: silentLogger },
        { service: 'endpoint', serviceToken: TOKEN, host: '0.0.0.0' },
      ),
    );
    const url = new URL('/metrics', open.url.replace('0.0.0.0', '127.0.0.1'));
    const statusFor = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
    expect([await statusFor({}), await statusFor(asGateway), await statusFor(asService)]).toEqual([
      401, 401, 200,
    ]);
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
    const answer = await post(body, { ...asGateway, 'content-type': type });
    expect(answer.status).toBe(status);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('takes a new schema for the next operation, also where the document was known', async () => {
    let schema = subgraph.schema;
    const swapping = scope.use(
      await openSubgraphServer(
        { schema: () => schema, logger: silentLogger },
        { service: 'endpoint', serviceToken: TOKEN },
      ),
    );
    const ask = async () => {
      const body = JSON.stringify({ query: '{ fresh: open }' });
      const response = await fetch(swapping.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...asGateway },
        body,
      });
      return ((await response.json()) as Answer['body']).errors?.[0]?.message ?? 'fine';
    };
    expect(await ask()).toBe('fine');
    schema = buildSchema('type Query { other: Int }');
    expect(await ask()).toBe('Cannot query field "open" on type "Query".');
  });

  it('looks once whether there is a newer schema before it refuses an operation', async () => {
    let schema = buildSchema('type Query { other: Int }');
    let refreshes = 0;
    const refresh = async () => {
      refreshes++;
      schema = subgraph.schema;
    };
    const deps = { schema: () => schema, refresh, logger: silentLogger };
    server = scope.use(await openSubgraphServer(deps, { service: 'endpoint', serviceToken: TOKEN }));
    expect((await post({ query: '{ open }' })).body).toEqual({ data: { open: 'open' } });
    expect(codes(await post({ query: '{ unknown }' }))).toEqual(['BAD_USER_INPUT']);
    expect(refreshes).toBe(2);
  });

  it('counts what it answers, and how that ended', async () => {
    await post({ query: '{ open }' });
    await post({ query: '{ stale }' }, asService);
    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    expect(metrics).toContain('duration_seconds_count{service="endpoint",kind="query",outcome="ok"} 1');
    expect(metrics).toContain('duration_seconds_count{service="endpoint",kind="query",outcome="error"} 1');
  });

  it('is not ready while what it needs is not, nor once it is to stop, and answers all the same', async () => {
    let isReady = false;
    const deps = { schema: () => subgraph.schema, isReady: () => isReady, logger: silentLogger };
    server = scope.use(await openSubgraphServer(deps, { service: 'endpoint', serviceToken: TOKEN }));
    const status = async () => (await fetch(new URL('/readyz', server.url))).status;
    expect(await status()).toBe(503);
    isReady = true;
    expect(await status()).toBe(200);
    server.drain();
    expect(await status()).toBe(503);
    expect((await post({ query: '{ open }' })).status).toBe(200);
  });
});

describe('Closing the server of a subgraph', () => {
  it('lets requests that run finish', async () => {
    const running = post({ query: '{ slow }' }, asService);
    await expect.poll(() => subgraph.waiting(), DEADLINE).toBe(1);
    const closed = server.close();
    await expect(post({ query: '{ open }' })).rejects.toThrow();
    subgraph.release();
    expect((await running).body).toEqual({ data: { slow: 'at last' } });
    await closed;
  });

  it('cuts requests that run for too long, and closes twice', async () => {
    const deps = { schema: () => subgraph.schema, logger: silentLogger };
    const options = { service: 'endpoint', serviceToken: TOKEN, drainMs: 20 } as const;
    server = scope.use(await openSubgraphServer(deps, options));
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
