import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRedisViewCache } from '../../platform/adapters/redis-view-cache.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { ViewCache } from '../../platform/ports/view-cache.ts';
import { Scope } from '../../platform/scope.ts';
import { LossyBus } from '../../test/support/lossy-bus.ts';
import { isRedisInstalled, openPrivateRedis, type PrivateRedis } from '../../test/support/private-redis.ts';
import { EndpointStage, eventually } from '../../test/unit/endpoint/endpoint-stage.ts';
import { field } from '../../test/unit/endpoint/upstream-model.ts';
import type { EndpointConfig } from './config.ts';
import { ViewFile } from './view/view-file.ts';
import { ViewFileCache } from './view/view-file-cache.ts';

let stage: EndpointStage;
afterEach(async () => stage.close());

const BOOK_FIELDS = [field('title'), field('price', 'DECIMAL'), field('url', 'URL')];

async function openBooks(config: Partial<EndpointConfig> = {}): Promise<void> {
  stage = await EndpointStage.open(config);
  stage.model.define('books', BOOK_FIELDS);
  for (let number = 1; number <= 5; number++) {
    stage.model.put('books', `Book ${number}`, {
      title: `Book ${number}`,
      price: `${number * 5}.50`,
      url: `https://example.com/${number}`,
    });
  }
  await stage.announceDefinitions();
  await untilBooks(5);
}

async function untilBooks(count: number): Promise<void> {
  await eventually(async () => {
    const { data } = await stage.query('{ books { totalCount } }');
    expect(data?.books.totalCount).toBe(count);
  });
}

const titles = async (args: string) => {
  const { data } = await stage.query(`{ books(${args}) { nodes { title } } }`);
  return data?.books.nodes.map((node: { title: string }) => node.title);
};

const codeOf = async (query: string) => (await stage.query(query)).errors?.[0]?.extensions.code;

describe('typed queries', () => {
  it('give a new collection its type, and its entries with what is said of them', async () => {
    await openBooks();
    const answer = await stage.query(
      `{ books(filter: { price: { gt: 9 } }, orderBy: [{ price: DESC }], first: 2) {
        edges { cursor node { id } }
        nodes { id title price url meta { key updatedAt firstSeenAt sources { id } freshness { isStale reason } } }
        pageInfo { hasNextPage hasPreviousPage endCursor } totalCount } book(key: "Book 1") { price } }`,
    );
    expect(answer.errors).toBeUndefined();
    const { nodes, edges, pageInfo, totalCount } = answer.data.books;
    expect(nodes).toMatchObject([
      { title: 'Book 5', price: '25.50', url: 'https://example.com/5' },
      {
        title: 'Book 4',
        meta: { key: 'Book 4', sources: [{ id: 's1' }], freshness: { isStale: false, reason: null } },
      },
    ]);
    expect(totalCount).toBe(4);
    expect(pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, endCursor: edges[1].cursor });
    expect(edges[0].node.id).toBe(nodes[0].id);
    expect(answer.data.book).toEqual({ price: '5.50' });
  });

  it('page on from a cursor', async () => {
    await openBooks();
    const { data } = await stage.query('{ books(first: 3) { pageInfo { endCursor } } }');
    expect(await titles(`after: "${data.books.pageInfo.endCursor}"`)).toEqual(['Book 4', 'Book 5']);
  });

  it('refuse what they cannot answer, with a code that says why', async () => {
    await openBooks();
    const { data } = await stage.query('{ books { pageInfo { endCursor } } }');
    const cursor = data.books.pageInfo.endCursor;
    expect(await codeOf('{ books(first: 0) { totalCount } }')).toBe('BAD_USER_INPUT');
    expect(await codeOf('{ books(first: 101) { totalCount } }')).toBe('BAD_USER_INPUT');
    expect(await codeOf('{ books(after: "x") { totalCount } }')).toBe('CURSOR_INVALID');
    expect(await codeOf(`{ books(after: "${cursor}", orderBy: [{ price: ASC }]) { totalCount } }`)).toBe(
      'CURSOR_INVALID',
    );
    expect(await codeOf('{ books(filter: { price: { lt: "ten" } }) { totalCount } }')).toBe('BAD_USER_INPUT');
    expect(await codeOf('{ books(filter: { url: { eq: "/x" } }) { totalCount } }')).toBe('BAD_USER_INPUT');
    expect(await codeOf('{ books(orderBy: [{ price: ASC, title: ASC }]) { totalCount } }')).toBe(
      'BAD_USER_INPUT',
    );
    expect(await codeOf('{ books(filter: { title: { eq: null } }) { totalCount } }')).toBe('BAD_USER_INPUT');
  });

  it('take filters from variables, and compare decimals exactly', async () => {
    await openBooks();
    const query = 'query($filter: BookFilter) { books(filter: $filter) { nodes { title } } }';
    const titlesOf = async (filter: unknown) =>
      (await stage.query(query, { filter })).data?.books.nodes.length;
    expect(await titlesOf({ price: { lte: '10.50' } })).toBe(2);
    expect(await titlesOf({ price: { lt: '10.500000000000000001' } })).toBe(2);
    expect(await titlesOf({ price: { lt: 10.5 } })).toBe(1);
    expect(await titlesOf(null)).toBe(5);
  });

  it('have null for a value that does not fit its type, and the rest of the page', async () => {
    await openBooks();
    stage.model.put('books', 'Odd', { title: 'Odd', price: 'a lot', url: 7 });
    await stage.announce('books');
    await untilBooks(6);
    const answer = await stage.query('{ book(key: "Odd") { title price url } }');
    expect(answer).toEqual({ data: { book: { title: 'Odd', price: null, url: null } } });
  });
});

