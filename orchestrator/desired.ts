import { BROWSER_POOL, renderOf, SHARED_POOL } from '../platform/model/cluster.ts';
import type { Isolation } from '../platform/model/source-spec.ts';
import type { PoolSpec } from '../platform/ports/runtime.ts';
import type { OrchestratorConfig } from './config.ts';

/** How many sources a pool has to serve, as configuration says it. */
export interface PoolDemand {
  readonly pool: string;
  readonly isolation: Isolation;
  readonly sourceCount: number;
}

/** What decides how large the pools are that serve many sources. */
export type PoolPolicy = Pick<
  OrchestratorConfig,
  | 'WORKER_CAPACITY'
  | 'POOL_REPLICAS_MIN'
  | 'POOL_REPLICAS_MAX'
  | 'BROWSER_WORKER_CAPACITY'
  | 'BROWSER_POOL_REPLICAS_MAX'
>;

/** A pool as it should be. It may be as large as `replicasKept`: shrinking it further is not worth the handing around. */
export interface DesiredPool extends PoolSpec {
  readonly replicasKept: number;
  /** What keeps it from having as many workers as its sources need; null where nothing does. */
  readonly shortage: Shortage | null;
}

/** A bound that was met. */
export interface Shortage {
  /** The setting that is the bound. */
  readonly limit: string;
  /** For people. */
  readonly problem: string;
}

/**
 * How full workers may be after a shrink. What is left is room to grow into, so that one source more or less
 * never starts and stops workers in turn. Where a worker holds but one source there is no such room: each goes with its
 * source.
 */
const SHRINK_FILL = 0.8;

/** The settings by which a pool is sized. */
interface Sizing {
  readonly capacity: 'WORKER_CAPACITY' | 'BROWSER_WORKER_CAPACITY';
  readonly replicasMax: 'POOL_REPLICAS_MAX' | 'BROWSER_POOL_REPLICAS_MAX';
  readonly replicasMin: number;
}

/**
 * The pools that these demands need: the shared one always, so that its workers are warm; that of browsers, which cost
 * much more, while it has sources; and one for each dedicated source.
 */
export function desiredPools(demands: readonly PoolDemand[], policy: PoolPolicy): readonly DesiredPool[] {
  const sourcesOf = (name: string) => demands.find(({ pool }) => pool === name)?.sourceCount ?? 0;
  const browser = sourcesOf(BROWSER_POOL);
  const dedicated = demands.filter((demand) => demand.isolation === 'DEDICATED' && demand.sourceCount > 0);
  return [
    sizedPool(SHARED_POOL, sourcesOf(SHARED_POOL), policy, {
      capacity: 'WORKER_CAPACITY',
      replicasMax: 'POOL_REPLICAS_MAX',
      replicasMin: policy.POOL_REPLICAS_MIN,
    }),
    ...(browser > 0
      ? [
          sizedPool(BROWSER_POOL, browser, policy, {
            capacity: 'BROWSER_WORKER_CAPACITY',
            replicasMax: 'BROWSER_POOL_REPLICAS_MAX',
            replicasMin: 0,
          }),
        ]
      : []),
    ...dedicated.map(({ pool }) => ({
      name: pool,
      isolation: 'DEDICATED' as const,
      render: renderOf(pool),
      replicas: 1,
      replicasKept: 1,
      shortage: null,
    })),
  ];
}

/** The pool of that name with as many workers as its sources fill, within its bounds. */
function sizedPool(name: string, sourceCount: number, policy: PoolPolicy, sizing: Sizing): DesiredPool {
  const capacity = policy[sizing.capacity];
  const most = policy[sizing.replicasMax];
  const workers = (perWorker: number) =>
    Math.min(Math.max(Math.ceil(sourceCount / perWorker), sizing.replicasMin), most);
  const isShort = sourceCount > most * capacity;
  const problem = `${sizing.replicasMax} (${most}) workers of ${sizing.capacity} (${capacity}) sources each are too few for ${sourceCount}.`;
  return {
    name,
    isolation: 'SHARED',
    render: renderOf(name),
    replicas: workers(capacity),
    replicasKept: workers(Math.max(1, capacity * SHRINK_FILL)),
    shortage: isShort ? { limit: sizing.replicasMax, problem } : null,
  };
}
