import { beforeEach, describe, expect, it } from 'vitest';
import { entryId } from '../../platform/model/entry.ts';
import type { ChangesRequest, FoldLease } from '../../platform/ports/collection-store.ts';
import type { Subject } from './collection-store.ts';
import { commit, contributionOf, definitionOf, entryOf, NOW } from './collection-store-builders.ts';

/** What readers of changes meet. */
export function collectionStoreChanges(subject: Subject): void {
  const since = (version: number, request: Partial<ChangesRequest> = {}) =>
    subject.store.changesSince('books-1', { incarnation: 'books-1', version, limit: 100, ...request });
  const told = async (...args: Parameters<typeof since>) => {
    const { changes, version, reset } = await since(...args);
    return {
      changes: changes.map((change) => `${change.removed ? '-' : '+'}${change.key}@${change.version}`),
      version,
      reset,
    };
  };

  describe('tells changes and', () => {
    let lease: FoldLease;
    const entries = [1, 2, 3, 4].map((ordinal) => entryOf(ordinal));

    beforeEach(async () => {
      await subject.store.takeDefinitions([definitionOf()], 1, NOW);
      const given = await subject.store.acquireFold('books-1', 'one', 1_000, NOW);
      if (!given) throw new Error('The lease is not to be had.');
      lease = given;
    });
    const fill = () =>
      commit(
        subject.store,
        lease,
        entries.map((entry) => ({ entry, stored: undefined })),
      );
    const remove = (at: number, version: number, removedAt = NOW) =>
      commit(subject.store, lease, [], [{ stored: entries[at] as never, version, at: removedAt }]);

    it('has nothing to tell of a collection that nothing was folded into', async () => {
      expect(await since(0)).toEqual({
        incarnation: 'books-1',
        reset: false,
        changes: [],
        version: 0,
        head: 0,
      });
      await expect(
        subject.store.changesSince('nothing', { incarnation: undefined, version: 0, limit: 1 }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('tells all of an entry, or that it was removed', async () => {
      await fill();
      const contributions = [contributionOf('library', 1), contributionOf('shop', 1)];
      const entry = entryOf(2, { version: 5, fields: { title: 'new' }, updatedAt: NOW + 5, contributions });
      await commit(subject.store, lease, [{ entry, stored: entries[1] }]);
      await remove(2, 6, NOW + 6);
      expect((await since(4)).changes).toEqual([
        {
          id: entryId('books', 'key-2'),
          key: 'key-2',
          version: 5,
          removed: false,
          fields: { title: 'new' },
          firstSeenAt: new Date(NOW).toISOString(),
          updatedAt: new Date(NOW + 5).toISOString(),
          sourceIds: ['library', 'shop'],
        },
        {
          id: entryId('books', 'key-3'),
          key: 'key-3',
          version: 6,
          removed: true,
          fields: null,
          firstSeenAt: new Date(NOW).toISOString(),
          updatedAt: new Date(NOW + 6).toISOString(),
          sourceIds: [],
        },
      ]);
    });

    it('tells each entry once, in pages by version that go on behind one another', async () => {
      await fill();
      const again = entryOf(1, { version: 5 });
      await commit(subject.store, lease, [{ entry: again, stored: entries[0] }]);
      await remove(1, 6);
      expect(await told(0)).toEqual({
        changes: ['+key-3@3', '+key-4@4', '+key-1@5', '-key-2@6'],
        version: 6,
        reset: false,
      });
      expect(await told(0, { limit: 3 })).toEqual({
        changes: ['+key-3@3', '+key-4@4', '+key-1@5'],
        version: 5,
        reset: false,
      });
      expect(await told(5, { limit: 3 })).toMatchObject({ changes: ['-key-2@6'], version: 6 });
      expect(await told(6)).toEqual({ changes: [], version: 6, reset: false });
    });

    it('tells each entry once however often it or others have changed, from whatever version', async () => {
      const count = 50;
      // The first stay as they are, below all that the others leave behind.
      const idle = 5;
      let stored = Array.from({ length: count }, (_, at) => entryOf(at + 1));
      await commit(
        subject.store,
        lease,
        stored.map((entry) => ({ entry, stored: undefined })),
      );
      for (let round = 1; round <= 60; round++) {
        const before = stored;
        stored = before.map((entry, at) =>
          at < idle ? entry : { ...entry, version: round * count + at + 1 },
        );
        await commit(
          subject.store,
          lease,
          stored.slice(idle).map((entry, at) => ({ entry, stored: before[at + idle] })),
        );
      }
      const newest = stored.map(({ key, version }) => `+${key}@${version}`);
      expect((await told(0)).changes).toEqual(newest);
      expect((await told(2)).changes).toEqual(newest.slice(2));
      for (const version of [idle, count * 30, count * 60]) {
        expect((await told(version)).changes).toEqual(newest.slice(idle));
      }
      await subject.reopen();
      expect((await told(count * 61 - 2)).changes).toEqual(newest.slice(-2));
      expect((await told(1, { limit: 2 })).changes).toEqual(newest.slice(1, 3));
    });

    it('has a removed entry told again when it is back, and not that it was removed', async () => {
      await fill();
      await remove(0, 5);
      const back = entryOf(5, { key: 'key-1', version: 6 });
      await commit(subject.store, lease, [{ entry: back, stored: undefined }]);
      expect(await told(4)).toMatchObject({ changes: ['+key-1@6'] });
    });

    it('starts anew whoever comes with another incarnation, or from a version beyond the head', async () => {
      await fill();
      await remove(0, 5);
      const all = { changes: ['+key-2@2', '+key-3@3', '+key-4@4'], version: 5, reset: true };
      expect(await told(2, { incarnation: 'books-0' })).toEqual(all);
      expect(await told(2, { incarnation: undefined })).toEqual(all);
      expect(await told(6)).toEqual(all);
    });

    it('starts anew whoever comes from before a forgotten tombstone, and lets it read to the end', async () => {
      await fill();
      await remove(0, 5, NOW);
      await remove(3, 6, NOW + 10);
      await commit(subject.store, lease, [{ entry: entryOf(5, { version: 7 }), stored: undefined }]);
      expect(await subject.store.pruneChanges({ tombstones: NOW, history: 0 }, 10)).toBe(0);
      expect(await subject.store.pruneChanges({ tombstones: NOW + 5, history: 0 }, 10)).toBe(1);
      await subject.reopen();
      expect(await told(5)).toEqual({ changes: ['-key-4@6', '+key-5@7'], version: 7, reset: false });
      expect(await told(4)).toEqual({
        changes: ['+key-2@2', '+key-3@3', '+key-5@7'],
        version: 7,
        reset: true,
      });

      const first = await since(0, { incarnation: undefined, limit: 1 });
      expect(first).toMatchObject({ reset: true, version: 2, head: 7 });
      expect(await told(2, { limit: 1 })).toMatchObject({ reset: true });
      expect(await told(2, { limit: 1, resetHead: first.head })).toEqual({
        changes: ['+key-3@3'],
        version: 3,
        reset: false,
      });
      expect(await told(3, { resetHead: first.head })).toMatchObject({ version: 7, reset: false });
      // A reset that began before the tombstone was forgotten may have told of what it stands for.
      expect(await told(2, { resetHead: 4 })).toMatchObject({ reset: true });
    });

    it('keeps every change in its history until it is old', async () => {
      await fill();
      const again = entryOf(1, { version: 5, fields: { title: 'again' } });
      await commit(subject.store, lease, [{ entry: again, stored: entries[0] }]);
      await remove(1, 6, NOW + 10);
      expect(await subject.store.history('books-1', 3, 2)).toEqual([
        { version: 4, key: 'key-4', fields: { title: 'key-4' }, at: NOW },
        { version: 5, key: 'key-1', fields: { title: 'again' }, at: NOW },
      ]);
      const forgotten: number[] = [];
      do forgotten.push(await subject.store.pruneChanges({ tombstones: 0, history: NOW + 5 }, 3));
      while (forgotten.at(-1) !== 0);
      expect(forgotten.length).toBeGreaterThan(2);
      expect(forgotten.reduce((sum, count) => sum + count)).toBe(5);
      expect(await subject.store.history('books-1', 0, 10)).toEqual([
        { version: 6, key: 'key-2', fields: null, at: NOW + 10 },
      ]);
    });
  });

  it('does nothing any more once it is closed', async () => {
    await subject.store.takeDefinitions([definitionOf()], 1, NOW);
    await subject.store.close();
    await subject.store.close();
    await expect(subject.store.status('books-1')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(subject.store.appendExpiry('books-1', NOW)).rejects.toMatchObject({ code: 'CLOSED' });
  });
}