describe('entities', () => {
  const entities = `query($representations: [_Any!]!) { _entities(representations: $representations) {
    ... on Book { title } ... on Collection { name typeName
      entries(first: 2) { nodes { id key fields meta { key } } totalCount pageInfo { hasNextPage } } } } }`;

  it('are found by id, and are null where they are gone', async () => {
    await openBooks();
    const { data } = await stage.query('{ book(key: "Book 2") { id } }');
    const answer = await stage.query(entities, {
      representations: [
        { __typename: 'Book', id: data.book.id },
        { __typename: 'Book', id: 'unknown' },
      ],
    });
    expect(answer.data._entities).toEqual([{ title: 'Book 2' }, null]);
  });

  it('say of a collection its type, and its entries untyped', async () => {
    await openBooks();
    const answer = await stage.query(entities, {
      representations: [{ __typename: 'Collection', name: 'books' }],
    });
    expect(answer.errors).toBeUndefined();
    expect(answer.data._entities[0]).toMatchObject({ name: 'books', typeName: 'Book' });
    expect(answer.data._entities[0].entries).toMatchObject({
      totalCount: 5,
      pageInfo: { hasNextPage: true },
    });
    expect(answer.data._entities[0].entries.nodes[0]).toMatchObject({
      key: 'Book 1',
      fields: { title: 'Book 1', price: '5.50', url: 'https://example.com/1' },
      meta: { key: 'Book 1' },
    });
  });

  it('know a collection that nobody has announced yet', async () => {
    await openBooks();
    stage.model.define('films', [field('title')]);
    const representations = [{ __typename: 'Collection', name: 'films' }];
    const answer = await stage.query(entities, { representations });
    expect(answer.data._entities[0]).toMatchObject({ typeName: 'Film', entries: { totalCount: 0 } });
    expect((await stage.query('{ films { totalCount } }')).data.films.totalCount).toBe(0);
  });
});

