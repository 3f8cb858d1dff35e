/** A worker as a process of its own: started by the runtime, or by hand. */
import { hostname } from 'node:os';
import { z } from 'zod';
import { systemClock } from '../platform/clock.ts';
import { randomId } from '../platform/ids.ts';
import { followLiveConfig } from '../platform/live-config.ts';
import { openHostBudget } from '../platform/open.ts';
import { openProbeServer } from '../platform/process/probe-server.ts';
import { runService } from '../platform/process/run-service.ts';
import { anyPort, processSettings } from '../platform/process/settings.ts';
import { liveScraperSettings, scraperSettings } from './config.ts';
import { openWorker } from './open-worker.ts';
import { steadyClock } from './worker/steady-clock.ts';

// A worker does not outlive who started it: its channel to it closes, however that died, if not before this line.
if (process.send && !process.connected) process.exit(0);
process.once('disconnect', () => process.exit(0));

const settings = z.object({
  ...processSettings.shape,
  ...anyPort.shape,
  ...scraperSettings.shape,
  // Only for the host budget: what workers are woken by comes from configuration.
  BUS_URL: z.string().default('memory:'),
});

await runService(
  'scraper',
  settings,
  async ({ config, scope, clientOf, openDeps, openOptions, ...shared }) => {
    const { metrics, liveSettings } = shared;
    const logger = shared.logger.child({ pool: config.POOL, taskId: config.TASK_ID });
    const live = scope.use(followLiveConfig(liveSettings, liveScraperSettings, config, logger));
    const budget = scope.use(
      await openHostBudget(
        config.HOST_BUDGET_URL ?? config.BUS_URL,
        { ...openDeps, steadyClock },
        {
          ...openOptions,
          limits: () => {
            const { HOST_CONCURRENCY: concurrency, HOST_INTERVAL: intervalMs } = live.current();
            return { concurrency, intervalMs };
          },
        },
      ),
    );
    const { worker } = scope.use(
      openWorker(
        {
          configuration: clientOf('configuration'),
          datasource: clientOf('datasource'),
          budget,
          clock: systemClock,
          steadyClock,
          newId: randomId,
          logger,
          hostname: hostname(),
          metrics,
        },
        config,
        live,
      ),
    );
    const work = (stopping: AbortSignal) => worker.work(stopping);
    const { HOST: host, PORT: port, SERVICE_TOKEN: serviceToken } = config;
    // Told where the others are, it is found by nobody; but who gave it a port may ask there.
    const isTold = config.REGISTRY_URL.startsWith('static:');
    if (isTold && port === 0) return { work };
    const probes = scope.use(
      await openProbeServer({ metrics, isReady: () => true }, { host, port, serviceToken }),
    );
    const drain = () => probes.drain();
    return isTold ? { drain, work } : { url: probes.url, drain, work };
  },
);
