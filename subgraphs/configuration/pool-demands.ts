import { SHARED_POOL } from '../../platform/model/cluster.ts';
import type { Demand, SourceStore } from '../../platform/ports/source-store.ts';

export interface PoolDemand extends Demand {
  readonly workerIds: readonly string[];
}

/**
 * What each pool has to serve. A preview counts as a source of the shared pool, so that somebody comes to read it: its
 * workers are those that take previews.
 */
export async function poolDemands(store: SourceStore, now: number): Promise<readonly PoolDemand[]> {
  const demands = [...(await store.demands())];
  const isServed = demands.some((demand) => demand.pool === SHARED_POOL);
  if (!isServed && (await store.hasOpenPreviews(now))) {
    demands.push({ pool: SHARED_POOL, isolation: 'SHARED', sourceCount: 1 });
  }
  const workers = await store.workers();
  return demands.map((demand) => ({
    ...demand,
    workerIds: workers.filter((worker) => worker.pool === demand.pool).map((worker) => worker.id),
  }));
}
