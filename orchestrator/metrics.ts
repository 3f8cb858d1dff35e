import type { Metrics } from '../platform/metrics.ts';
import type { ObservedRuntime, PoolSpec } from '../platform/ports/runtime.ts';
import type { SeenCluster } from './report.ts';

/** What the orchestrator tells of itself. */
export function orchestratorMetrics(metrics: Metrics) {
  return {
    limits: metrics.limits,
    leads: metrics.reading({
      name: 'tributary_orchestrator_leads',
      help: '1 where this orchestrator is the one that acts: over all of them the sum is 1',
    }),
    pools: metrics.gauge({
      name: 'tributary_pools',
      help: 'Pools as they should be and as they were found, at the orchestrator that leads',
      labelNames: ['side'],
    }),
    workers: metrics.gauge({
      name: 'tributary_workers',
      help: 'Workers as there should be and as are running, at the orchestrator that leads',
      labelNames: ['side'],
    }),
    refusedPools: metrics.gauge({
      name: 'tributary_refused_pools',
      help: 'Pools that should be and cannot: their sources wait for room, a free name, or a runtime that takes them',
    }),
    poolProblems: metrics.gauge({
      name: 'tributary_pool_problems',
      help: 'Pools that have not all the workers they should have, or not the newest, those that cannot be included',
    }),
    rollbacks: metrics.counter({
      name: 'tributary_pool_rollbacks_total',
      help: 'Replacements of workers by newer ones that failed and were taken back',
    }),
    actions: metrics.counter({
      name: 'tributary_pool_changes_total',
      help: 'Changes of pools that the runtime has taken on',
      labelNames: ['kind'],
    }),
    reconcileDuration: metrics.histogram({
      name: 'tributary_reconcile_duration_seconds',
      help: 'One comparison of what should be with what is, with what follows from it, where nothing failed',
    }),
    reconcileFailures: metrics.counter({
      name: 'tributary_reconcile_failures_total',
      help: 'Comparisons that failed and were begun anew: configuration or the runtime did not answer',
    }),
  };
}

export type OrchestratorMetrics = ReturnType<typeof orchestratorMetrics>;

export function noteDesired({ pools, workers }: OrchestratorMetrics, desired: readonly PoolSpec[]): void {
  pools.set({ side: 'desired' }, desired.length);
  workers.set({ side: 'desired' }, sum(desired.map(({ replicas }) => replicas)));
}

/** What is not ours counts for nothing, what could not be made as a problem. */
export function noteSeen(
  { pools, workers, refusedPools, poolProblems }: OrchestratorMetrics,
  seen: SeenCluster,
  observed: ObservedRuntime,
): void {
  const ours = observed.pools.filter(({ isOwned }) => isOwned);
  const running = ours.map(({ tasks }) => tasks.filter(({ state }) => state === 'RUNNING').length);
  pools.set({ side: 'observed' }, ours.length);
  workers.set({ side: 'observed' }, sum(running));
  refusedPools.set(seen.pools.length - ours.length);
  poolProblems.set(seen.pools.filter(({ problem }) => problem !== null).length);
}

/** Whoever does not lead does not know. */
export function forgetPools({ pools, workers, refusedPools, poolProblems }: OrchestratorMetrics): void {
  for (const gauge of [pools, workers, refusedPools, poolProblems]) gauge.reset();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
