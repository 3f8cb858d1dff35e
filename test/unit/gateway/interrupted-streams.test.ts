import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeGraph } from './fake-graph.ts';
import { BOOKS, booksKnownTo, Follower, until } from './follower.ts';

describe('a subscription whose upstream is interrupted', () => {
  let graph: FakeGraph;
  beforeEach(async () => {
    graph = await FakeGraph.open({ SUBSCRIPTION_RESUME_TIMEOUT: 'PT1S', PING_INTERVAL: 'PT0.2S' });
  });
  afterEach(() => graph.close());

  const follow = (query: string, variables?: Record<string, unknown>) =>
    new Follower(graph.socketUrl, query, variables);
  const actual = () => Object.fromEntries(graph.books.entries().map(({ id, title }) => [id, title]));
  const knows = (follower: Follower) =>
    until(() => JSON.stringify(booksKnownTo(follower.results).titles) === JSON.stringify(actual()));

  it('goes on behind the last event that its subscribers got', async () => {
    const proxy = await graph.proxy('endpoint');
    const followers = [follow(BOOKS), follow(BOOKS)];
    for (const follower of followers) await follower.count(2);
    const { cursor } = graph.books;
    proxy.cut();
    graph.books.upsert({ id: 'b3', title: 'Three' });
    graph.books.upsert({ id: 'b1', title: 'One again' });
    for (const follower of followers) await knows(follower);
    expect(graph.books.begun.at(-1)?.after).toBe(cursor);
    for (const follower of followers) expect(follower.isOver).toBe(false);
  });

  it('goes on although the app does not select the cursor, and shows none', async () => {
    const proxy = await graph.proxy('endpoint');
    const follower = follow('subscription { booksChanged { ... on BookDelta { upserted { title } } } }');
    await follower.count(2);
    proxy.cut();
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await follower.count(3);
    expect(follower.results).toEqual([
      { data: { booksChanged: {} } },
      { data: { booksChanged: {} } },
      { data: { booksChanged: { upserted: [{ title: 'Three' }] } } },
    ]);
  });

  it('goes on at another instance', async () => {
    const proxy = await graph.proxy('endpoint');
    const follower = follow(BOOKS);
    await follower.count(2);
    await graph.start('endpoint');
    await proxy.close();
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await knows(follower);
  });

  it('notices an upstream that has fallen silent', async () => {
    const proxy = await graph.proxy('endpoint');
    const follower = follow(BOOKS);
    await follower.count(2);
    proxy.hold();
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await knows(follower);
  });

  it('begins anew where each event says all that there is', async () => {
    const proxy = await graph.proxy('configuration');
    const follower = follow('subscription { clusterChanged { turn } }');
    await follower.count(1);
    proxy.cut();
    await until(() => graph.clusterReaders.size === 0);
    graph.turnCluster();
    await follower.count(2);
    expect(follower.results.at(-1)).toEqual({ data: { clusterChanged: { turn: 1 } } });
    expect(follower.isOver).toBe(false);
  });

  it('is told to its subscribers where nothing says from where to go on', async () => {
    const proxy = await graph.proxy('configuration');
    const follower = follow('subscription { sourceChanged { id } }');
    await until(() => graph.sourceReaders.size === 1);
    proxy.cut();
    await until(() => follower.isOver);
    expect(follower.failureCodes).toEqual(['DATASOURCE_UNAVAILABLE']);
  });

  it('is told to its subscribers where the subgraph stays away', async () => {
    const follower = follow(BOOKS);
    await follower.count(2);
    await graph.stop('endpoint');
    await until(() => follower.isOver);
    expect(follower.failureCodes).toEqual(['DATASOURCE_UNAVAILABLE']);
    const late = follow(BOOKS);
    await until(() => late.isOver);
    expect(late.failureCodes).toEqual(['DATASOURCE_UNAVAILABLE']);
  });

  it('waits for a subgraph that is not there yet', async () => {
    await graph.stop('endpoint');
    const follower = follow(BOOKS);
    await graph.start('endpoint');
    await knows(follower);
  });

  it('is cancelled upstream at once when its last subscriber leaves', async () => {
    const [one, other] = [follow(BOOKS), follow(BOOKS, { snapshot: true })];
    await Promise.all([one.count(2), other.count(2)]);
    one.leave();
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await other.count(3);
    expect(graph.books.readerCount).toBe(1);
    await other.client.dispose();
    // No event comes that would have to wake it.
    await until(() => graph.books.readerCount === 0);
  });
});

