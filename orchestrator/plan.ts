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
  readonly refusedPools: readonly RefusedPool[];
}

/** A pool that should be and cannot. */
export interface RefusedPool {
  readonly name: string;
  /** The setting that is the bound; null where the name is taken by somebody else's. */
  readonly limit: string | null;
  /** For people. */
  readonly problem: string;
}

/**
 * What makes the observed pools the desired ones. Once that is applied, the plan is empty. Pools that are not
 * owned are never touched.
 *
 * It goes by what the pools are meant to be, never by their tasks or the nodes: to keep as many workers alive as
 * a pool should have is the runtime's, and two who mended the same would do it twice.
 */
export function plan(
  desired: readonly DesiredPool[],
  observed: ObservedRuntime,
  nowMs: number,
  limits: PlanLimits,
): Plan {
  const existing = new Map(observed.pools.map((pool) => [pool.name, pool]));
  const { admitted, refusedPools } = admit(desired, existing, limits);
  const names = new Set(admitted.map((pool) => pool.name));
  const ensures = admitted.flatMap((pool): RuntimeAction[] => {
    const spec = nextSpec(pool, existing.get(pool.name), nowMs, limits);
    return spec ? [{ kind: 'ensurePool', pool: spec }] : [];
  });
  const removals = observed.pools
    .filter((pool) => pool.isOwned && !names.has(pool.name))
    .map(({ name }): RuntimeAction => ({ kind: 'removePool', name }));
  return { actions: [...ensures, ...removals], refusedPools };
}

/** The pools that there is room for; those that run go first, so that a newcomer displaces nobody. */
function admit(
  desired: readonly DesiredPool[],
  existing: ReadonlyMap<string, RuntimePool>,
  { dedicatedPoolsMax }: PlanLimits,
): { readonly admitted: readonly DesiredPool[]; readonly refusedPools: readonly RefusedPool[] } {
  const isTaken = ({ name }: DesiredPool) => existing.get(name)?.isOwned === false;
  const ours = desired.filter((pool) => !isTaken(pool));
  const shared = ours.filter((pool) => pool.isolation === 'SHARED');
  const dedicated = ours.filter((pool) => pool.isolation === 'DEDICATED');
  const running = dedicated.filter((pool) => existing.has(pool.name));
  const coming = dedicated.filter((pool) => !existing.has(pool.name));
  const inOrder = [...running, ...coming];
  const taken = desired.filter(isTaken).map(({ name }) => ({
    name,
    limit: null,
    problem: `A pool with the name ${name} is there already, and is not ours to change.`,
  }));
  const tooMany = inOrder.slice(dedicatedPoolsMax).map(({ name }) => ({
    name,
    limit: 'DEDICATED_POOLS_MAX',
    problem: `DEDICATED_POOLS_MAX (${dedicatedPoolsMax}) workers of their own are there already.`,
  }));
  return {
    admitted: [...shared, ...inOrder.slice(0, dedicatedPoolsMax)],
    refusedPools: [...taken, ...tooMany],
  };
}

/**
 * How long a replacement of workers is let alone, in milliseconds. A runtime goes back to what a pool was before its last
 * change: one of its size, while newer workers are tried, would make these what is gone back to. Beyond that time the sources
 * that wait for workers count for more.
 */
const UPDATE_HELD_MS = 120_000;

/** @returns undefined where the pool may stay as it is. */
function nextSpec(
  desired: DesiredPool,
  existing: RuntimePool | undefined,
  nowMs: number,
  { shrinkAfterMs }: PlanLimits,
): PoolSpec | undefined {
  const { name, isolation, render } = desired;
  if (!existing) return { name, isolation, render, replicas: desired.replicas };
  const isMeant = isolation === existing.isolation && render === existing.render && !existing.isOutdated;
  if (isMeant && isBeingUpdated(existing, nowMs)) return undefined;
  const isSettled = !isWithin(existing.changedAt, shrinkAfterMs, nowMs);
  const most = isSettled ? Math.max(desired.replicas, desired.replicasKept) : Number.POSITIVE_INFINITY;
  const replicas = Math.min(Math.max(existing.replicas, desired.replicas), most);
  return isMeant && replicas === existing.replicas ? undefined : { name, isolation, render, replicas };
}

function isBeingUpdated({ update }: RuntimePool, nowMs: number): boolean {
  const isMoving = update?.state === 'UPDATING' || update?.state === 'ROLLING_BACK';
  return isMoving && isWithin(update.startedAt, UPDATE_HELD_MS, nowMs);
}

/** Whether an instant is near. None, or one far ahead by a clock that was wrong, holds nothing up for ever. */
function isWithin(instant: string, ms: number, nowMs: number): boolean {
  return Math.abs(nowMs - Date.parse(instant)) < ms;
}