describe('a change of the definitions', () => {
  const hasField = async (name: string) => {
    const { data } = await stage.query('{ __type(name: "Book") { fields { name } } }');
    return data.__type?.fields.some((each: { name: string }) => each.name === name) ?? false;
  };

  it('adds a field, and says that the schema has changed once', async () => {
    await openBooks();
    const before = stage.schemaChanges;
    stage.model.define('books', [...BOOK_FIELDS, field('stock', 'INT')]);
    stage.model.put('books', 'Book 1', { title: 'Book 1', stock: 3 });
    await stage.announceDefinitions();
    await eventually(async () => expect(await hasField('stock')).toBe(true));
    await stage.announce('books');
    await eventually(async () => expect(await titles('filter: { stock: { eq: 3 } }')).toEqual(['Book 1']));
    expect(stage.schemaChanges).toBe(before + 1);
  });

  it('that alters no SDL swaps and publishes nothing', async () => {
    await openBooks();
    const before = stage.schemaChanges;
    stage.model.define('books', BOOK_FIELDS);
    stage.model.define('films', [field('title')]);
    stage.model.delete('films');
    await stage.announceDefinitions();
    // Definitions are followed in order: once this one is seen, so are those before.
    stage.model.define('books', [...BOOK_FIELDS]);
    stage.model.put('books', 'last', { title: 'last' });
    await stage.announceDefinitions();
    await stage.announce('books');
    await untilBooks(6);
    expect(stage.schemaChanges).toBe(before);
  });

  it('leaves subscriptions under way running', async () => {
    await openBooks();
    const events = stage.subscribe(
      'subscription { booksChanged(snapshot: false) { ... on BookDelta { upserted { title price } } } }',
    );
    const first = events.next();
    await stage.settle();
    stage.model.define('books', [field('title'), field('price', 'JSON'), field('stock', 'INT')]);
    await stage.announceDefinitions();
    await eventually(async () => expect(await hasField('stock')).toBe(true));
    stage.model.put('books', 'Book 1', { title: 'New', price: { amount: 1 }, stock: 3 });
    await stage.announce('books');
    expect((await first).value).toEqual({
      data: { booksChanged: { upserted: [{ title: 'New', price: null }] } },
    });
    await events.return?.();
  });

  it('takes a deleted collection, its type and its subscribers away', async () => {
    await openBooks();
    const events = stage.subscribe('subscription { booksChanged { __typename } }');
    expect((await events.next()).value.data.booksChanged.__typename).toBe('BookSnapshot');
    const next = events.next();
    stage.model.delete('books');
    await stage.announceDefinitions();
    expect((await next).done).toBe(true);
    await eventually(async () => expect(await codeOf('{ books { totalCount } }')).toBe('BAD_USER_INPUT'));
  });

  it('gives a collection that comes back nothing of the earlier one', async () => {
    await openBooks();
    stage.model.delete('books');
    stage.model.define('books', BOOK_FIELDS);
    stage.model.put('books', 'Other', { title: 'Other' });
    await stage.announceDefinitions();
    await eventually(async () => expect(await titles('first: 9')).toEqual(['Other']));
  });
});

describe('without upstream', () => {
  it('goes on serving, and says that it is stale and since when', async () => {
    await openBooks({ STALE_AFTER: 500, RESYNC: 50 });
    const freshness = async () =>
      (await stage.query('{ book(key: "Book 1") { meta { freshness { asOf isStale reason } } } }')).data.book
        .meta.freshness;
    await eventually(async () => expect(await freshness()).toMatchObject({ isStale: false, reason: null }));
    await stage.upstreamDown();
    const downAt = Date.now();
    await eventually(async () =>
      expect(await freshness()).toMatchObject({ isStale: true, reason: expect.any(String) }),
    );
    expect(Date.parse((await freshness()).asOf)).toBeLessThanOrEqual(downAt);
    await untilBooks(5);
    await stage.upstreamUp();
    await eventually(async () => expect(await freshness()).toMatchObject({ isStale: false, reason: null }));
  });

  it('serves after a restart what it had, types included, and follows on when upstream is back', async () => {
    await openBooks({ RESYNC: 50 });
    await stage.stop();
    await stage.upstreamDown();
    stage.model.put('books', 'Book 6', { title: 'Book 6' });
    stage.model.remove('books', 'Book 1');
    await stage.start();
    expect(await titles('first: 9')).toEqual(['Book 1', 'Book 2', 'Book 3', 'Book 4', 'Book 5']);
    await stage.upstreamUp();
    await eventually(async () =>
      expect(await titles('first: 9')).toEqual(['Book 2', 'Book 3', 'Book 4', 'Book 5', 'Book 6']),
    );
  });

  it('finds by itself what an event lost on the way would have said', async () => {
    await openBooks({ RESYNC: 50 });
    stage.model.put('books', 'Book 6', { title: 'Book 6' });
    stage.model.define('films', [field('title')]);
    await untilBooks(6);
    await eventually(async () =>
      expect((await stage.query('{ films { totalCount } }')).data?.films.totalCount).toBe(0),
    );
  });

  it('drops what a configuration that begins again does not know', async () => {
    await openBooks({ RESYNC: 50 });
    stage.model.definitions.clear();
    stage.model.revision = 0;
    await stage.announceDefinitions();
    await eventually(async () => expect(await codeOf('{ books { totalCount } }')).toBe('BAD_USER_INPUT'));
  });
});

const { REDIS_URL } = process.env;
const DEADLINE = { timeout: 20_000, interval: 5 };
const REMOVED_MAX = 100;

