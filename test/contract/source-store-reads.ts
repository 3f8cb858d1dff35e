import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CursorInvalidError } from '../../platform/errors.ts';
import type { ObservedCluster } from '../../platform/model/cluster.ts';
import type { SourceState } from '../../platform/model/source.ts';
import type { Page, SourceQuery, SourceStore } from '../../platform/ports/source-store.ts';
import { aRun, aSource, aWorker, NOW } from './source-store-builders.ts';

/** Lists, their pages and filters; tombstones; the cluster; being closed. */
export function sourceStoreReads(open: () => Promise<SourceStore>): void {
  describe('of lists', () => {
    let store: SourceStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    const sourceIds = (page: { items: Page<{ spec: { id: string } }>['items'] }) =>
      page.items.map(({ node }) => node.spec.id);

    it('gives sources oldest first, page by page, and loses none to those that come or go', async () => {
      for (const id of ['a', 'b', 'c', 'd', 'e']) await store.commit({ source: aSource(id) });
      const first = await store.sources({}, { first: 2 });
      expect(sourceIds(first)).toEqual(['a', 'b']);
      expect(first.hasMore).toBe(true);
      await store.commit({ source: aSource('a', { version: 1, removed: 'DELETE' }) });
      await store.commit({ source: aSource('f') });
      const second = await store.sources({}, { first: 3, after: first.items.at(-1)?.cursor });
      expect(sourceIds(second)).toEqual(['c', 'd', 'e']);
      const third = await store.sources({}, { first: 3, after: second.items.at(-1)?.cursor });
      expect(sourceIds(third)).toEqual(['f']);
      expect(third.hasMore).toBe(false);
    });

    it('gives runs newest first, page by page', async () => {
      await store.commit({
        source: aSource('s1'),
        runs: [1, 2, 3].map((n) => aRun(`r${n}`, 's1', { status: 'SUCCEEDED' })),
      });
      await store.commit({ source: aSource('s2'), runs: [aRun('r4', 's2', { status: 'FAILED' })] });
      const first = await store.runs({}, { first: 3 });
      expect(first.items.map(({ node }) => node.id)).toEqual(['r4', 'r3', 'r2']);
      const second = await store.runs({}, { first: 3, after: first.items.at(-1)?.cursor });
      expect(second.items.map(({ node }) => node.id)).toEqual(['r1']);
      expect(await store.countRuns({})).toBe(4);
      expect(await store.countRuns({ sourceId: 's1', status: 'SUCCEEDED' })).toBe(3);
      expect(await store.countRuns({ sourceId: 's1', status: 'FAILED' })).toBe(0);
    });

    it.each(['nonsense', '', Buffer.from('["other",1]').toString('base64url')])(
      'refuses %j as a cursor',
      async (after) => {
        await expect(store.sources({}, { first: 1, after })).rejects.toThrow(CursorInvalidError);
        await expect(store.runs({}, { first: 1, after })).rejects.toThrow(CursorInvalidError);
      },
    );

    it("takes no cursor of another list's", async () => {
      await store.commit({ source: aSource('s1'), runs: [aRun('r1', 's1')] });
      const [run] = (await store.runs({}, { first: 1 })).items;
      await expect(store.sources({}, { first: 1, after: run?.cursor })).rejects.toThrow(CursorInvalidError);
    });

    it.each<[string, SourceQuery, string[]]>([
      ['nothing given, all that live', {}, ['active', 'paused', 'failing', 'bike']],
      ['a collection', { collection: 'bikes' }, ['bike']],
      ...(['ACTIVE', 'PAUSED', 'FAILING', 'REMOVED'] as SourceState[]).map(
        (state): [string, SourceQuery, string[]] => [
          `state ${state}`,
          { state, collection: 'books' },
          [{ ACTIVE: 'active', PAUSED: 'paused', FAILING: 'failing', REMOVED: 'kept' }[state]],
        ],
      ),
      ['part of a name, in any case and script', { search: 'BÜCHER' }, ['bike']],
      ['part of a URL', { search: 'COM/paus' }, ['paused']],
      ['what SQL would take for a wildcard', { search: '%' }, []],
    ])('finds sources by %s', async (_, query, expected) => {
      await store.commit({ source: aSource('active') });
      await store.commit({ source: aSource('paused', { isPaused: true, isFailing: true }) });
      await store.commit({ source: aSource('failing', { isFailing: true }) });
      await store.commit({ source: aSource('kept', { removed: 'KEEP' }) });
      await store.commit({ source: aSource('deleted', { removed: 'DELETE' }) });
      await store.commit({ source: aSource('bike', {}, { collection: 'bikes', name: 'Neue Bücher' }) });
      expect(sourceIds(await store.sources(query, { first: 100 }))).toEqual(expected);
      expect(await store.countSources(query)).toBe(expected.length);
    });

    it('finds the tombstones of removed sources by id', async () => {
      await store.commit({ source: aSource('s1', { removed: 'DELETE', nextRunAt: null }) });
      expect(await store.source('s1')).toMatchObject({ removed: 'DELETE' });
      expect(await store.source('s2')).toBeUndefined();
    });

    it('prunes the oldest runs of one source, but none that is open', async () => {
      await store.commit({
        source: aSource('s1'),
        runs: [aRun('waiting', 's1'), ...[1, 2, 3].map((n) => aRun(`r${n}`, 's1', { status: 'SUCCEEDED' }))],
      });
      await store.commit({ source: aSource('s2'), runs: [aRun('other', 's2', { status: 'FAILED' })] });
      await store.pruneRuns('s1', 2);
      const { items } = await store.runs({ sourceId: 's1' }, { first: 10 });
      expect(items.map(({ node }) => node.id)).toEqual(['r3', 'r2', 'waiting']);
      expect(await store.run('r1')).toBeUndefined();
      expect(await store.run('other')).toBeDefined();
    });

    it('keeps the last report of the cluster', async () => {
      expect(await store.cluster()).toBeUndefined();
      const observed: ObservedCluster = { nodes: [], pools: [], observedAt: new Date(NOW).toISOString() };
      await store.putCluster(observed);
      const pool = {
        name: 'shared',
        isolation: 'SHARED',
        render: 'HTTP',
        replicas: 1,
        tasks: [],
        update: null,
        problem: null,
      } as const;
      await store.putCluster({ ...observed, pools: [pool] });
      expect(await store.cluster()).toEqual({ ...observed, pools: [pool] });
    });
  });

  it('refuses everything once closed, and may be closed again', async () => {
    const store = await open();
    await store.commit({ source: aSource('s1') });
    await store.close();
    await store.close();
    const calls: Promise<unknown>[] = [
      store.source('s1'),
      store.sources({}, { first: 1 }),
      store.commit({ source: aSource('s2') }),
      store.definitions(0, 1),
      store.runs({}, { first: 1 }),
      store.claim(aWorker('w1'), NOW, 1_000),
      store.renew('w1', 0, NOW, 1_000),
      store.cluster(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'CLOSED' });
  });
}
