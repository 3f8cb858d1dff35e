import type { Clock } from '../platform/clock.ts';
import type { ServiceClient } from '../platform/http/service-client.ts';
import type { ObservedCluster, ObservedPool } from '../platform/model/cluster.ts';
import type { ObservedRuntime, RuntimePool } from '../platform/ports/runtime.ts';

const REPORT_CLUSTER = /* GraphQL */ `
  mutation ReportCluster($input: ReportClusterInput!) {
    reportCluster(input: $input)
  }
`;

export interface ClusterReporter {
  report(observed: ObservedRuntime, signal: AbortSignal): Promise<void>;
  /** Has the next report told in any case. */
  forget(): void;
}

/**
 * Tells configuration what the cluster looks like: when it has changed, and at least every `everyMs`. What could not
 * be told counts as not told.
 */
export function createClusterReporter(
  { configuration, clock }: { configuration: ServiceClient; clock: Clock },
  everyMs: number,
): ClusterReporter {
  let told: { readonly content: string; readonly atMs: number } | undefined;
  let forgotten = 0;
  return {
    async report(observed, signal) {
      const nowMs = clock.now();
      const seen = {
        nodes: observed.nodes,
        pools: observed.pools.filter((pool) => pool.isOwned).map(reportedPool),
      };
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

function reportedPool(pool: RuntimePool): ObservedPool {
  const { name, isolation, render, replicas, tasks, update, problem } = pool;
  return { name, isolation, render, replicas, tasks, update, problem };
}
