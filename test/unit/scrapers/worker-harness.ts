import { MemoryHostBudget } from '../../../platform/adapters/memory-host-budget.ts';
import { type Clock, systemClock } from '../../../platform/clock.ts';
import { readConfig } from '../../../platform/config.ts';
import type { LiveConfig } from '../../../platform/live-config.ts';
import { createLogger, silentLogger } from '../../../platform/logger.ts';
import type { Metrics } from '../../../platform/metrics.ts';
import { Scope } from '../../../platform/scope.ts';
import { type LiveScraperConfig, scraperSettings } from '../../../scrapers/config.ts';
import { openWorker } from '../../../scrapers/open-worker.ts';
import { steadyClock } from '../../../scrapers/worker/steady-clock.ts';
import type { Worker } from '../../../scrapers/worker/worker.ts';
import { FakePlatform, openFakePlatform } from './fake-platform.ts';

export interface WorkerHarness {
  readonly platform: FakePlatform;
  readonly worker: Worker;
  /** Asks the worker to stop, as SIGTERM does, and waits until it has. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly steadyClock?: Clock;
  readonly clock?: Clock;
  readonly live?: LiveConfig<LiveScraperConfig>;
  readonly metrics?: Metrics;
}

/** A worker at work against a fake platform, which may read sites on this machine. */
export async function startWorker(
  platform: FakePlatform = new FakePlatform(),
  options: HarnessOptions = {},
): Promise<WorkerHarness> {
  const scope = new Scope();
  const services = scope.use(await openFakePlatform(platform));
  const clock = options.clock ?? systemClock;
  const config = readConfig(scraperSettings, {
    REGISTRY_URL: services.registryUrl,
    SERVICE_TOKEN: services.serviceToken,
    SCRAPER_ALLOW_NETWORKS: '127.0.0.1/32',
    HOST_INTERVAL: 'PT0.001S',
    RETRY_INTERVAL: 'PT0.01S',
    ...options.settings,
  });
  const budget = scope.use(
    new MemoryHostBudget({ clock }, () => ({
      concurrency: config.HOST_CONCURRENCY,
      intervalMs: config.HOST_INTERVAL,
    })),
  );
  let runs = 0;
  const opened = openWorker(
    {
      configuration: services.configuration,
      datasource: services.datasource,
      budget,
      clock,
      steadyClock: options.steadyClock ?? steadyClock,
      newId: () => `id-${++runs}`,
      logger: process.env.TEST_LOG ? createLogger('scraper', 'debug') : silentLogger,
      hostname: 'here',
      ...(options.metrics ? { metrics: options.metrics } : {}),
    },
    config,
    options.live,
  );
  scope.use(opened);
  const stopping = new AbortController();
  const working = opened.worker.work(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await working;
  };
  return {
    platform,
    worker: opened.worker,
    stop,
    async close() {
      await stop();
      await scope.close();
    },
  };
}