const CACHES: {
  readonly cacheName: string;
  readonly isThere: boolean;
  readonly open: () => Promise<ViewCache>;
}[] = [
  {
    cacheName: 'a file',
    isThere: true,
    open: async () => new ViewFileCache(ViewFile.open(':memory:'), { removedMax: REMOVED_MAX }),
  },
  {
    cacheName: 'Redis',
    isThere: REDIS_URL !== undefined,
    open: () =>
      openRedisViewCache(
        REDIS_URL ?? '',
        { logger: silentLogger },
        { keyPrefix: `test-${randomUUID()}`, removedMax: REMOVED_MAX, retainMs: 60_000 },
      ),
  },
];

for (const { cacheName, isThere, open } of CACHES) {
  describe.skipIf(!isThere)(`with ${cacheName} as cache, an endpoint on an empty disk`, () => {
    let cache: ViewCache;
    beforeEach(async () => {
      cache = await open();
    });
    afterEach(async () => {
      await stage.close();
      await cache.close();
    });

    /** Opens five books and a film, of which the cache learns; several pages of books, and one that was removed. */
    async function openKept(config: Partial<EndpointConfig> = {}): Promise<void> {
      stage = await EndpointStage.open({ RESYNC: 50, CHANGES_PAGE: 3, ...config }, { cache });
      stage.model.define('books', BOOK_FIELDS);
      stage.model.define('films', [field('title'), field('year', 'INT')]);
      stage.model.put('books', 'Gone', { title: 'Gone' });
      for (let number = 1; number <= 5; number++) {
        stage.model.put('books', `Book ${number}`, { title: `Book ${number}`, price: `${number * 5}.50` });
      }
      stage.model.remove('books', 'Gone');
      stage.model.put('films', 'Film', { title: 'Film', year: 1999 });
      await stage.announceDefinitions();
      await untilKept('books', 7);
      await untilKept('films', 1);
    }

    const untilKept = (name: string, version: number) =>
      eventually(async () => {
        const position = await cache.position(name);
        expect(position).toMatchObject({ version, asOfMs: expect.any(Number) });
      });

    /** Another replica takes the place of the one there was: nothing of its view is left. */
    async function startOnEmptyDisk(): Promise<void> {
      await stage.stop();
      for (const suffix of ['', '-wal', '-shm']) rmSync(stage.viewPath + suffix, { force: true });
      await stage.start();
    }

    const FRESHNESS = '{ book(key: "Book 1") { meta { freshness { asOf isStale reason } } } }';
    const freshness = async () => (await stage.query(FRESHNESS)).data?.book.meta.freshness;

    it('serves all collections, typed and marked stale, with configuration and datasource down', async () => {
      await openKept({ STALE_AFTER: 1_000 });
      await stage.upstreamDown();
      const downAtMs = Date.now();
      const { asOfMs } = (await cache.position('books')) ?? {};
      await startOnEmptyDisk();
      await untilBooks(5);
      await eventually(async () =>
        expect((await stage.query('{ films { nodes { title year } } }')).data?.films.nodes).toEqual([
          { title: 'Film', year: 1999 },
        ]),
      );

      const page = await stage.query(
        `{ books(first: 2, filter: { price: { gt: 9 } }, orderBy: [{ price: DESC }]) {
          nodes { title price } pageInfo { endCursor hasNextPage } totalCount } book(key: "Gone") { id } }`,
      );
      expect(page.errors).toBeUndefined();
      expect(page.data.books).toMatchObject({
        nodes: [{ title: 'Book 5', price: '25.50' }, { title: 'Book 4' }],
        pageInfo: { hasNextPage: true },
        totalCount: 4,
      });
      expect(page.data.book).toBeNull();
      const rest = `first: 9, after: "${page.data.books.pageInfo.endCursor}"`;
      expect(await titles(`${rest}, filter: { price: { gt: 9 } }, orderBy: [{ price: DESC }]`)).toEqual([
        'Book 3',
        'Book 2',
      ]);

      await eventually(async () => expect(await freshness()).toMatchObject({ isStale: true }));
      const { asOf, reason } = await freshness();
      expect(reason).toEqual(expect.any(String));
      expect(Date.parse(asOf)).toBeLessThanOrEqual(downAtMs);
      expect(Date.parse(asOf)).toBeGreaterThanOrEqual(asOfMs ?? Number.POSITIVE_INFINITY);

      const events = stage.subscribe(
        'subscription { booksChanged { ... on BookSnapshot { entries { title } complete } } }',
      );
      expect((await events.next()).value.data.booksChanged).toMatchObject({
        entries: [1, 2, 3, 4, 5].map((number) => ({ title: `Book ${number}` })),
        complete: true,
      });
      await events.return?.();
    });

    it('goes on from there when datasource is back, and reads nothing anew', async () => {
      await openKept({ STALE_AFTER: 1_000 });
      await stage.upstreamDown();
      await startOnEmptyDisk();
      await untilBooks(5);
      await eventually(async () => expect(await freshness()).toMatchObject({ isStale: true }));
      const asked = vi.spyOn(stage.model, 'changesSince');
      stage.model.put('books', 'Book 6', { title: 'Book 6' });
      await stage.upstreamUp();
      await untilBooks(6);
      await eventually(async () => expect(await freshness()).toMatchObject({ isStale: false, reason: null }));
      expect(asked.mock.results.filter(({ value }) => value.reset)).toEqual([]);
      const versions = asked.mock.calls.flatMap(([name, { version }]) => (name === 'books' ? version : []));
      expect(Math.min(...versions)).toBe(7);
    });

    it('finds there until when that was all, though nothing has changed for long', async () => {
      await openKept();
      const { asOfMs } = (await cache.position('books')) ?? {};
      await eventually(async () => {
        const later = (await cache.position('books'))?.asOfMs;
        expect(later).toBeGreaterThan(asOfMs ?? Number.POSITIVE_INFINITY);
      });
      expect(await cache.position('books')).toMatchObject({ version: 7 });
    });

    it('does not read the cache while configuration and datasource answer', async () => {
      await openKept();
      const definitions = vi.spyOn(cache, 'definitions');
      const changes = vi.spyOn(cache, 'changesSince');
      await startOnEmptyDisk();
      await untilBooks(5);
      expect(definitions).not.toHaveBeenCalled();
      expect(changes).not.toHaveBeenCalled();
    });
  });
}

