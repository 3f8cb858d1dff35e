import type { Clock } from '../platform/clock.ts';
import type { ServiceClient } from '../platform/http/service-client.ts';
import type { LiveConfig } from '../platform/live-config.ts';
import type { Logger } from '../platform/logger.ts';
import { Metrics } from '../platform/metrics.ts';
import { SHARED_POOL } from '../platform/model/cluster.ts';
import type { Leadership } from '../platform/ports/leadership.ts';
import type { Runtime, RuntimeAction } from '../platform/ports/runtime.ts';
import { Scope } from '../platform/scope.ts';
import type { LiveOrchestratorConfig, OrchestratorConfig } from './config.ts';
import { desiredPools, type PoolDemand } from './desired.ts';
import { startLoop } from './loop.ts';
import { forgetPools, noteDesired, noteObserved, orchestratorMetrics } from './metrics.ts';
import { type PlanLimits, plan } from './plan.ts';
import { createClusterReporter } from './report.ts';

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
 * Closing it leaves the workers running: they are the runtime's.
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
  const refusals = createRefusalLog(logger);
  const metrics = orchestratorMetrics(deps.metrics ?? new Metrics());

  async function reconcile(): Promise<void> {
    try {
      if (!leadership.isLeader()) return await standDown();
      const endTurn = metrics.reconcileDuration.startTimer();
      await keepPools();
      endTurn();
    } catch (error) {
      if (!stopping.signal.aborted) metrics.reconcileFailures.inc();
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
    const desired = desiredPools(poolDemands, {
      workerCapacity: live.current().WORKER_CAPACITY,
      replicasMin: config.POOL_REPLICAS_MIN,
      replicasMax: config.POOL_REPLICAS_MAX,
    });
    const { actions, refusedPools } = plan(desired, await runtime.observe(), clock.now(), limits);
    refusals(refusedPools);
    noteDesired(metrics, desired);
    metrics.refusedPools.set(refusedPools.length);
    for (const limit of boundsHit(poolDemands)) metrics.limits.inc({ limit });
    const failures: unknown[] = [];
    for (const action of actions) {
      if (signal.aborted || !leadership.isLeader()) return;
      // One pool that cannot be must not keep the others from being.
      await apply(action).catch((error) => failures.push(error));
    }
    const observed = await runtime.observe();
    noteObserved(metrics, observed);
    await reporter.report(observed, signal);
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Another keeps the pools now, with workers of its own where it does not see ours. While nobody is known to lead,
   * ours go on.
   */
  async function standDown(): Promise<void> {
    forgetPools(metrics);
    if (runtime.isShared || !leadership.isOtherLeading()) return;
    const { actions } = plan([], await runtime.observe(), clock.now(), limits);
    for (const action of actions) await apply(action);
  }

  async function apply(action: RuntimeAction): Promise<void> {
    await runtime.apply(action);
    metrics.actions.inc({ kind: action.kind });
    logger.info({ action }, 'pool changed');
  }

  /** The bounds that keep workers from being, in this turn as in each while it is so. */
  function* boundsHit(demands: readonly PoolDemand[]): Iterable<string> {
    const dedicated = demands.filter(({ isolation }) => isolation === 'DEDICATED').length;
    if (dedicated > config.DEDICATED_POOLS_MAX) yield 'DEDICATED_POOLS_MAX';
    const most = config.POOL_REPLICAS_MAX * live.current().WORKER_CAPACITY;
    if (demands.some(({ pool, sourceCount }) => pool === SHARED_POOL && sourceCount > most)) {
      yield 'POOL_REPLICAS_MAX';
    }
  }

  const scope = new Scope();
  scope.use(metrics.leads.from(() => (leadership.isLeader() ? 1 : 0)));
  const loop = scope.use(startLoop({ clock, logger }, reconcile, { resyncMs: config.ORCHESTRATOR_RESYNC }));
  scope.defer(() => stopping.abort());
  scope.use(runtime.watch(() => loop.wake()));
  // Called at once, too: the first wake.
  scope.use(leadership.watch(() => loop.wake()));
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

/** Says once that pools are refused, and again only when it is others. */
function createRefusalLog(logger: Logger): (refusedPools: readonly string[]) => void {
  let known = '';
  return (refusedPools) => {
    const now = refusedPools.join();
    if (now !== known && refusedPools.length > 0) {
      logger.warn({ refusedPools }, 'pools refused: too many dedicated ones, or their names are taken');
    }
    known = now;
  };
}
