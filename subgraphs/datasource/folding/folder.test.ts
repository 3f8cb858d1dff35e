import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../platform/adapters/memory-bus.ts';
import { openSqliteCollectionStore } from '../../../platform/adapters/sqlite-collection-store.ts';
import { ManualClock } from '../../../platform/clock.ts';
import { silentLogger } from '../../../platform/logger.ts';
import { Metrics } from '../../../platform/metrics.ts';
import type { CollectionStore } from '../../../platform/ports/collection-store.ts';
import { batchOf, definitionOf } from '../../../test/contract/collection-store-builders.ts';
import { Folder } from './folder.ts';
import { datasourceMetrics } from './metrics.ts';

const DEADLINE = { timeout: 10_000, interval: 5 };
const COLLECTION = 'books-1';
const LEASE_MS = 30_000;

describe('the folder', () => {
  const clock = new ManualClock();
  let bus: MemoryBus;
  let place: string;
  let store: CollectionStore;
  let folder: Folder;
  /** What the next commits do instead of committing. */
  let failures: Error[];
  /** What the next leases that are given back meet. */
  let releaseFailures: Error[];
  /** Waited for before these methods. */
  let waitFor: (method: 'commitFold' | 'oldestSeenAt') => Promise<void>;
  let commits: number;
  let published: { readonly incarnation: string; readonly version: number }[];

  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'tributary-folder-'));
    store = await openSqliteCollectionStore(place);
    await store.takeDefinitions([definitionOf()], 1, clock.now());
    failures = [];
    releaseFailures = [];
    waitFor = async () => {};
    commits = 0;
    published = [];
    bus = new MemoryBus(silentLogger);
    await bus.subscribe('collection.changed', (message) => published.push(message));
    folder = openFolder();
  });
  afterEach(async () => {
    await folder.close();
    await store.close();
    await rm(place, { recursive: true });
  });

  const openFolder = (isPreferred = () => true) => {
    const watched: CollectionStore = {
      ...store,
      async commitFold(...args) {
        commits += 1;
        await waitFor('commitFold');
        const failure = failures.shift();
        if (failure) throw failure;
        await store.commitFold(...args);
      },
      async oldestSeenAt(...args) {
        await waitFor('oldestSeenAt');
        return store.oldestSeenAt(...args);
      },
      async releaseFold(...args) {
        const failure = releaseFailures.shift();
        if (failure) throw failure;
        await store.releaseFold(...args);
      },
    };
    return new Folder(
      {
        store: watched,
        bus,
        clock,
        logger: silentLogger,
        metrics: datasourceMetrics(new Metrics()),
        nameOf: () => 'books',
        isPreferred,
      },
      {
        chunkEntries: 10,
        contributionItemsMax: 10,
        expiryIntervalMs: 1_000,
        leaseMs: LEASE_MS,
        concurrency: 4,
      },
    );
  };
  const deliver = async (count: number, from = 0) => {
    const titles = Array.from({ length: count }, (_, at) => `${from + at}`);
    const records = titles.map((title) => ({ key: title, fields: { title } }));
    await store.appendBatch(batchOf({ batchId: `from ${from}`, records, seenKeys: [] }), clock.now());
  };
  const counted = (entryCount: number) =>
    expect.poll(async () => (await store.status(COLLECTION)).entryCount, DEADLINE).toBe(entryCount);

  it('folds in bounded commits, and tells the bus behind each', async () => {
    await deliver(35);
    folder.wake(COLLECTION);
    await counted(35);
    await expect.poll(() => published.map(({ version }) => version), DEADLINE).toEqual([9, 19, 29, 35]);
  });

  it('folds several small batches in one commit', async () => {
    for (let at = 0; at < 5; at++) await deliver(1, at);
    folder.wake(COLLECTION);
    await counted(5);
    expect(commits).toBe(1);
  });

  it('tries again by itself when the store fails, and loses nothing', async () => {
    failures.push(new Error('the disk is full'), new Error('the disk is still full'));
    await deliver(3);
    folder.wake(COLLECTION);
    await expect.poll(() => commits, DEADLINE).toBe(1);
    await expect
      .poll(async () => {
        clock.advance(100);
        return (await store.status(COLLECTION)).entryCount;
      }, DEADLINE)
      .toBe(3);
    expect(commits).toBe(3);
  });

  it('leaves a collection to whoever folds it, and takes over when that one is gone', async () => {
    const other = await store.acquireFold(COLLECTION, 'another', LEASE_MS, clock.now());
    await deliver(3);
    folder.wake(COLLECTION);
    await expect
      .poll(async () => {
        clock.advance(1_000);
        return (await store.status(COLLECTION)).entryCount;
      }, DEADLINE)
      .toBe(3);
    expect((await store.acquireFold(COLLECTION, 'another', 1, clock.now() + 60_000))?.token).toBeGreaterThan(
      (other?.token ?? 0) + 1,
    );
  });

  it('leaves a collection to the replica that should fold it, and folds it where that one does not', async () => {
    await folder.close();
    folder = openFolder(() => false);
    await deliver(3);
    folder.wake(COLLECTION);
    // The other has half a lease's time.
    await expect.poll(() => clock.pending, DEADLINE).toBeGreaterThan(0);
    expect((await store.status(COLLECTION)).entryCount).toBe(0);
    clock.advance(LEASE_MS / 2);
    await counted(3);
  });

  it('hands a collection over once another replica should fold it, and says so', async () => {
    const told: string[] = [];
    await bus.subscribe('journal.changed', ({ incarnation }) => told.push(incarnation));
    let isPreferred = true;
    await folder.close();
    folder = openFolder(() => isPreferred);
    await deliver(3);
    folder.wake(COLLECTION);
    await counted(3);
    expect(folder.holds(COLLECTION)).toBe(true);
    isPreferred = false;
    await deliver(3, 3);
    folder.wake(COLLECTION);
    await expect.poll(() => told, DEADLINE).toEqual([COLLECTION]);
    expect(folder.holds(COLLECTION)).toBe(false);
    await counted(6);
    expect(await store.acquireFold(COLLECTION, 'another', LEASE_MS, clock.now())).toBeDefined();
  });

  it('gives its leases back when it is closed, and says so', async () => {
    const told: string[] = [];
    await bus.subscribe('journal.changed', ({ incarnation }) => told.push(incarnation));
    await deliver(3);
    folder.wake(COLLECTION);
    await counted(3);
    await folder.close();
    expect(await store.acquireFold(COLLECTION, 'another', LEASE_MS, clock.now())).toBeDefined();
    expect(told).toEqual([COLLECTION]);
  });

  it('gives back what leases it can where the store does not take one', async () => {
    await store.takeDefinitions([definitionOf({ name: 'films', incarnation: 'films-1' })], 2, clock.now());
    for (const incarnation of [COLLECTION, 'films-1']) {
      await store.appendBatch(batchOf({ incarnation, batchId: incarnation }), clock.now());
      folder.wake(incarnation);
      await expect.poll(() => folder.holds(incarnation), DEADLINE).toBe(true);
    }
    releaseFailures.push(new Error('the store is away'));
    await folder.close();
    expect(await store.acquireFold(COLLECTION, 'another', LEASE_MS, clock.now())).toBeUndefined();
    expect(await store.acquireFold('films-1', 'another', LEASE_MS, clock.now())).toBeDefined();
  });

  it.each(['commitFold', 'oldestSeenAt'] as const)(
    'plans nothing once it is closed during %s',
    async (last) => {
      const sources = [{ id: 'shop', retain: 'PT1H' }];
      await store.takeDefinitions([definitionOf({ revision: 2, sources })], 2, clock.now());
      const planned = clock.pending;
      let isThere = false;
      let go = () => {};
      const isTime = new Promise<void>((resolve) => (go = resolve));
      waitFor = async (method) => {
        if (method !== last) return;
        isThere = true;
        await isTime;
      };
      if (last === 'commitFold') failures.push(new Error('the store is away'));
      await deliver(3);
      folder.wake(COLLECTION);
      await expect.poll(() => isThere, DEADLINE).toBe(true);
      const closed = folder.close();
      go();
      await closed;
      expect(clock.pending).toBe(planned);
    },
  );

  it('lets no collection wait for a large one', async () => {
    await store.takeDefinitions([definitionOf({ name: 'films', incarnation: 'films-1' })], 2, clock.now());
    const film = { incarnation: 'films-1', batchId: 'film' };
    await deliver(100);
    await store.appendBatch(batchOf(film), clock.now());
    folder.wake(COLLECTION);
    folder.wake('films-1');
    await expect.poll(async () => (await store.status('films-1')).entryCount, DEADLINE).toBe(1);
    await counted(100);
    // Ten commits for the books, one for the film.
    const turn = published.findIndex(({ incarnation }) => incarnation === 'films-1');
    expect(turn).toBeGreaterThanOrEqual(0);
    expect(turn).toBeLessThan(3);
    expect(published.length).toBeGreaterThan(10);
  });

  it('stops between two chunks when it is closed', async () => {
    await deliver(1_000);
    folder.wake(COLLECTION);
    await expect.poll(() => commits, DEADLINE).toBeGreaterThan(0);
    await folder.close();
    const { entryCount } = await store.status(COLLECTION);
    expect(entryCount).toBeLessThan(1_000);
    folder = openFolder();
    folder.wake(COLLECTION);
    await counted(1_000);
  });
});
