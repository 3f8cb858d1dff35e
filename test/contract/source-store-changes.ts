import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { aChange, aCollection, aRun, aSource, aSpec, NOW } from './source-store-builders.ts';

/** Commits: all or nothing, compared with what was read. */
export function sourceStoreChanges(open: () => Promise<SourceStore>): void {
  describe('in a commit', () => {
    let store: SourceStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    it('puts source, definition and run in place together', async () => {
      const source = aSource('s1', { queuedRunId: 'r1', lastRunId: 'r1' });
      const committed = await store.commit({ ...aChange(source), runs: [aRun('r1', 's1')] });
      expect(committed).toEqual({ version: 1, definitionsRevision: 1 });
      expect(await store.source('s1')).toEqual({ ...source, version: 1 });
      expect(await store.run('r1')).toEqual(aRun('r1', 's1'));
      expect(await store.collection('books')).toEqual({
        name: 'books',
        incarnation: 'books-1',
        revision: 1,
        deleted: false,
        fields: aCollection().fields,
        key: ['url'],
      });
    });

    it('keeps every property of a source', async () => {
      const source = aSource(
        's1',
        {
          revision: 7,
          readRevision: 5,
          isPaused: true,
          isFailing: true,
          removed: 'KEEP',
          updatedAt: NOW + 1,
          nextRunAt: null,
          queuedRunId: 'q',
          runningRunId: 'r',
          lastRunId: 'l',
          baselineRecords: 12,
          token: 9,
        },
        {
          name: 'Bücher',
          schedule: { cron: '0 6 * * *', timezone: 'Europe/Berlin' },
          pagination: { next: 'a.next@href', limit: 3 },
          isolation: 'DEDICATED',
          retain: 'P7D',
        },
      );
      await store.commit({ source });
      expect(await store.source('s1')).toEqual({ ...source, version: 1 });
    });

    it('refuses a source that changed since it was read, and stores nothing of the change', async () => {
      const source = aSource('s1');
      await store.commit(aChange(source));
      await store.commit({ source: { ...source, version: 1, isPaused: true } });

      const late = {
        source: { ...source, version: 1, isFailing: true },
        runs: [aRun('r1', 's1')],
        collection: aCollection({ expectedRevision: 1, key: ['title'] }),
      };
      expect(await store.commit(late)).toBeUndefined();
      expect(await store.source('s1')).toMatchObject({ version: 2, isPaused: true, isFailing: false });
      expect(await store.run('r1')).toBeUndefined();
      expect(await store.collection('books')).toMatchObject({ revision: 1, key: ['url'] });
    });

    it('refuses a new source under an id that there is', async () => {
      await store.commit(aChange(aSource('s1')));
      expect(await store.commit({ source: aSource('s1', { token: 5 }) })).toBeUndefined();
      expect(await store.source('s1')).toMatchObject({ token: 0 });
    });

    it('refuses a definition that changed since it was read, and stores nothing of the change', async () => {
      await store.commit(aChange(aSource('s1')));
      const late = { source: aSource('s2'), runs: [aRun('r2', 's2')], collection: aCollection() };
      expect(await store.commit(late)).toBeUndefined();
      expect(await store.source('s2')).toBeUndefined();
      expect(await store.run('r2')).toBeUndefined();
    });

    it('refuses new names where any definition changed since they were found free', async () => {
      await store.commit(aChange(aSource('s1')));
      const { revision } = await store.collectionNames();
      await store.commit(aChange(aSource('s2', { incarnation: 'b' }, { collection: 'book_s' })));
      const taken = { name: 'bikes', expectedDefinitionsRevision: revision };
      const source = aSource('s3', {}, { collection: 'bikes' });
      expect(await store.commit({ source, collection: aCollection(taken) })).toBeUndefined();
      const free = { name: 'bikes', expectedDefinitionsRevision: 2 };
      expect(await store.commit({ source, collection: aCollection(free) })).toBeDefined();
    });

    it('stores only one of many changes made of the same reading', async () => {
      await store.commit(aChange(aSource('s1')));
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.commit({ source: aSource('s1', { version: 1, baselineRecords: index }) }),
        ),
      );
      const winners = results.flatMap((result, index) => (result ? [index] : []));
      expect(winners).toHaveLength(1);
      expect(await store.source('s1')).toMatchObject({ version: 2, baselineRecords: winners[0] });
    });

    it('never holds two running runs of a source', async () => {
      await store.commit({ source: aSource('s1'), runs: [aRun('r1', 's1', { status: 'RUNNING' })] });
      const second = {
        source: aSource('s1', { version: 1 }),
        runs: [aRun('r2', 's1', { status: 'RUNNING' })],
      };
      await expect(store.commit(second)).rejects.toThrow();
      expect(await store.source('s1')).toMatchObject({ version: 1 });
      expect(await store.run('r2')).toBeUndefined();
    });

    it('replaces a run by its id', async () => {
      await store.commit({ source: aSource('s1'), runs: [aRun('r1', 's1')] });
      const failed = aRun('r1', 's1', {
        status: 'FAILED',
        finishedAt: NOW,
        error: { code: 'TIMEOUT', message: 'Too slow.', url: 'https://example.com/' },
        misses: [{ field: 'title', missing: 1, invalid: 2, sample: 'x' }],
        quarantinedRecords: [{ page: 'p', field: 'f', reason: 'r', raw: { f: null } }],
      });
      await store.commit({ source: aSource('s1', { version: 1 }), runs: [failed] });
      expect(await store.run('r1')).toEqual(failed);
      expect(await store.countRuns({})).toBe(1);
    });
  });

  describe('of definitions', () => {
    let store: SourceStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    it('lists each collection once, at its last change, with its sources', async () => {
      await store.commit(aChange(aSource('s1')));
      await store.commit(aChange(aSource('s2', { incarnation: 'b' }, { collection: 'bikes' })));
      await store.commit({
        source: aSource('s3', {}, { retain: 'FOREVER' }),
        collection: aCollection({ expectedRevision: 1 }),
      });
      const page = await store.definitions(0, 10);
      expect(page).toMatchObject({ revision: 3, hasMore: false });
      expect(page.definitions.map(({ name, revision }) => [name, revision])).toEqual([
        ['bikes', 2],
        ['books', 3],
      ]);
      expect(page.definitions[1]?.sources).toEqual([
        { id: 's1', retain: 'LATEST_RUN' },
        { id: 's3', retain: 'FOREVER' },
      ]);
    });

    it('follows on from a revision, page by page', async () => {
      for (const name of ['a', 'b', 'c']) {
        await store.commit(aChange(aSource(name, { incarnation: name }, { collection: name })));
      }
      const first = await store.definitions(0, 2);
      expect(first).toMatchObject({ revision: 2, hasMore: true });
      const second = await store.definitions(first.revision, 2);
      expect(second.definitions.map(({ name }) => name)).toEqual(['c']);
      expect(second).toMatchObject({ revision: 3, hasMore: false });
      expect(await store.definitions(3, 2)).toEqual({ definitions: [], revision: 3, hasMore: false });
    });

    it('keeps removed sources listed, each with what becomes of its data', async () => {
      await store.commit(aChange(aSource('s1')));
      await store.commit({ source: aSource('s2'), collection: aCollection({ expectedRevision: 1 }) });
      await store.commit({
        source: aSource('s1', { version: 1, removed: 'KEEP' }),
        collection: aCollection({ expectedRevision: 2 }),
      });
      const { definitions } = await store.definitions(2, 10);
      expect(definitions[0]?.sources).toEqual([
        { id: 's1', retain: 'LATEST_RUN', removed: 'KEEP' },
        { id: 's2', retain: 'LATEST_RUN' },
      ]);
    });

    it('leaves a tombstone of a deleted collection, whose sources are all removed with it', async () => {
      await store.commit(aChange(aSource('s1', { removed: 'KEEP' })));
      await store.commit({ source: aSource('s2'), collection: aCollection({ expectedRevision: 1 }) });
      await store.commit({
        source: aSource('s2', { version: 1, removed: 'DELETE' }),
        collection: aCollection({ expectedRevision: 2, isDeleted: true }),
      });
      expect(await store.collectionNames()).toEqual({ names: [], revision: 3 });
      const { definitions } = await store.definitions(0, 10);
      expect(definitions).toMatchObject([
        { name: 'books', deleted: true, sources: [{ removed: 'DELETE' }, { removed: 'DELETE' }] },
      ]);
      expect(await store.source('s1')).toMatchObject({ removed: 'DELETE', version: 2 });
    });

    it('tells a new incarnation from the sources of the old one', async () => {
      await store.commit(aChange(aSource('s1')));
      await store.commit({
        source: aSource('s1', { version: 1, removed: 'DELETE' }),
        collection: aCollection({ expectedRevision: 1, isDeleted: true }),
      });
      await store.commit({
        source: aSource('s2', { incarnation: 'books-2' }),
        collection: aCollection({ incarnation: 'books-2', expectedRevision: 2 }),
      });
      const { definitions } = await store.definitions(0, 10);
      expect(definitions).toMatchObject([
        { incarnation: 'books-2', deleted: false, sources: [{ id: 's2' }] },
      ]);
      expect(await store.sourcesOfCollection('books', 'books-1')).toEqual([]);
      expect(await store.sourcesOfCollection('books', 'books-2')).toMatchObject([{ spec: aSpec('s2') }]);
    });
  });
}
