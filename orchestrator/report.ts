import type { Clock } from '../platform/clock.ts';
import type { ServiceClient } from '../platform/http/service-client.ts';
import type { ObservedCluster, ObservedPool } from '../platform/model/cluster.ts';
import type { ObservedRuntime, RuntimePool } from '../platform/ports/runtime.ts';
import type { DesiredPool } from './desired.ts';

const REPORT_CLUSTER = /* GraphQL */ `
  mutation ReportCluster($input: ReportClusterInput!) {
    reportCluster(input: $input)
  }
`;

/** The cluster as people are shown it. */
export type SeenCluster = Omit<ObservedCluster, 'observedAt'>;

/**
 * The nodes and our pools, and beside these such as should be and could not be made: without workers, with the reason.
 *
 * @param refusals Why a pool could not be made or changed as it should be, by its name.
 */
export function seenCluster(
  observed: ObservedRuntime,
  desired: readonly DesiredPool[],
  refusals: ReadonlyMap<string, string>,
): SeenCluster {
  const ours = observed.pools.filter((pool) => pool.isOwned);
  const names = new Set(ours.map((pool) => pool.name));
  const shortages = new Map(desired.map(({ name, shortage }) => [name, shortage?.problem]));
  const there = ours.map((pool): ObservedPool => {
    const problem = refusals.get(pool.name) ?? pool.problem ?? shortages.get(pool.name) ?? null;
    return { ...observedPool(pool), problem };
  });
  const missing = desired.flatMap(({ name, isolation, render, replicas }): ObservedPool[] => {
    const problem = refusals.get(name);
    if (names.has(name) || problem === undefined) return [];
    return [{ name, isolation, render, replicas, tasks: [], update: null, problem }];
  });
  return { nodes: observed.nodes, pools: [...there, ...missing] };
}

export interface ClusterReporter {
  report(seen: SeenCluster, signal: AbortSignal): Promise<void>;
  /** Has the next report told in any case. */
  forget(): void;
}

/**
 * Tells configuration what the cluster looks like: when it has changed, and at least every `everyMs`. What could not
 * be told counts as not told.
 *
 * While the runtime cannot be observed nothing is told: configuration keeps the last that was seen, and how old that has
 * become says that nobody sees more.
 */
export function createClusterReporter(
  { configuration, clock }: { configuration: ServiceClient; clock: Clock },
  everyMs: number,
): ClusterReporter {
  let told: { readonly content: string; readonly atMs: number } | undefined;
  let forgotten = 0;
  return {
    async report(seen, signal) {
      const nowMs = clock.now();
      const content = JSON.stringify(seen);
      if (told?.content === content && nowMs - told.atMs < everyMs) return;
      const cluster: ObservedCluster = { ...seen, observedAt: new Date(nowMs).toISOString() };
      const before = forgotten;
      told = undefined;
      await configuration.request(REPORT_CLUSTER, { input: { observed: cluster } }, { signal });
      if (forgotten === before) told = { content, atMs: nowMs };
    },
    forget() {
      forgotten++;
      told = undefined;
    },
  };
}

function observedPool(pool: RuntimePool): ObservedPool {
  const { name, isolation, render, replicas, tasks, update, problem } = pool;
  return { name, isolation, render, replicas, tasks, update, problem };
}
