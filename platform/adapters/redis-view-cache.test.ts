import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRedisInstalled, openPrivateRedis, type PrivateRedis } from '../../test/support/private-redis.ts';
import { silentLogger } from '../logger.ts';
import type { CollectionDefinition } from '../model/collection-definition.ts';
import type { ChangePage, EntryChange } from '../model/record.ts';
import type { ChangePosition, ViewCache } from '../ports/view-cache.ts';
import { Scope } from '../scope.ts';
import { openRedisViewCache } from './redis-view-cache.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const RETAIN_MS = 600_000;
const START: ChangePosition = { incarnation: 'i1', version: 0, resetHead: null };
const BOOKS: CollectionDefinition = {
  name: 'books',
  incarnation: 'i1',
  revision: 1,
  deleted: false,
  fields: [],
  key: ['title'],
  sources: [],
};

function put(id: string, version: number): EntryChange {
  const at = '2026-01-01T00:00:00.000Z';
  const fields = { title: id };
  return { id, key: id, version, removed: false, fields, firstSeenAt: at, updatedAt: at, sourceIds: [] };
}

function removal(id: string, version: number): EntryChange {
  return { ...put(id, version), removed: true, fields: null };
}

function page(changes: readonly EntryChange[], more: Partial<ChangePage> = {}): ChangePage {
  const version = changes.at(-1)?.version ?? 0;
  return { incarnation: 'i1', reset: false, changes, version, head: version, ...more };
}

describe.skipIf(!isRedisInstalled)('The view cache in Redis', () => {
  let scope: Scope;
  let server: PrivateRedis;
  let redis: Redis;
  let cache: ViewCache;

  beforeEach(async () => {
    scope = new Scope();
    server = scope.use(await openPrivateRedis());
    redis = new Redis(server.url);
    redis.on('error', () => {});
    scope.defer(() => redis.disconnect());
    cache = scope.use(
      await openRedisViewCache(
        server.url,
        { logger: silentLogger },
        { keyPrefix: 'test', removedMax: 10, retainMs: RETAIN_MS },
      ),
    );
  });
  afterEach(() => scope.close());

  const keepBooks = () => cache.keepDefinitions({ revision: 1, definitions: [BOOKS] });

  /** All kinds of keys there are: entries, something removed, and a replacement that has begun. */
  async function keepAll(): Promise<void> {
    await keepBooks();
    const first = page([put('a', 1), put('b', 2), removal('c', 3)]);
    await cache.keepChanges('books', START, first, 1_000);
    const anew = page([put('a', 1), removal('c', 3)], { reset: true, head: 9 });
    await cache.keepChanges('books', { ...START, version: 3 }, anew, null);
  }

  const ids = async () =>
    (await cache.changesSince('books', { ...START, incarnation: '' }, 10))?.changes.map(({ id }) => id);

  it('lets every key expire, and none while somebody asks for it', async () => {
    await keepAll();
    const keys = await redis.keys('*');
    expect(keys.sort()).toEqual([
      'test:view:collection:books',
      ...[1, 2].flatMap((number) =>
        ['', ':entries', ':removed', ':versions'].map(
          (part) => `test:view:collection:books:${number}${part}`,
        ),
      ),
      'test:view:definitions',
    ]);
    const remainingMs = () => Promise.all(keys.map((key) => redis.pttl(key)));
    for (const ms of await remainingMs()) expect(ms).toBeGreaterThan(RETAIN_MS / 2);
    for (const key of keys) await redis.pexpire(key, RETAIN_MS / 2 - 1);
    await cache.position('books');
    for (const ms of await remainingMs()) expect(ms).toBeGreaterThan(RETAIN_MS / 2);
    await redis.pexpire('test:view:definitions', 1_000);
    await cache.revision();
    expect(await redis.pttl('test:view:definitions')).toBeGreaterThan(RETAIN_MS / 2);
  });

  it('leaves nothing behind of what it no longer keeps', async () => {
    await keepAll();
    const behind = { ...START, version: 3, resetHead: 9 };
    await cache.keepChanges('books', behind, page([put('a', 1)], { reset: true, head: 9 }), null);
    expect((await redis.keys('test:view:collection:books:2*')).length).toBe(0);
    await cache.keepChanges('books', { ...behind, version: 1 }, page([put('b', 9)]), null);
    expect((await redis.keys('test:view:collection:books:1*')).length).toBe(0);
    expect(await ids()).toEqual(['a', 'b']);
    await cache.keepDefinitions({ revision: 2, definitions: [] });
    expect(await redis.keys('*')).toEqual(['test:view:definitions']);
  });

  it('takes what Redis has lost a part of for nothing, and keeps it anew', async () => {
    for (const part of ['', ':entries', ':versions', ':removed']) {
      await redis.flushall();
      await keepAll();
      // The replacement, and then what is served.
      await redis.del(`test:view:collection:books:2${part}`);
      expect(await cache.position('books')).toEqual({ ...START, version: 3, asOfMs: 1_000 });
      await redis.del(`test:view:collection:books:1${part}`);
      expect(await cache.position('books')).toEqual({ ...START, asOfMs: null });
      expect(await ids()).toEqual([]);
      await cache.keepChanges('books', START, page([put('a', 1), put('b', 2), removal('c', 3)]), 2_000);
      expect(await cache.position('books')).toEqual({ ...START, version: 3, asOfMs: 2_000 });
      expect(await ids()).toEqual(['a', 'b']);
      expect((await redis.keys('*:entries')).length).toBe(1);
    }
  });

  it('makes its tables anew where only they were left', async () => {
    await keepAll();
    await redis.del('test:view:collection:books');
    expect(await cache.position('books')).toEqual({ ...START, asOfMs: null });
    await cache.keepChanges('books', START, page([put('b', 2)]), 2_000);
    expect(await ids()).toEqual(['b']);
  });

  it('is there again, with nothing in it, once Redis has been started again', async () => {
    await keepAll();
    await server.stop();
    const away = { code: 'DATASOURCE_UNAVAILABLE', retryable: true };
    await expect(cache.revision()).rejects.toMatchObject(away);
    await expect(cache.position('books')).rejects.toMatchObject(away);
    await expect(cache.definitions()).rejects.toMatchObject(away);
    await expect(cache.keepChanges('books', START, page([]), null)).rejects.toMatchObject(away);
    await server.start();
    await expect.poll(() => cache.revision().catch(() => -1), DEADLINE).toBe(0);
    expect(await cache.position('books')).toBeUndefined();
    await keepBooks();
    await cache.keepChanges('books', START, page([put('b', 2)]), 2_000);
    expect(await ids()).toEqual(['b']);
  });

  it('waits for no Redis that does not answer', async () => {
    await keepAll();
    server.freeze();
    await expect(cache.position('books')).rejects.toMatchObject({ code: 'DATASOURCE_UNAVAILABLE' });
    server.thaw();
    await expect.poll(() => cache.position('books').catch(() => {}), DEADLINE).toMatchObject({ version: 3 });
  });

  it('says that it is closed', async () => {
    await cache.close();
    await expect(cache.position('books')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
