import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { readMetrics } from '../../support/shown-metrics.ts';
import { FakeGraph } from './fake-graph.ts';
import { BOOKS, connect, Follower, until } from './follower.ts';

/** Speaks the protocol by hand, right or wrong. */
interface BookSnapshot {
  readonly __typename: string;
  readonly complete: boolean;
  readonly entries: readonly { id: string }[];
}

class Peer {
  readonly socket: WebSocket;
  readonly messages: { type: string; id?: string; payload?: never }[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(url: string, protocol: string | string[] = 'graphql-transport-ws', options: object = {}) {
    this.socket = new WebSocket(url, protocol, options);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    this.socket.on('error', () => {});
  }

  async open(): Promise<this> {
    await until(() => this.socket.readyState === WebSocket.OPEN);
    return this;
  }

  async init(): Promise<this> {
    await this.open();
    this.send({ type: 'connection_init' });
    await until(() => this.types().includes('connection_ack'));
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  types(id?: string): string[] {
    return this.messages.filter((message) => id === undefined || message.id === id).map(({ type }) => type);
  }

  /** Pages of the snapshots that a subscription was sent. */
  snapshots(id: string): readonly BookSnapshot[] {
    return this.messages
      .filter((message) => message.id === id && message.type === 'next')
      .map(
        ({ payload }) => (payload as unknown as { data: { booksChanged: BookSnapshot } }).data.booksChanged,
      )
      .filter(({ __typename }) => __typename === 'BookSnapshot');
  }

  async closeCode(): Promise<number | undefined> {
    await until(() => this.closed);
    return this.closed?.code;
  }
}

describe('graphql-transport-ws', () => {
  let graph: FakeGraph;
  afterEach(() => graph.close());
  const peer = (protocol?: string | string[], options?: object) =>
    new Peer(graph.socketUrl, protocol, options);
  const SOURCE = 'subscription { sourceChanged { id } }';

  it('MUST close with the code that says what was wrong', async () => {
    graph = await FakeGraph.open({ CONNECTION_INIT_TIMEOUT: 'PT0.3S' });
    const invalid = await peer().init();
    invalid.send('not JSON');
    expect(await invalid.closeCode()).toBe(4400);

    const malformed = await peer().init();
    malformed.send({ type: 'subscribe', id: '1', payload: {} });
    expect(await malformed.closeCode()).toBe(4400);

    const early = await peer().open();
    early.subscribe('1', SOURCE);
    expect(await early.closeCode()).toBe(4401);

    expect(await peer([]).closeCode()).toBe(4406);
    expect(await peer().closeCode()).toBe(4408);

    const twice = await peer().init();
    twice.send({ type: 'connection_init' });
    expect(await twice.closeCode()).toBe(4429);

    const same = await peer().init();
    same.subscribe('1', SOURCE);
    same.subscribe('1', SOURCE);
    expect(await same.closeCode()).toBe(4409);
    await until(() => graph.sourceReaders.size === 0);
  });

  it('MUST answer a ping with a pong that carries its payload', async () => {
    graph = await FakeGraph.open();
    const one = await peer().open();
    one.send({ type: 'ping', payload: { n: 1 } });
    await until(() => one.types().includes('pong'));
    expect(one.messages).toEqual([{ type: 'pong', payload: { n: 1 } }]);
  });

  it('MUST let an id be used again once its operation has ended', async () => {
    graph = await FakeGraph.open();
    const one = await peer().init();
    one.subscribe('1', '{ __typename }');
    await until(() => one.types('1').includes('complete'));
    one.subscribe('1', SOURCE);
    await until(() => graph.sourceReaders.size === 1);
    one.send({ id: '1', type: 'complete' });
    await until(() => graph.sourceReaders.size === 0);
    one.subscribe('1', SOURCE);
    await until(() => graph.sourceReaders.size === 1);
    expect(one.closed).toBeUndefined();
  });

  it('MUST send nothing for an operation after its complete, whoever sent it', async () => {
    graph = await FakeGraph.open();
    const one = await peer().init();
    one.subscribe('1', SOURCE);
    one.subscribe('2', SOURCE);
    await until(() => graph.sourceReaders.size === 1);
    one.send({ id: '1', type: 'complete' });
    one.send({ type: 'ping' });
    await until(() => one.types().includes('pong'));
    graph.touch('s1');
    await until(() => one.types('2').includes('next'));
    expect(one.types('1')).toEqual([]);
  });

  it('carries queries and mutations, and stops them when they are completed early', async () => {
    graph = await FakeGraph.open({ SUBGRAPH_TIMEOUT: 'PT60S' });
    const one = await peer().init();
    one.subscribe('q', 'query($id: ID!) { source(id: $id) { name } }', { id: 's1' });
    one.subscribe('m', 'mutation { touchSource(id: "s1") { touches } }');
    one.subscribe('bad', '{ nope }');
    await until(
      () => ['q', 'm'].every((id) => one.types(id).includes('complete')) && one.types('bad').length > 0,
    );
    expect(one.messages.filter(({ type }) => type === 'next').map(({ payload }) => payload)).toEqual(
      expect.arrayContaining([
        { data: { source: { name: 'Source s1' } } },
        { data: { touchSource: { touches: 1 } } },
      ]),
    );
    expect(one.messages.find(({ id }) => id === 'bad')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });

    const proxy = await graph.proxy('configuration');
    one.subscribe('slow', '{ slow }');
    await until(() => graph.slowCalls.length === 1);
    const open = [...proxy.sockets];
    one.send({ id: 'slow', type: 'complete' });
    await until(() => open.some((connection) => connection.destroyed));
  });

  it('refuses an operation too many, and keeps the others', async () => {
    graph = await FakeGraph.open({ SUBSCRIPTIONS_PER_CONNECTION_MAX: '2' });
    const one = await peer().init();
    for (const id of ['1', '2', '3']) one.subscribe(id, SOURCE);
    await until(() => one.types('3').length > 0);
    expect(one.messages.find(({ id }) => id === '3')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    await until(() => graph.sourceReaders.size === 1);
    graph.touch('s1');
    await until(() => one.types('1').includes('next') && one.types('2').includes('next'));
  });

  it('refuses connections too many, and messages too large', async () => {
    graph = await FakeGraph.open({ CONNECTIONS_MAX: '1', REQUEST_BYTES_MAX: '1024' });
    const first = await peer().init();
    expect(await peer().closeCode()).toBe(1006);
    first.subscribe('1', `{ __typename } # ${'x'.repeat(2000)}`);
    expect(await first.closeCode()).toBe(1009);
    await until(async () => (await peer().open()).socket.readyState === WebSocket.OPEN);
  });

  it('refuses pages of other sites, foreign names and other paths', async () => {
    graph = await FakeGraph.open({ CORS_ORIGINS: 'https://app.example' });
    expect(await peer(undefined, { origin: 'https://evil.example' }).closeCode()).toBe(1006);
    expect(await peer(undefined, { headers: { host: 'rebound.example' } }).closeCode()).toBe(1006);
    expect(await new Peer(graph.socketUrl.replace('/graphql', '/other')).closeCode()).toBe(1006);
    await peer(undefined, { origin: new URL(graph.url).origin }).init();
    await peer(undefined, { origin: 'https://app.example' }).init();
  });

  it('gives up a reader that no longer answers pings', async () => {
    graph = await FakeGraph.open({ PING_INTERVAL: 'PT0.1S' });
    const one = await peer(undefined, { autoPong: false }).init();
    one.subscribe('1', SOURCE);
    expect(await one.closeCode()).toBe(1006);
    await until(() => graph.sourceReaders.size === 0);
  });

  it('closes a reader that is too slow, and disturbs no other', async () => {
    graph = await FakeGraph.open({ SUBSCRIBER_BUFFER_BYTES_MAX: '65536' });
    const slow = await peer().init();
    slow.subscribe('1', BOOKS);
    await until(() => slow.types('1').length === 2);
    const fast = new Follower(graph.socketUrl, BOOKS);
    await fast.count(2);
    slow.socket.pause();
    const title = 'x'.repeat(200_000);
    for (let n = 0; n < 100; n++) {
      graph.books.upsert({ id: 'large', title: `${n}${title}` });
      await fast.count(3 + n);
    }
    await until(() => graph.books.readerCount === 1);
    slow.socket.resume();
    expect(await slow.closeCode()).toBe(4413);
    expect(slow.closed?.reason).toContain('resume after your last cursor');
    expect(slow.types('1').length).toBeLessThan(100);
    expect(fast.isOver).toBe(false);
    const shown = await readMetrics(graph.url);
    expect(shown.value('tributary_limit_hits_total', 'limit="SUBSCRIBER_BUFFER_BYTES_MAX"')).toBe(1);
  });

  it('works no longer for a reader that is too slow, even where its connection does not end', async () => {
    graph = await FakeGraph.open({ SUBSCRIBER_BUFFER_BYTES_MAX: '65536' });
    const slow = await peer().init();
    slow.subscribe('1', BOOKS);
    await until(() => slow.types('1').length === 2);
    slow.socket.pause();
    const title = 'x'.repeat(200_000);
    for (let n = 0; graph.books.readerCount > 0 && n < 1_000; n++) {
      graph.books.upsert({ id: 'large', title: `${n}${title}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => graph.books.readerCount === 0);
    expect(slow.closed).toBeUndefined();
  });

  it('sends a snapshot that is larger than what may wait, as fast as it is taken', async () => {
    graph = await FakeGraph.open({ SUBSCRIBER_BUFFER_BYTES_MAX: '65536' });
    graph.books.pageSize = 1;
    for (let n = 0; n < 300; n++) graph.books.upsert({ id: `large${n}`, title: `${n}${'x'.repeat(50_000)}` });
    const slow = await peer().init();
    slow.subscribe('1', BOOKS);
    await until(() => slow.types('1').length > 0);
    slow.socket.pause();
    await new Promise((resolve) => setImmediate(resolve));
    slow.socket.resume();
    await until(() => slow.closed || slow.snapshots('1').some(({ complete }) => complete));
    expect(slow.closed).toBeUndefined();
    // Where events came faster than they were taken, the gateway has left upstream and resumed: the rest is one page.
    const ids = new Set(slow.snapshots('1').flatMap(({ entries }) => entries.map(({ id }) => id)));
    expect(ids.size).toBe(graph.books.entries().length);
  });

  it('tells its clients when it goes away', async () => {
    graph = await FakeGraph.open();
    const client = connect(graph.socketUrl);
    const follower = new Follower(graph.socketUrl, SOURCE, {}, client);
    await until(() => graph.sourceReaders.size === 1);
    await graph.close();
    await until(() => follower.isOver);
    expect((follower.failure as { code: number }).code).toBe(1001);
  });
});