describe.skipIf(!isRedisInstalled)('while Redis fails, an endpoint', () => {
  let scope: Scope;
  let redis: PrivateRedis;
  let cache: ViewCache;
  beforeEach(async () => {
    scope = new Scope();
    redis = scope.use(await openPrivateRedis());
    const options = { keyPrefix: 'test', removedMax: REMOVED_MAX, retainMs: 60_000 };
    cache = scope.use(await openRedisViewCache(redis.url, { logger: silentLogger }, options));
  });
  afterEach(async () => {
    await stage.close();
    await scope.close();
  });

  const untilKept = (version: number) =>
    expect.poll(async () => (await cache.position('books').catch(() => {}))?.version, DEADLINE).toBe(version);

  it('follows on, and fills it again from what it has once it is back, with upstream down by then', async () => {
    stage = await EndpointStage.open({ RESYNC: 50, CHANGES_PAGE: 2 }, { cache });
    stage.model.define('books', BOOK_FIELDS);
    for (const title of ['A', 'B', 'C', 'D', 'E']) stage.model.put('books', title, { title });
    await stage.announceDefinitions();
    await untilKept(5);
    await redis.stop();
    stage.model.remove('books', 'B');
    stage.model.put('books', 'F', { title: 'F' });
    await stage.announce('books');
    await eventually(async () => expect(await titles('first: 9')).toEqual(['A', 'C', 'D', 'E', 'F']));
    await stage.upstreamDown();
    await redis.start();
    await untilKept(7);

    await stage.stop();
    for (const suffix of ['', '-wal', '-shm']) rmSync(stage.viewPath + suffix, { force: true });
    await stage.start();
    await eventually(async () => expect(await titles('first: 9')).toEqual(['A', 'C', 'D', 'E', 'F']));
  });

  it('waits for it with nothing that it is asked', async () => {
    stage = await EndpointStage.open({}, { cache });
    stage.model.define('books', BOOK_FIELDS);
    await stage.announceDefinitions();
    await untilBooks(0);
    redis.freeze();
    stage.model.define('films', [field('title')]);
    stage.model.put('books', 'A', { title: 'A' });
    await stage.announceDefinitions();
    await stage.announce('books');
    await untilBooks(1);
    await eventually(async () => expect(await codeOf('{ films { totalCount } }')).toBeUndefined());
    redis.thaw();
    await untilKept(1);
  });
});

it('reads anew what may have changed while the bus was away', async () => {
  const bus = new LossyBus();
  stage = await EndpointStage.open({}, { bus });
  await eventually(() => expect(bus.gapListenerCount).toBe(1));
  stage.model.define('books', BOOK_FIELDS);
  bus.comeBack();
  await untilBooks(0);
  stage.model.put('books', 'Book 1', { title: 'Book 1' });
  bus.comeBack();
  await untilBooks(1);
  await stage.stop();
  expect(bus.gapListenerCount).toBe(0);
});
