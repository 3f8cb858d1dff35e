import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteSourceStore } from '../../../platform/adapters/sqlite-source-store.ts';
import { ManualClock } from '../../../platform/clock.ts';
import { UnavailableError } from '../../../platform/errors.ts';
import { silentLogger } from '../../../platform/logger.ts';
import type { SourceStore } from '../../../platform/ports/source-store.ts';
import { aRun, aSource, aSpec, aWorker, NOW } from '../../../test/contract/source-store-builders.ts';
import { LossyBus } from '../../../test/support/lossy-bus.ts';
import type { ChangeIterator } from './change-iterator.ts';
import { followRuns, followSources } from './changes.ts';
import { followCluster } from './cluster.ts';
import { followDemands, followWork } from './wakes.ts';

const LEASE_MS = 15_000;

describe('whoever follows, when messages of the bus were lost,', () => {
  let bus: LossyBus;
  let store: SourceStore;
  let clock: ManualClock;
  beforeEach(async () => {
    bus = new LossyBus();
    clock = new ManualClock(NOW);
    store = await openSqliteSourceStore(':memory:');
  });
  afterEach(async () => {
    bus.close();
    await store.close();
  });

  const deps = () => ({ bus, store, clock, logger: silentLogger, clusterStaleMs: 120_000 });
  const change = async (
    id: string,
    given: Parameters<typeof aSource>[1],
    ...runs: ReturnType<typeof aRun>[]
  ) => {
    const version = (await store.source(id))?.version ?? 0;
    await store.commit({ source: aSource(id, { version, ...given }), runs });
    await bus.publish('sources.changed', { sourceId: id });
    for (const run of runs) await bus.publish('runs.changed', { runId: run.id, sourceId: id });
  };
  /** Loses what is published meanwhile, then goes on. */
  const outage = async (work: () => Promise<unknown>) => {
    bus.isAway = true;
    await work();
    bus.comeBack();
  };
  const next = async <T>(changes: ChangeIterator<T>) => (await changes.next()).value;

  it('hears of its source as it is now', async () => {
    await change('s1', {});
    const changes = await followSources(deps(), 's1');
    await outage(() => change('s1', { isPaused: true }));
    expect(await next(changes)).toMatchObject({ sourceChanged: { isPaused: true } });
    await changes.return();
    await expect.poll(() => [bus.gapListenerCount, clock.pending]).toEqual([0, 0]);
  });

  it('leaves nothing behind that looks for a problem', async () => {
    await change('s1', {});
    const changes = await followSources(deps(), 's1');
    expect(clock.pending).toBe(1);
    await changes.return();
    await expect.poll(() => clock.pending).toBe(0);
  });

  it('hears of the runs of its source, in their order', async () => {
    await change('s1', {});
    await change('s2', {}, aRun('other', 's2'));
    const changes = await followRuns(deps(), 's1');
    await outage(async () => {
      await change('s1', {}, aRun('r1', 's1', { status: 'SUCCEEDED' }));
      await change('s1', {}, aRun('r2', 's1', { status: 'RUNNING' }));
    });
    expect(await next(changes)).toMatchObject({ runChanged: { id: 'r1', status: 'SUCCEEDED' } });
    expect(await next(changes)).toMatchObject({ runChanged: { id: 'r2', status: 'RUNNING' } });
    await changes.return();
    expect(bus.gapListenerCount).toBe(0);
  });

  it('hears of the cluster as it is now', async () => {
    const changes = await followCluster(deps());
    expect(await next(changes)).toEqual({ clusterChanged: { nodes: [], pools: [], observedAt: null } });
    clock.advance(1_000);
    const observedAt = new Date(clock.now()).toISOString();
    await outage(() => store.putCluster({ nodes: [], pools: [], observedAt }));
    expect(await next(changes)).toMatchObject({ clusterChanged: { observedAt } });
    await changes.return();
    await expect.poll(() => [bus.gapListenerCount, clock.pending]).toEqual([0, 0]);
  });

  it('is told to follow anew where the runs cannot be read', async () => {
    store.runs = () => Promise.reject(new UnavailableError('The store is away.'));
    const changes = await followRuns(deps(), 's1');
    bus.comeBack();
    await expect(changes.next()).rejects.toMatchObject({ code: 'DATASOURCE_UNAVAILABLE' });
    expect(bus.gapListenerCount).toBe(0);
  });

  it('hears of the next change, where it follows all', async () => {
    const sources = await followSources(deps(), undefined);
    const runs = await followRuns(deps(), undefined);
    await outage(() => change('s1', {}, aRun('r1', 's1', { status: 'SUCCEEDED' })));
    await change('s2', {}, aRun('r2', 's2'));
    expect(await next(sources)).toMatchObject({ sourceChanged: { spec: { id: 's2' } } });
    expect(await next(runs)).toMatchObject({ runChanged: { id: 'r2' } });
    await sources.return();
    await runs.return();
  });

  it('is woken, as a worker, for what it may claim, renew and preview', async () => {
    await change('s1', {});
    await store.claim(aWorker('w1'), NOW, LEASE_MS);
    const work = await followWork(deps(), 'w1');
    const reasons = async (count: number) => {
      const read: unknown[] = [];
      while (read.length < count) read.push((await next(work))?.workChanged.reason);
      return read.sort();
    };
    await outage(() => change('s2', {}));
    expect(await reasons(1)).toEqual(['CLAIM']);
    await outage(async () => {
      await change('s1', { isPaused: true, workerId: null });
      await store.addPreview(
        { id: 'p1', spec: aSpec('s3'), first: 1, askedAt: NOW, expiresAt: NOW + 1_000 },
        1,
      );
    });
    expect(await reasons(3)).toEqual(['CLAIM', 'PREVIEW', 'RENEW']);
    await work.return();
    expect(bus.gapListenerCount).toBe(0);
  });

  it('is woken, as the orchestrator, where the demands are others', async () => {
    const demands = await followDemands(deps());
    await outage(() => change('s1', {}));
    expect(await next(demands)).toEqual({ poolDemandsChanged: true });
    await demands.return();
    expect(bus.gapListenerCount).toBe(0);
  });
});
