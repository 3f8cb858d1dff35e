import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Source } from '../../platform/model/source.ts';
import type { SourceStore, WorkerClaim } from '../../platform/ports/source-store.ts';
import { aSource, aWorker, NOW } from './source-store-builders.ts';

const LEASE_MS = 15_000;
/** Deadline where there are ten thousand sources: a server is asked for each while they are made. */
const MANY_TIMEOUT_MS = 240_000;

/** Claims, renewals, and what becomes of sources whose worker falls silent. */
export function sourceStoreLeases(open: () => Promise<SourceStore>): void {
  describe('of leases', () => {
    let store: SourceStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    const add = async (...sources: Source[]) => {
      for (const source of sources) await store.commit({ source });
    };
    const claim = async (id: string, given: Partial<WorkerClaim> = {}, now = NOW) => {
      const claimed = await store.claim(aWorker(id, given), now, LEASE_MS);
      if (!claimed) throw new Error(`worker ${id} has ended`);
      return claimed;
    };
    const idsOf = (sources: readonly Source[]) => sources.map(({ spec }) => spec.id).sort();
    const stored = async (id: string) => {
      const source = await store.source(id);
      if (!source) throw new Error(`no source ${id}`);
      return source;
    };
    /** Takes the lease away as a pause does. */
    const pause = async (id: string) =>
      store.commit({ source: { ...(await stored(id)), isPaused: true, workerId: null } });

    it('gives a source to one worker only', async () => {
      await add(aSource('s1'), aSource('s2'));
      const claims = await Promise.all(['w1', 'w2', 'w3'].map((id) => claim(id)));
      expect(claims.flatMap(({ claimed }) => idsOf(claimed)).sort()).toEqual(['s1', 's2']);
      for (const { spec, workerId } of claims.flatMap(({ claimed }) => claimed)) {
        expect(await stored(spec.id)).toMatchObject({ workerId, token: 1 });
      }
    });

    it('gives what is queued first, then what is due longest, up to the capacity', async () => {
      await add(
        aSource('later', { nextRunAt: NOW + 2 }),
        aSource('due', { nextRunAt: NOW }),
        aSource('soon', { nextRunAt: NOW + 1 }),
        aSource('queued', { nextRunAt: NOW + 9, queuedRunId: 'r1' }),
      );
      expect(idsOf((await claim('w1', { capacity: 2 })).claimed)).toEqual(['due', 'queued']);
      expect((await claim('w1', { capacity: 2 })).claimed).toEqual([]);
      expect(idsOf((await claim('w1', { capacity: 3 })).claimed)).toEqual(['soon']);
      expect(await store.countSources({ workerId: 'w1' })).toBe(3);
    });

    it('gives nothing that is paused or removed, and nothing of another pool', async () => {
      await add(
        aSource('paused', { isPaused: true }),
        aSource('removed', { removed: 'KEEP' }),
        aSource('own', {}, { isolation: 'DEDICATED' }),
        aSource('failing', { isFailing: true }),
      );
      expect(idsOf((await claim('w1')).claimed)).toEqual(['failing']);
      expect(await store.hasUnclaimed('source-own')).toBe(true);
      expect(idsOf((await claim('w2', { pool: 'source-own' })).claimed)).toEqual(['own']);
      expect(await store.hasUnclaimed('source-own')).toBe(false);
      expect(await store.hasUnclaimed('shared')).toBe(false);
    });

    it('counts the live sources of each pool', async () => {
      await add(
        aSource('s1'),
        aSource('s2', { isFailing: true }),
        aSource('s3', { isPaused: true }),
        aSource('s4', {}, { isolation: 'DEDICATED' }),
        aSource('s5', {}, { render: 'BROWSER' }),
        aSource('s6', {}, { render: 'BROWSER', isolation: 'DEDICATED' }),
      );
      expect(await store.demands()).toEqual([
        { pool: 'browser', isolation: 'SHARED', sourceCount: 1 },
        { pool: 'browser-source-s6', isolation: 'DEDICATED', sourceCount: 1 },
        { pool: 'shared', isolation: 'SHARED', sourceCount: 2 },
        { pool: 'source-s4', isolation: 'DEDICATED', sourceCount: 1 },
      ]);
    });

    it('raises the token with every claim, whoever claims', async () => {
      await add(aSource('s1'));
      const tokens: number[] = [];
      for (const id of ['w1', 'w2', 'w3']) {
        tokens.push((await claim(id)).claimed[0]?.token ?? 0);
        await store.endWorker(id, NOW);
        await store.freeSources(id);
      }
      expect(tokens).toEqual([1, 2, 3]);
    });

    it('tells what was claimed once more in the first renewal, then only what changed', async () => {
      await add(aSource('s1'), aSource('s2'));
      const { after } = await claim('w1');
      // The answer to the claim may have been lost: claiming again goes on from the same place.
      expect((await claim('w1')).after).toBe(after);
      const first = await store.renew('w1', after, NOW, LEASE_MS);
      expect(idsOf(first?.changed ?? [])).toEqual(['s1', 's2']);
      const second = await store.renew('w1', first?.after ?? 0, NOW, LEASE_MS);
      expect(second).toEqual({ changed: [], lostSourceIds: [], after: first?.after });
      await store.commit({ source: { ...(await stored('s2')), nextRunAt: NOW + 1 } });
      expect((await store.renew('w1', second?.after ?? 0, NOW, LEASE_MS))?.changed).toEqual([]);
      await store.commit({ source: { ...(await stored('s2')), queuedRunId: 'r1' }, tellsWorker: true });
      const third = await store.renew('w1', second?.after ?? 0, NOW, LEASE_MS);
      expect(third?.changed).toMatchObject([{ spec: { id: 's2' }, queuedRunId: 'r1' }]);
    });

    it('tells a worker what it lost until it has heard it', async () => {
      await add(aSource('s1'), aSource('s2'));
      await claim('w1');
      const { after = 0 } = (await store.renew('w1', 0, NOW, LEASE_MS)) ?? {};
      const position = await store.leasePosition('w1');
      await pause('s1');
      expect(await store.leasePosition('w1')).toBeGreaterThan(position);
      expect(await store.renew('w1', after, NOW, LEASE_MS)).toMatchObject({
        changed: [],
        lostSourceIds: ['s1'],
      });
      const told = await store.renew('w1', after, NOW, LEASE_MS);
      expect(told).toMatchObject({ changed: [], lostSourceIds: ['s1'] });
      const heard = await store.renew('w1', told?.after ?? 0, NOW, LEASE_MS);
      expect(heard).toEqual({ changed: [], lostSourceIds: [], after: told?.after });
    });

    it('tells again what changed between an answer and its being heard', async () => {
      await add(aSource('s1'));
      await claim('w1');
      const told = await store.renew('w1', 0, NOW, LEASE_MS);
      expect(told?.changed).toMatchObject([{ spec: { id: 's1' }, queuedRunId: null }]);
      await store.commit({ source: { ...(await stored('s1')), queuedRunId: 'r1' }, tellsWorker: true });
      const again = await store.renew('w1', told?.after ?? 0, NOW, LEASE_MS);
      expect(again?.changed).toMatchObject([{ spec: { id: 's1' }, queuedRunId: 'r1' }]);
      expect((await store.renew('w1', again?.after ?? 0, NOW, LEASE_MS))?.changed).toEqual([]);
    });

    it('moves the position of a worker for what it must learn only', async () => {
      await add(aSource('s1'));
      await claim('w1');
      const position = await store.leasePosition('w1');
      await store.commit({ source: { ...(await stored('s1')), nextRunAt: NOW + 1 } });
      await store.renew('w1', 0, NOW, LEASE_MS);
      expect(await store.leasePosition('w1')).toBe(position);
      await store.commit({ source: { ...(await stored('s1')), queuedRunId: 'r1' }, tellsWorker: true });
      expect(await store.leasePosition('w1')).toBeGreaterThan(position);
    });

    it('says a source that came back with its new token, not as lost', async () => {
      await add(aSource('s1'));
      await claim('w1');
      const { after = 0 } = (await store.renew('w1', 0, NOW, LEASE_MS)) ?? {};
      await pause('s1');
      await store.commit({ source: { ...(await stored('s1')), isPaused: false } });
      await claim('w1');
      const renewal = await store.renew('w1', after, NOW, LEASE_MS);
      expect(renewal?.lostSourceIds).toEqual([]);
      expect(renewal?.changed).toMatchObject([{ spec: { id: 's1' }, token: 2 }]);
    });

    it('keeps all sources of a worker that renews in time', async () => {
      await add(aSource('s1'));
      await claim('w1');
      for (let n = 1; n <= 5; n++) {
        expect(await store.renew('w1', 0, NOW + n * (LEASE_MS - 1), LEASE_MS)).toBeDefined();
        expect(await store.endExpiredWorkers(NOW + n * (LEASE_MS - 1), 0)).toEqual({
          endedCount: 0,
          holderIds: [],
        });
      }
      expect((await claim('w2')).claimed).toEqual([]);
    });

    it('hands a source over only after its worker ended and it was freed', async () => {
      await add(aSource('s1'));
      await claim('w1');
      const expired = NOW + LEASE_MS;
      expect(await store.renew('w1', 0, expired, LEASE_MS)).toBeUndefined();
      expect((await claim('w2', {}, expired)).claimed).toEqual([]);
      expect(await store.endExpiredWorkers(expired, 0)).toEqual({ endedCount: 1, holderIds: ['w1'] });
      expect((await claim('w2', {}, expired)).claimed).toEqual([]);
      expect(await store.freeSources('w1')).toEqual(['s1']);
      expect((await claim('w2', {}, expired)).claimed).toMatchObject([{ token: 2, workerId: 'w2' }]);
    });

    it('lets no ended worker back in under its old id', async () => {
      await add(aSource('s1'));
      await claim('w1');
      await store.endWorker('w1', NOW);
      expect(await store.worker('w1')).toBeUndefined();
      expect(await store.renew('w1', 0, NOW, LEASE_MS)).toBeUndefined();
      expect(await store.claim(aWorker('w1'), NOW, LEASE_MS)).toBeUndefined();
    });

    it('lets no expired worker claim, though nobody has noticed yet', async () => {
      await claim('w1');
      expect(await store.claim(aWorker('w1'), NOW + LEASE_MS, LEASE_MS)).toBeUndefined();
    });

    it('frees nothing of a worker that lives, and nothing with a run going on', async () => {
      await add(aSource('s1'), aSource('s2', { runningRunId: 'r1' }));
      await claim('w1');
      expect(await store.freeSources('w1')).toEqual([]);
      expect((await store.runningSources('w1')).map(({ spec }) => spec.id)).toEqual(['s2']);
      await store.endWorker('w1', NOW);
      expect(await store.freeSources('w1')).toEqual(['s1']);
      expect(await store.endExpiredWorkers(NOW, 0)).toEqual({ endedCount: 0, holderIds: ['w1'] });
      await store.commit({ source: { ...(await stored('s2')), workerId: null, runningRunId: null } });
      expect(await store.endExpiredWorkers(NOW, 0)).toEqual({ endedCount: 0, holderIds: [] });
    });

    it('tells once that workers ended, also of those that held nothing', async () => {
      await claim('w1');
      await claim('w2');
      await claim('late', {}, NOW + 1);
      expect(await store.endExpiredWorkers(NOW + LEASE_MS, 0)).toEqual({ endedCount: 2, holderIds: [] });
      expect(await store.endExpiredWorkers(NOW + LEASE_MS, 0)).toEqual({ endedCount: 0, holderIds: [] });
      expect((await store.workers()).map(({ id }) => id)).toEqual(['late']);
    });

    it('forgets ended workers that hold nothing, not those that do', async () => {
      await add(aSource('s1'));
      await claim('w1');
      await claim('w2');
      await store.endExpiredWorkers(NOW + LEASE_MS, 0);
      const later = NOW + LEASE_MS + 1;
      expect(await store.endExpiredWorkers(later, later)).toEqual({ endedCount: 0, holderIds: ['w1'] });
      // Forgotten, its id is new again; the other is still refused.
      expect(await store.claim(aWorker('w2'), NOW + LEASE_MS + 1, LEASE_MS)).toBeDefined();
      expect(await store.claim(aWorker('w1'), NOW + LEASE_MS + 1, LEASE_MS)).toBeUndefined();
    });

    it('knows its workers', async () => {
      await claim('w2', { taskId: 'task-2', capacity: 5 });
      await claim('w1', { pool: 'a' }, NOW + 1);
      await claim('w2', { taskId: 'task-2', capacity: 7 }, NOW + 2);
      expect(await store.workers()).toEqual([
        {
          ...aWorker('w1', { pool: 'a' }),
          startedAt: NOW + 1,
          lastSeenAt: NOW + 1,
          leaseUntil: NOW + 1 + LEASE_MS,
        },
        {
          ...aWorker('w2', { taskId: 'task-2', capacity: 7 }),
          startedAt: NOW,
          lastSeenAt: NOW + 2,
          leaseUntil: NOW + 2 + LEASE_MS,
        },
      ]);
      expect(await store.worker('w1')).toMatchObject({ pool: 'a' });
      expect(await store.leasePosition('nobody')).toBe(0);
    });

    it(
      'hands ten thousand sources to one worker, and tells it of one change among them',
      async () => {
        for (let n = 0; n < 10_000; n += 100) {
          await Promise.all(
            Array.from({ length: 100 }, (_, index) => store.commit({ source: aSource(`s${n + index}`) })),
          );
        }
        const { claimed, after } = await claim('w1', { capacity: 10_000 });
        expect(claimed).toHaveLength(10_000);
        const all = await store.renew('w1', after, NOW, LEASE_MS);
        await store.commit({ source: { ...(await stored('s77')), queuedRunId: 'r' }, tellsWorker: true });
        const renewal = await store.renew('w1', all?.after ?? 0, NOW, LEASE_MS);
        expect(renewal?.changed).toMatchObject([{ spec: { id: 's77' } }]);
      },
      MANY_TIMEOUT_MS,
    );
  });
}
