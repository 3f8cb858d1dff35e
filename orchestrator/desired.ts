import { renderOf, SHARED_POOL } from '../platform/model/cluster.ts';
import type { Isolation } from '../platform/model/source-spec.ts';
import type { PoolSpec } from '../platform/ports/runtime.ts';

/** How many sources a pool has to serve, as configuration says it. */
export interface PoolDemand {
  readonly pool: string;
  readonly isolation: Isolation;
  readonly sourceCount: number;
}

export interface PoolPolicy {
  /** Sources that one worker of the shared pool is meant to hold. */
  readonly workerCapacity: number;
  readonly replicasMin: number;
  readonly replicasMax: number;
}

/** A pool as it should be. It may be as large as `replicasKept`: shrinking it further is not worth the handing around. */
export interface DesiredPool extends PoolSpec {
  readonly replicasKept: number;
}

/**
 * How full workers may be after a shrink. What is left is room to grow into, so that one source more or less
 * never starts and stops workers in turn.
 */
const SHRINK_FILL = 0.8;

/** The pools that these demands need: the shared one always, so that its workers are warm, and one per dedicated source. */
export function desiredPools(demands: readonly PoolDemand[], policy: PoolPolicy): readonly DesiredPool[] {
  const shared = demands.find((demand) => demand.pool === SHARED_POOL)?.sourceCount ?? 0;
  const dedicated = demands.filter((demand) => demand.isolation === 'DEDICATED' && demand.sourceCount > 0);
  return [
    {
      name: SHARED_POOL,
      isolation: 'SHARED',
      render: 'HTTP',
      replicas: replicas(shared, policy.workerCapacity, policy),
      replicasKept: replicas(shared, policy.workerCapacity * SHRINK_FILL, policy),
    },
    ...dedicated.map(({ pool }) => ({
      name: pool,
      isolation: 'DEDICATED' as const,
      render: renderOf(pool),
      replicas: 1,
      replicasKept: 1,
    })),
  ];
}

function replicas(sourceCount: number, perWorker: number, { replicasMin, replicasMax }: PoolPolicy): number {
  return Math.min(Math.max(Math.ceil(sourceCount / perWorker), replicasMin), replicasMax);
}
