import type { ObservedRuntime, PoolSpec, RuntimeAction, RuntimePool } from '../platform/ports/runtime.ts';
import type { DesiredPool } from './desired.ts';

export interface PlanLimits {
  readonly dedicatedPoolsMax: number;
  /** How long a pool keeps its size before it shrinks, in milliseconds. */
  readonly shrinkAfterMs: number;
}

export interface Plan {
  /** To be applied in this order: what is missing comes before what is too much goes. */
  readonly actions: readonly RuntimeAction[];
  /** Pools that should be and cannot: too many dedicated ones, or the name is taken by somebody else's. */
  readonly refusedPools: readonly string[];
}

/**
 * What makes the observed pools the desired ones. Once that is applied, the plan is empty. Pools that are not
 * owned are never touched.
 */
export function plan(
  desired: readonly DesiredPool[],
  observed: ObservedRuntime,
  nowMs: number,
  limits: PlanLimits,
): Plan {
  const existing = new Map(observed.pools.map((pool) => [pool.name, pool]));
  const admitted = admit(desired, existing, limits);
  const names = new Set(admitted.map((pool) => pool.name));
  const ensures = admitted.flatMap((pool): RuntimeAction[] => {
    const spec = nextSpec(pool, existing.get(pool.name), nowMs, limits);
    return spec ? [{ kind: 'ensurePool', pool: spec }] : [];
  });
  const removals = observed.pools
    .filter((pool) => pool.isOwned && !names.has(pool.name))
    .map(({ name }): RuntimeAction => ({ kind: 'removePool', name }));
  const refusedPools = desired.map((pool) => pool.name).filter((name) => !names.has(name));
  return { actions: [...ensures, ...removals], refusedPools };
}

/** The pools that there is room for; those that run go first, so that a newcomer displaces nobody. */
function admit(
  desired: readonly DesiredPool[],
  existing: ReadonlyMap<string, RuntimePool>,
  { dedicatedPoolsMax }: PlanLimits,
): readonly DesiredPool[] {
  const ours = desired.filter((pool) => existing.get(pool.name)?.isOwned !== false);
  const shared = ours.filter((pool) => pool.isolation === 'SHARED');
  const dedicated = ours.filter((pool) => pool.isolation === 'DEDICATED');
  const running = dedicated.filter((pool) => existing.has(pool.name));
  const coming = dedicated.filter((pool) => !existing.has(pool.name));
  return [...shared, ...[...running, ...coming].slice(0, dedicatedPoolsMax)];
}

/** @returns undefined where the pool may stay as it is. */
function nextSpec(
  desired: DesiredPool,
  existing: RuntimePool | undefined,
  nowMs: number,
  { shrinkAfterMs }: PlanLimits,
): PoolSpec | undefined {
  const { name, isolation, render } = desired;
  if (!existing) return { name, isolation, render, replicas: desired.replicas };
  const isSettled = nowMs - Date.parse(existing.changedAt) >= shrinkAfterMs;
  const most = isSettled ? Math.max(desired.replicas, desired.replicasKept) : Number.POSITIVE_INFINITY;
  const replicas = Math.min(Math.max(existing.replicas, desired.replicas), most);
  const isRight = replicas === existing.replicas && isolation === existing.isolation && !existing.isOutdated;
  return isRight ? undefined : { name, isolation, render, replicas };
}
