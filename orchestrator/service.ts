import type { Clock } from '../platform/clock.ts';
import type { ServiceClient } from '../platform/http/service-client.ts';
import type { LiveConfig } from '../platform/live-config.ts';
import type { Logger } from '../platform/logger.ts';
import { Metrics } from '../platform/metrics.ts';
import type { Leadership } from '../platform/ports/leadership.ts';
import type { ObservedRuntime, Runtime, RuntimeAction } from '../platform/ports/runtime.ts';
import { Scope } from '../platform/scope.ts';
import { applyActions, untilAborted } from './apply.ts';
import type { LiveOrchestratorConfig, OrchestratorConfig } from './config.ts';
import { desiredPools, type PoolDemand } from './desired.ts';
import { startLoop } from './loop.ts';
import { forgetPools, noteDesired, noteSeen, orchestratorMetrics } from './metrics.ts';
import { type PlanLimits, plan } from './plan.ts';
import { createPoolLog } from './pool-log.ts';
import { createClusterReporter, seenCluster } from './report.ts';

export interface OrchestratorDeps {
  readonly configuration: ServiceClient;
  readonly runtime: Runtime;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

const POOL_DEMANDS = /* GraphQL */ `
  query PoolDemands {
    poolDemands {
      pool
      isolation
      sourceCount
    }
  }
`;

const POOL_DEMANDS_CHANGED = /* GraphQL */ `
  subscription PoolDemandsChanged {
    poolDemandsChanged
  }
`;

/**
 * Keeps the runtime's pools equal to what configuration demands. Everything that may have changed something only
 * wakes it; each turn reads both sides anew. While configuration does not answer it changes nothing.
 *
 * What the runtime refuses is a problem of that pool, which people are shown, and is tried again with each turn. What does
 * not answer fails the turn, which is soon begun anew.
 *
 * Closing it leaves the workers running: they are the runtime's. It waits for no call of the runtime.
 *
 * @param live What may change while it runs; the next turn goes by it. @default nothing
 */
export async function openOrchestrator(
  deps: OrchestratorDeps,
  config: OrchestratorConfig,
  live: LiveConfig<LiveOrchestratorConfig> = { current: () => config },
): Promise<{ close(): Promise<void> }> {
  const { configuration, runtime, leadership, clock, logger } = deps;
  const stopping = new AbortController();
  const limits: PlanLimits = {
    dedicatedPoolsMax: config.DEDICATED_POOLS_MAX,
    shrinkAfterMs: config.POOL_SHRINK_AFTER,
  };
  const reporter = createClusterReporter({ configuration, clock }, config.CLUSTER_REPORT);
  const metrics = orchestratorMetrics(deps.metrics ?? new Metrics());
  const poolLog = createPoolLog({ clock, logger }, () => metrics.rollbacks.inc());
  const mayAct = () => !stopping.signal.aborted && leadership.isLeader();

  async function reconcile(): Promise<void> {
    try {
      if (!leadership.isLeader()) return await standDown();
      const endTurn = metrics.reconcileDuration.startTimer();
      await keepPools();
      endTurn();
    } catch (error) {
      if (stopping.signal.aborted) return;
      metrics.reconcileFailures.inc();
      throw error;
    }
  }

  async function keepPools(): Promise<void> {
    const { signal } = stopping;
    const { poolDemands } = await configuration.request<{ poolDemands: readonly PoolDemand[] }>(
      POOL_DEMANDS,
      {},
      { signal },
    );
    const desired = desiredPools(poolDemands, { ...config, ...live.current() });
    const before = await observe();
    const { actions, refusedPools } = plan(desired, before, clock.now(), limits);
    noteDesired(metrics, desired);
    const shortages = desired.map(({ shortage }) => shortage);
    for (const met of [...refusedPools, ...shortages])
      if (met?.limit) metrics.limits.inc({ limit: met.limit });
    const { refusals, failures } = await applyActions(actions, apply, mayAct);
    if (!mayAct()) return;
    for (const { name, problem } of refusedPools) refusals.set(name, problem);
    const after = actions.length > 0 ? await observe() : before;
    // Whoever leads by now has looked later.
    if (!mayAct()) return;
    const seen = seenCluster(after, desired, refusals);
    noteSeen(metrics, seen, after);
    poolLog.note(seen.pools);
    await reporter.report(seen, signal);
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Another keeps the pools now, with workers of its own where it does not see ours. While nobody is known to lead,
   * ours go on.
   */
  async function standDown(): Promise<void> {
    forgetPools(metrics);
    if (runtime.isShared || !leadership.isOtherLeading()) return;
    const { actions } = plan([], await observe(), clock.now(), limits);
    for (const action of actions) await apply(action);
  }

  function observe(): Promise<ObservedRuntime> {
    return untilAborted(runtime.observe(), stopping.signal);
  }

  async function apply(action: RuntimeAction): Promise<void> {
    await untilAborted(runtime.apply(action), stopping.signal);
    metrics.actions.inc({ kind: action.kind });
    logger.info({ action }, 'pool changed');
  }

  const scope = new Scope();
  scope.use(metrics.leads.from(() => (leadership.isLeader() ? 1 : 0)));
  const loop = scope.use(startLoop({ clock, logger }, reconcile, { resyncMs: config.ORCHESTRATOR_RESYNC }));
  scope.defer(() => stopping.abort());
  scope.use(runtime.watch(() => loop.wake()));
  // Called at once, too: the first wake.
  scope.use(
    leadership.watch((isLeader) => {
      if (!isLeader) {
        // Another looks now, and tells what it sees.
        poolLog.forget();
        reporter.forget();
      }
      loop.wake();
    }),
  );
  scope.use(
    configuration.subscribe(
      POOL_DEMANDS_CHANGED,
      {},
      {
        onEvent: () => loop.wake(),
        onGap() {
          // It may be another one, that was told nothing yet.
          reporter.forget();
          loop.wake();
        },
      },
    ),
  );
  return { close: () => scope.close() };
}
