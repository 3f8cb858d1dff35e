import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { readMetrics } from '../../support/shown-metrics.ts';
import { FakeGraph } from './fake-graph.ts';
import { BOOKS, connect, Follower } from './follower.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

describe('The gateway tells', () => {
  let graph: FakeGraph;
  afterEach(() => graph.close());

  const shown = async (name: string, labels?: string) => (await readMetrics(graph.url)).value(name, labels);
  const count = async (name: string, labels: string) => shown(`tributary_gateway_${name}_count`, labels);
  const hits = (limit: string) => shown('tributary_limit_hits_total', `limit="${limit}"`);
  const refusals = (code: string) => shown('tributary_gateway_refusals_total', `code="${code}"`);

  it('how its operations end, and what they fetch', async () => {
    graph = await FakeGraph.open();
    await graph.ask('{ source(id: "s1") { name } }');
    await graph.ask('{ broken }');
    await graph.ask('mutation { touchSource(id: "s1") { id } }');
    expect(await count('request_duration_seconds', 'kind="query",outcome="ok"')).toBe(1);
    expect(await count('request_duration_seconds', 'kind="query",outcome="error"')).toBe(1);
    expect(await count('request_duration_seconds', 'kind="mutation",outcome="ok"')).toBe(1);
    const fetches = (outcome: string) =>
      count('fetch_duration_seconds', `subgraph="configuration",outcome="${outcome}"`);
    expect([await fetches('ok'), await fetches('error')]).toEqual([2, 1]);
    await graph.crash('configuration');
    await graph.ask('{ source(id: "s1") { name } }');
    expect(await fetches('unavailable')).toBe(1);
    expect(await shown('tributary_gateway_retried_fetches_total', 'subgraph="configuration"')).toBe(1);
    expect(await shown('tributary_composition_duration_seconds_count')).toBe(1);
  });

  it('what it refuses, and for which bound', async () => {
    graph = await FakeGraph.open({
      QUERY_DEPTH_MAX: '3',
      QUERY_COST_MAX: '50',
      QUERY_TOKENS_MAX: '100',
      REQUEST_BYTES_MAX: '2048',
    });
    await graph.ask('{ source(id: "s1") { books { source { name } } } }');
    await graph.ask('{ sources(first: 50) { id } }');
    await graph.ask(`{ ${'__typename '.repeat(100)} }`);
    expect(await refusals('BAD_USER_INPUT')).toBe(3);
    await graph.ask(`{ __typename } # ${'x'.repeat(2_048)}`);
    for (const limit of ['QUERY_DEPTH_MAX', 'QUERY_COST_MAX', 'QUERY_TOKENS_MAX', 'REQUEST_BYTES_MAX']) {
      expect([limit, await hits(limit)]).toEqual([limit, 1]);
    }
    expect(await refusals('BAD_USER_INPUT')).toBe(4);
    await graph.ask('{ "more than 5 tokens" }');
    expect(await hits('QUERY_TOKENS_MAX')).toBe(1);
    await fetch(graph.url, { headers: { origin: 'https://elsewhere.example' } });
    expect(await refusals('FORBIDDEN')).toBe(1);
  });

  it('which bound in time or size a subgraph ran into, and which a request', async () => {
    graph = await FakeGraph.open({ SUBGRAPH_TIMEOUT: 'PT0.1S', SUBGRAPH_RESPONSE_BYTES_MAX: '1024' });
    await graph.ask('{ slow }');
    expect(await hits('SUBGRAPH_TIMEOUT')).toBe(1);
    graph.books.upsert({ id: 'large', title: 'x'.repeat(2_000) });
    await graph.ask('{ books { nodes { title } } }');
    expect(await hits('SUBGRAPH_RESPONSE_BYTES_MAX')).toBe(1);
    await graph.close();

    graph = await FakeGraph.open({ REQUEST_TIMEOUT: 'PT0.1S' });
    await graph.ask('{ slow }');
    expect(await hits('REQUEST_TIMEOUT')).toBe(1);
    expect(await count('request_duration_seconds', 'kind="query",outcome="aborted"')).toBe(1);
  });

  it('who follows, on how many streams, and what they are told', async () => {
    graph = await FakeGraph.open();
    const readers = [1, 2, 3].map(() => new Follower(graph.socketUrl, BOOKS));
    for (const reader of readers) await reader.count(2);
    await expect.poll(() => shown('tributary_gateway_streams'), DEADLINE).toBe(1);
    expect(await shown('tributary_gateway_subscribers')).toBe(3);
    expect(await shown('tributary_gateway_connections')).toBe(3);
    expect(await shown('tributary_gateway_buffered_bytes')).toBe(0);

    const before = await shown('tributary_gateway_delivered_events_total');
    const eventsBefore = await shown('tributary_gateway_event_duration_seconds_count');
    graph.books.upsert({ id: 'b3', title: 'Three' });
    for (const reader of readers) await reader.count(3);
    expect(await shown('tributary_gateway_delivered_events_total')).toBe((before ?? 0) + 3);
    expect(await shown('tributary_gateway_event_duration_seconds_count')).toBe((eventsBefore ?? 0) + 1);

    for (const reader of readers) reader.leave();
    await expect.poll(() => shown('tributary_gateway_subscribers'), DEADLINE).toBe(0);
    await expect.poll(() => shown('tributary_gateway_streams'), DEADLINE).toBe(0);
    await expect.poll(() => shown('tributary_gateway_connections'), DEADLINE).toBe(0);
  });

  it('which bound a socket ran into', async () => {
    graph = await FakeGraph.open({
      CONNECTIONS_MAX: '2',
      SUBSCRIPTIONS_PER_CONNECTION_MAX: '1',
      CONNECTION_INIT_TIMEOUT: 'PT0.1S',
    });
    const silent = new WebSocket(graph.socketUrl, 'graphql-transport-ws');
    await expect.poll(() => hits('CONNECTION_INIT_TIMEOUT'), DEADLINE).toBe(1);
    silent.terminate();

    const client = connect(graph.socketUrl);
    const first = new Follower(graph.socketUrl, BOOKS, {}, client);
    await first.count(2);
    const second = new Follower(graph.socketUrl, BOOKS, {}, client);
    await expect.poll(() => second.isOver, DEADLINE).toBe(true);
    expect(await hits('SUBSCRIPTIONS_PER_CONNECTION_MAX')).toBe(1);
    expect(await refusals('RATE_LIMITED')).toBe(1);

    await new Follower(graph.socketUrl, BOOKS).count(2);
    const third = new Follower(graph.socketUrl, BOOKS);
    await expect.poll(() => third.isOver, DEADLINE).toBe(true);
    expect(await hits('CONNECTIONS_MAX')).toBe(1);
  });
});
