import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeGraph } from './fake-graph.ts';
import { BOOKS, booksKnownTo, Follower, until } from './follower.ts';

const FILMS = 'type Film @key(fields: "id") { id: ID! title: String } extend type Query { films: [Film!] }';

describe('a change of the schema', () => {
  let graph: FakeGraph;
  const logged: string[] = [];
  beforeEach(async () => {
    logged.length = 0;
    const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
    // Longer than the test: what is seen earlier was seen because of a message.
    graph = await FakeGraph.open({ SUPERGRAPH_RESYNC: 'PT10M' }, { logger });
  });
  afterEach(() => graph.close());

  const hasFilms = async () => (await graph.ask('{ films { id } }')).errors === undefined;
  const compositions = () => logged.filter((line) => line.includes('supergraph composed')).length;

  it('is in the graph once the subgraph has said that it changed', async () => {
    expect(await hasFilms()).toBe(false);
    await graph.changeEndpoint(FILMS);
    await until(hasFilms);
    expect((await graph.ask('{ __type(name: "Film") { name } }')).data).toEqual({ __type: { name: 'Film' } });
  });

  it('disconnects nobody: requests and subscriptions under way go on', async () => {
    const slow = graph.ask('{ slow }');
    await until(() => graph.slowCalls.length === 1);
    const follower = new Follower(graph.socketUrl, BOOKS);
    await follower.count(2);
    let isDone = false;
    const failures: unknown[] = [];
    const asking = (async () => {
      while (!isDone) {
        const { errors } = await graph.ask('{ books { nodes { title source { name } } } }');
        if (errors) failures.push(errors);
      }
    })();

    await graph.changeEndpoint(FILMS);
    await until(hasFilms);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await follower.count(3);
    expect(booksKnownTo(follower.results).titles.b3).toBe('Three');
    graph.slowCalls[0]?.answer();
    expect((await slow).data).toEqual({ slow: 'at last' });
    isDone = true;
    await asking;
    expect(failures).toEqual([]);
    expect(follower.isOver).toBe(false);
    // The same socket, and the same upstream.
    expect(graph.books.begun.length).toBe(1);
  });

  it('lets subscribers from before and after it share one upstream', async () => {
    const before = new Follower(graph.socketUrl, BOOKS);
    await before.count(2);
    await graph.changeEndpoint(FILMS);
    await until(hasFilms);
    const after = new Follower(graph.socketUrl, BOOKS, { after: booksKnownTo(before.results).cursor });
    await new Follower(graph.socketUrl, BOOKS).count(2);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await Promise.all([before.count(3), after.count(1)]);
    await until(() => graph.books.readerCount === 1);
  });

  it('ends the subscriptions whose field has gone, and says why', async () => {
    const gone = new Follower(graph.socketUrl, BOOKS);
    const staying = new Follower(graph.socketUrl, 'subscription { sourceChanged { id } }');
    await gone.count(2);
    await graph.changeEndpoint('', { withoutBooks: true });
    await until(() => gone.isOver);
    expect(gone.failureCodes).toEqual(['NOT_FOUND']);
    await until(() => graph.books.readerCount === 0);
    await until(() => {
      graph.touch('s1');
      return staying.results.length > 0;
    });
  });

  it('ends the subscriptions that select a field of another type now, and no others', async () => {
    const retyped = new Follower(graph.socketUrl, BOOKS);
    const staying = new Follower(
      graph.socketUrl,
      'subscription { booksChanged { ... on BookSnapshot { complete } ... on BookDelta { upserted { id } } } }',
    );
    await Promise.all([retyped.count(2), staying.count(2)]);
    await graph.changeEndpoint('', { titleType: 'ID' });
    await until(() => retyped.isOver);
    expect(retyped.failureCodes).toEqual(['NOT_FOUND']);
    expect(JSON.stringify(retyped.failure)).toContain('Book.title is of another type');
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await staying.count(3);
    const anew = new Follower(graph.socketUrl, BOOKS);
    await anew.count(2);
    expect(booksKnownTo(anew.results).titles.b3).toBe('Three');
  });

  it('that does not compose keeps the graph, says why, and is mended by the next', async () => {
    await graph.changeEndpoint('extend type Source { name: Int! }');
    await until(() => logged.some((line) => line.includes('do not compose')));
    expect(logged.join('')).toContain('Source.name');
    expect((await graph.ask('{ source(id: "s1") { name } }')).data).toEqual({
      source: { name: 'Source s1' },
    });
    await graph.changeEndpoint(FILMS);
    await until(hasFilms);
  });

  it('is not taken back by a replica that lags behind', async () => {
    const knowsFilms = async () =>
      (await graph.ask('{ __type(name: "Film") { name } }')).data?.__type != null;
    graph.schemaRevision = 2;
    await graph.changeEndpoint(FILMS);
    await until(knowsFilms);
    graph.schemaRevision = 1;
    const before = graph.endpointRequests;
    await graph.changeEndpoint('type Old { id: ID }');
    await until(() => graph.endpointRequests > before);
    graph.schemaRevision = 2;
    await graph.changeEndpoint(`${FILMS} type New { id: ID }`);
    await until(async () => (await graph.ask('{ __type(name: "New") { name } }')).data?.__type);
    expect(compositions()).toBe(3);
    expect(await knowsFilms()).toBe(true);
    graph.schemaRevision = 3;
    await graph.changeEndpoint('');
    await until(async () => !(await knowsFilms()));
  });

  it('that is none composes nothing', async () => {
    for (let times = 0; times < 3; times++) {
      const before = graph.endpointRequests;
      await graph.bus.publish('schema.changed', { subgraph: 'endpoint' });
      await until(() => graph.endpointRequests > before);
    }
    await graph.changeEndpoint(FILMS);
    await until(hasFilms);
    expect(compositions()).toBe(2);
    await graph.changeEndpoint(`${FILMS} type Other { id: ID }`);
    await until(async () => (await graph.ask('{ __type(name: "Other") { name } }')).data?.__type);
    expect(compositions()).toBe(3);
  });

  it('in a burst is composed together', async () => {
    const collections = Array.from({ length: 10 }, (_, n) => `extend type Query { more${n}: Int }`);
    for (let count = 1; count <= 10; count++)
      await graph.changeEndpoint(collections.slice(0, count).join('\n'));
    await until(async () => (await graph.ask('{ more9 }')).errors === undefined);
    expect(compositions()).toBeLessThanOrEqual(3);
  });
});

describe('a change of the schema that nobody speaks of', () => {
  it('is found by looking, also where a subgraph was away meanwhile', async () => {
    const graph = await FakeGraph.open({ SUPERGRAPH_RESYNC: 'PT0.05S' });
    try {
      await graph.stop('datasource');
      await graph.changeEndpoint(FILMS, { isSilent: true });
      await until(async () => (await graph.ask('{ films { id } }')).errors === undefined);
      expect((await graph.ask('{ __type(name: "Collection") { name } }')).data).toEqual({
        __type: { name: 'Collection' },
      });
    } finally {
      await graph.close();
    }
  });
});
