import type { Clock } from '../platform/clock.ts';
import type { ServiceClient } from '../platform/http/service-client.ts';
import type { IdFactory } from '../platform/ids.ts';
import type { LiveConfig } from '../platform/live-config.ts';
import type { Logger } from '../platform/logger.ts';
import { Metrics } from '../platform/metrics.ts';
import { renderOf } from '../platform/model/cluster.ts';
import { createAddressGuard } from '../platform/network/address-guard.ts';
import type { HostBudget } from '../platform/ports/host-budget.ts';
import type { LiveScraperConfig, ScraperConfig } from './config.ts';
import { openHttpFetcher } from './fetchers/http.ts';
import { countingFetcher, measuredBudget } from './fetchers/measured.ts';
import { createRetryingFetcher } from './fetchers/retry.ts';
import type { ResolveHost } from './fetchers/vetted-lookup.ts';
import { scraperMetrics } from './metrics.ts';
import { Readers } from './worker/readers.ts';
import { Worker } from './worker/worker.ts';

export interface OpenWorkerDeps {
  readonly configuration: ServiceClient;
  readonly datasource: ServiceClient;
  readonly budget: HostBudget;
  readonly clock: Clock;
  /** Measures leases: never goes back and never jumps. */
  readonly steadyClock: Clock;
  readonly newId: IdFactory;
  readonly logger: Logger;
  /** The machine's name, as people know it. */
  readonly hostname: string;
  /** @default the system's */
  readonly resolveHost?: ResolveHost;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

export interface OpenedWorker {
  readonly worker: Worker;
  close(): Promise<void>;
}

/**
 * Composes a worker of its settings. Whoever opens it closes it, after its `work` has ended.
 *
 * @param live What may change while it works. @default nothing
 */
export function openWorker(
  deps: OpenWorkerDeps,
  config: ScraperConfig,
  live: LiveConfig<LiveScraperConfig> = { current: () => config },
): OpenedWorker {
  const { clock, steadyClock, resolveHost, hostname } = deps;
  const metrics = scraperMetrics(deps.metrics ?? new Metrics());
  const budget = measuredBudget(deps.budget, metrics, steadyClock);
  const guard = createAddressGuard(config.SCRAPER_ALLOW_NETWORKS);
  const http = openHttpFetcher(
    { guard, budget, clock, steadyClock, ...(resolveHost ? { resolveHost } : {}) },
    {
      timeoutMs: config.PAGE_TIMEOUT,
      bodyBytesMax: config.PAGE_BYTES_MAX,
      redirectsMax: config.REDIRECTS_MAX,
      userAgent: config.USER_AGENT,
    },
  );
  const retries = {
    retriesMax: config.RETRIES_MAX,
    intervalMs: config.RETRY_INTERVAL,
    retryAfterMsMax: config.RETRY_AFTER_MAX,
  };
  const fetcher = createRetryingFetcher(
    { fetcher: countingFetcher(http, metrics), budget, clock, metrics },
    retries,
  );
  const worker = new Worker(
    {
      ...deps,
      metrics,
      readers: new Readers({ HTTP: fetcher }, { extractTimeoutMs: config.EXTRACT_TIMEOUT }),
    },
    {
      pool: config.POOL,
      hostname,
      capacity: () =>
        renderOf(config.POOL) === 'BROWSER' ? config.BROWSER_WORKER_CAPACITY : live.current().WORKER_CAPACITY,
      taskId: config.TASK_ID,
      runsMax: config.RUN_CONCURRENCY,
      hostRunsMax: () => live.current().HOST_CONCURRENCY,
      runTimeoutMs: config.RUN_TIMEOUT,
      suspectBelow: config.SUSPECT_BELOW,
      drainMs: config.DRAIN_TIMEOUT,
    },
  );
  const readings = [
    metrics.heldSources.from(() => worker.heldCount),
    metrics.runs.from(() => worker.runningCount),
  ];
  return {
    worker,
    async close() {
      for (const reading of readings) await reading.close();
      await fetcher.close();
    },
  };
}
