import { beforeEach, describe, expect, it } from 'vitest';
import type { FoldLease } from '../../platform/ports/collection-store.ts';
import type { Subject } from './collection-store.ts';
import { batchOf, commit, contributionOf, definitionOf, entryOf, NOW } from './collection-store-builders.ts';

const LEASE_MS = 1_000;

/** Leases of the fold, and entries. */
export function collectionStoreFold(subject: Subject): void {
  const acquire = async (holder: string, nowMs = NOW) => {
    const lease = await subject.store.acquireFold('books-1', holder, LEASE_MS, nowMs);
    if (!lease) throw new Error(`${holder} does not get the lease.`);
    return lease;
  };
  const keysOf = async (...args: Parameters<Subject['store']['entriesOfSource']>) =>
    (await subject.store.entriesOfSource(...args)).map(({ key }) => key);

  beforeEach(() => subject.store.takeDefinitions([definitionOf()], 1, NOW));

  describe('has one fold of a collection at a time and', () => {
    it('gives its lease to nobody else while it runs, and prolongs it for its holder', async () => {
      const lease = await acquire('one');
      expect(await subject.store.acquireFold('books-1', 'other', LEASE_MS, NOW + 999)).toBeUndefined();
      expect(await acquire('one', NOW + 900)).toEqual(lease);
      expect(await subject.store.acquireFold('books-1', 'other', LEASE_MS, NOW + 1_500)).toBeUndefined();
    });

    it('refuses writes of a holder that lost it, and leaves nothing of them', async () => {
      const lost = await acquire('one');
      const lease = await acquire('other', NOW + LEASE_MS);
      expect(lease.token).toBeGreaterThan(lost.token);
      const put = { entry: entryOf(1), stored: undefined };
      await expect(commit(subject.store, lost, [put])).rejects.toMatchObject({ name: 'FoldLostError' });
      await expect(subject.store.dropChunk(lost, 10)).rejects.toMatchObject({ name: 'FoldLostError' });
      expect(await subject.store.status('books-1')).toMatchObject({ head: 0, entryCount: 0 });
      await commit(subject.store, lease, [put]);
      expect(await subject.store.status('books-1')).toMatchObject({ head: 1, entryCount: 1 });
    });

    it('gives a lease that was given back, under a higher token', async () => {
      const lease = await acquire('one');
      await subject.store.releaseFold(lease);
      expect((await acquire('other')).token).toBeGreaterThan(lease.token);
    });

    it('ignores the giving back of a lease that has gone to another holder', async () => {
      const lost = await acquire('one');
      await acquire('other', NOW + LEASE_MS);
      await subject.store.releaseFold(lost);
      expect(await subject.store.acquireFold('books-1', 'third', LEASE_MS, NOW + LEASE_MS)).toBeUndefined();
    });

    it('has leases of each collection by itself, and none of those it does not know', async () => {
      await subject.store.takeDefinitions([definitionOf({ name: 'films', incarnation: 'films-1' })], 2, NOW);
      await acquire('one');
      expect(await subject.store.acquireFold('films-1', 'other', LEASE_MS, NOW)).toBeDefined();
      expect(await subject.store.acquireFold('nothing', 'one', LEASE_MS, NOW)).toBeUndefined();
    });
  });

  describe('keeps entries and', () => {
    let lease: FoldLease;
    beforeEach(async () => {
      lease = await acquire('one');
    });

    it('gives them back as they were put, by key and in their order, also when opened again', async () => {
      const items = [1, 2].map((at) => ({
        values: { title: `${at}`, more: { list: [null, 1.5] } },
        first: at,
        news: at,
        seen: 2 ** 52 + at,
        seenAt: NOW,
      }));
      const rich = entryOf(1, {
        fields: { title: '\u{1f4d6} "quoted"', none: null },
        contributions: [
          { ...contributionOf('library', 3, NOW), items },
          { ...contributionOf('shop', 4), items: [{ ...items[0], values: { title: 'x' } } as never] },
        ],
      });
      const entries = [rich, entryOf(2), entryOf(3)];
      await commit(
        subject.store,
        lease,
        entries.map((entry) => ({ entry, stored: undefined })),
      );
      await subject.reopen();
      expect(await subject.store.entriesBehind('books-1', 0, 10)).toEqual(entries);
      expect(await subject.store.entriesBehind('books-1', 1, 1)).toEqual([entries[1]]);
      const found = await subject.store.entriesByKey('books-1', ['key-1', 'key-3', 'key-9']);
      expect(found).toEqual(
        new Map([
          ['key-1', rich],
          ['key-3', entries[2]],
        ]),
      );
    });

    it('keeps the state of the fold with them', async () => {
      await subject.store.appendBatch(batchOf(), NOW);
      expect(await subject.store.unfolded()).toEqual(['books-1']);
      const state = {
        sequence: 2,
        progress: 7,
        definition: definitionOf(),
        head: 1,
        entryCount: 1,
        nextOrdinal: 2,
        updatedAt: NOW + 1,
        hasStrays: true,
      };
      await subject.store.commitFold(lease, {
        state,
        puts: [{ entry: entryOf(1), stored: undefined }],
        removals: [],
        history: [],
      });
      await subject.reopen();
      expect(await subject.store.foldState('books-1')).toEqual(state);
      expect(await subject.store.unfolded()).toEqual([]);
      expect(await subject.store.status('books-1')).toEqual({ head: 1, entryCount: 1, updatedAt: NOW + 1 });
    });

    it('finds what a run did not touch among many that it did', async () => {
      const entries = Array.from({ length: 300 }, (_, at) =>
        entryOf(at + 1, { contributions: [contributionOf('shop', 100)] }),
      );
      await commit(
        subject.store,
        lease,
        entries.map((entry) => ({ entry, stored: undefined })),
      );
      const missed = new Set(['key-7', 'key-64', 'key-65', 'key-300']);
      const puts = entries
        .filter(({ key }) => !missed.has(key))
        .map((entry) => ({
          entry: { ...entry, contributions: [contributionOf('shop', 200)] },
          stored: entry,
        }));
      await commit(subject.store, lease, puts);
      expect(await keysOf('books-1', 'shop', { touchedBefore: 200 }, 100)).toEqual([...missed]);
      expect(await keysOf('books-1', 'shop', { touchedBefore: 200 }, 2)).toEqual(['key-7', 'key-64']);
      const [first] = puts;
      if (!first) return;
      await commit(subject.store, lease, [], [{ stored: first.entry, version: 301 }]);
      expect(await keysOf('books-1', 'shop', { touchedBefore: 200 }, 100)).toEqual([...missed]);
      expect(await keysOf('books-1', 'shop', { touchedBefore: 100 }, 100)).toEqual([]);
      expect(await keysOf('books-1', 'shop', { touchedBefore: 201 }, 1_000)).toHaveLength(299);
      expect(await keysOf('books-1', 'library', { touchedBefore: 200 }, 100)).toEqual([]);
    });

    it('finds all that a source contributes to, and forgets it when it no longer does', async () => {
      const both = entryOf(1, { contributions: [contributionOf('library', 1), contributionOf('shop', 2)] });
      await commit(subject.store, lease, [
        { entry: both, stored: undefined },
        { entry: entryOf(2), stored: undefined },
      ]);
      expect(await keysOf('books-1', 'shop', {}, 10)).toEqual(['key-1', 'key-2']);
      const alone = { ...both, version: 3, contributions: [contributionOf('library', 1)] };
      await commit(subject.store, lease, [{ entry: alone, stored: both }]);
      expect(await keysOf('books-1', 'shop', {}, 10)).toEqual(['key-2']);
      await commit(subject.store, lease, [], [{ stored: entryOf(2), version: 4 }]);
      expect(await keysOf('books-1', 'shop', {}, 10)).toEqual([]);
      expect(await keysOf('books-1', 'library', {}, 10)).toEqual(['key-1']);
    });

    it('finds what was last seen until a time, and the oldest of it', async () => {
      const entries = [30, 10, 20].map((age, at) =>
        entryOf(at + 1, { contributions: [contributionOf('library', 1, NOW - age)] }),
      );
      await commit(
        subject.store,
        lease,
        entries.map((entry) => ({ entry, stored: undefined })),
      );
      expect(await subject.store.oldestSeenAt('books-1', 'library')).toBe(NOW - 30);
      expect(await subject.store.oldestSeenAt('books-1', 'shop')).toBeUndefined();
      expect(await keysOf('books-1', 'library', { seenUntil: NOW - 20 }, 10)).toEqual(['key-1', 'key-3']);
      expect(await keysOf('books-1', 'library', { seenUntil: NOW - 31 }, 10)).toEqual([]);
      const [oldest] = entries;
      if (!oldest) return;
      const seenAgain = { ...oldest, contributions: [contributionOf('library', 2, NOW)] };
      await commit(subject.store, lease, [{ entry: seenAgain, stored: oldest }]);
      expect(await subject.store.oldestSeenAt('books-1', 'library')).toBe(NOW - 20);
    });

    it('lets an entry come back under a new ordinal within one commit', async () => {
      const before = entryOf(1);
      await commit(subject.store, lease, [{ entry: before, stored: undefined }]);
      const back = entryOf(2, { key: 'key-1', version: 3 });
      await commit(subject.store, lease, [{ entry: back, stored: before }]);
      expect(await subject.store.entriesBehind('books-1', 0, 10)).toEqual([back]);
      expect(await keysOf('books-1', 'shop', {}, 10)).toEqual(['key-1']);
    });

    it('drops a collection that is gone in steps, and leaves others alone', async () => {
      const other = definitionOf({ name: 'films', incarnation: 'films-1' });
      await subject.store.takeDefinitions([other], 2, NOW);
      const others = await subject.store.acquireFold('films-1', 'one', LEASE_MS, NOW);
      if (!others) throw new Error('The lease is not to be had.');
      const entries = Array.from({ length: 20 }, (_, at) => ({ entry: entryOf(at + 1), stored: undefined }));
      await commit(subject.store, lease, entries);
      await commit(subject.store, others, entries);
      await subject.store.appendBatch(batchOf(), NOW);
      await subject.store.takeDefinitions([definitionOf({ revision: 3, deleted: true })], 3, NOW);
      let steps = 1;
      while (!(await subject.store.dropChunk(lease, 3))) steps += 1;
      expect(steps).toBeGreaterThan(5);
      expect(await subject.store.unfolded()).toEqual(['films-1']);
      expect(await subject.store.entriesBehind('films-1', 0, 100)).toHaveLength(20);
      expect(await keysOf('films-1', 'shop', {}, 100)).toHaveLength(20);
      await subject.reopen();
      // The name may come back, and begins anew.
      await subject.store.takeDefinitions([definitionOf({ incarnation: 'books-2', revision: 4 })], 4, NOW);
      expect(await subject.store.status('books-2')).toEqual({ head: 0, entryCount: 0, updatedAt: undefined });
      expect(await subject.store.history('books-2', 0, 10)).toEqual([]);
    });
  });
}