describe('a subscription', () => {
  let graph: FakeGraph;
  beforeEach(async () => {
    graph = await FakeGraph.open();
  });
  afterEach(() => graph.close());

  it('joins to its events what other subgraphs know', async () => {
    const follower = new Follower(
      graph.socketUrl,
      `subscription($more: Boolean!) {
        change: collectionChanged(name: "books") {
          __typename
          of: collection { name count: entryCount @include(if: $more) }
        }
      }`,
      { more: true },
    );
    await until(() => graph.books.readerCount === 1);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await follower.count(1);
    expect(follower.results[0]?.data).toEqual({
      change: { __typename: 'CollectionDelta', of: { name: 'books', count: 3 } },
    });
  });

  it('joins once for all that share it', async () => {
    const query = 'subscription { booksChanged { ... on BookDelta { upserted { source { name } } } } }';
    const followers = Array.from({ length: 10 }, () => new Follower(graph.socketUrl, query));
    for (const follower of followers) await follower.count(2);
    await until(() => graph.books.readerCount === 1);
    graph.sourceFetches.length = 0;
    graph.books.upsert({ id: 'b3', title: 'Three' });
    for (const follower of followers) await follower.count(3);
    expect(followers[3]?.results[2]?.data).toEqual({
      booksChanged: { upserted: [{ source: { name: 'Source source-of-b3' } }] },
    });
    expect(graph.sourceFetches.length).toBe(1);
  });

  it('goes on when a part of an event cannot be joined, and says so in that event', async () => {
    const query =
      'subscription { booksChanged(snapshot: false) { ... on BookDelta { upserted { source { name } } } } }';
    const follower = new Follower(graph.socketUrl, query);
    await until(() => graph.books.readerCount === 1);
    await graph.crash('configuration');
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await follower.count(1);
    expect(follower.results[0]?.errors).toMatchObject([
      { path: ['booksChanged', 'upserted'], extensions: { code: 'DATASOURCE_UNAVAILABLE' } },
    ]);
    graph.books.upsert({ id: 'b4', title: 'Four' });
    await follower.count(2);
    expect(follower.isOver).toBe(false);
  });

  it('takes changes summed up where they come faster than they can be joined', async () => {
    const follower = new Follower(
      graph.socketUrl,
      `subscription { booksChanged {
        ... on BookSnapshot { entries { id title source { name } } }
        ... on BookDelta { upserted { id title source { name } } removed }
        __typename
      } }`,
    );
    await follower.count(2);
    for (let n = 0; n < 2_000; n++) graph.books.upsert({ id: `b${n % 7}`, title: `${n}` });
    const last = Object.fromEntries(graph.books.entries().map(({ id, title }) => [id, title]));
    await until(() => JSON.stringify(booksKnownTo(follower.results).titles) === JSON.stringify(last));
    expect(follower.results.length).toBeLessThan(2_000);
    expect(graph.books.begun.length).toBeGreaterThan(1);
    expect(follower.isOver).toBe(false);
  });

  it('takes every change where nothing could be resumed', async () => {
    const follower = new Follower(graph.socketUrl, 'subscription { sourceChanged { id touches } }');
    await until(() => graph.sourceReaders.size === 1);
    for (let n = 0; n < 1_000; n++) graph.touch(`s${n}`);
    await follower.count(1_000);
    expect(
      follower.results.map(({ data }) => (data?.sourceChanged as { id: string } | undefined)?.id),
    ).toEqual(Array.from({ length: 1_000 }, (_, n) => `s${n}`));
  });

  it('that does not fit the graph is refused before it begins', async () => {
    for (const query of [
      'subscription { nope }',
      'subscription { booksChanged { __typename } sourceChanged { id } }',
      'subscription($shelf: Int) { booksChanged(shelf: $shelf) { __typename } }',
    ]) {
      const follower = new Follower(graph.socketUrl, query);
      await until(() => follower.isOver);
      expect(follower.failureCodes).toEqual(['BAD_USER_INPUT']);
    }
    expect(graph.books.begun.length).toBe(0);
  });
});
