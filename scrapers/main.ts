/** A worker process: started by the runtime, or by hand. */
import { hostname } from 'node:os';
import { MemoryHostBudget } from '../platform/adapters/memory-host-budget.ts';
import { systemClock } from '../platform/clock.ts';
import { readConfig } from '../platform/config.ts';
import { ConfigError } from '../platform/errors.ts';
import { openServiceClient } from '../platform/http/service-client.ts';
import { randomId } from '../platform/ids.ts';
import { createLogger } from '../platform/logger.ts';
import { openRegistry } from '../platform/open.ts';
import { Scope } from '../platform/scope.ts';
import { shutdownSignal } from '../platform/shutdown.ts';
import { scraperSettings } from './config.ts';
import { openWorker } from './open-worker.ts';
import { steadyClock } from './worker/steady-clock.ts';

async function main(): Promise<void> {
  // A worker does not outlive who started it: its channel to it closes, however that died, if not before this line.
  if (process.send && !process.connected) return;
  process.once('disconnect', () => process.exit(0));
  const stopping = shutdownSignal();
  const config = readConfig(scraperSettings, process.env);
  await using scope = new Scope();
  const logger = createLogger('scraper', config.LOG_LEVEL).child({
    pool: config.POOL,
    taskId: config.TASK_ID,
  });
  const registry = scope.use(await openRegistry(config.REGISTRY_URL));
  const budget = scope.use(
    new MemoryHostBudget({ clock: steadyClock }, () => ({
      concurrency: config.HOST_CONCURRENCY,
      intervalMs: config.HOST_INTERVAL,
    })),
  );
  const clientOf = (service: 'configuration' | 'datasource') =>
    scope.use(openServiceClient({ registry }, service, config.SERVICE_TOKEN));
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
      },
      config,
    ),
  );
  await worker.work(stopping);
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exit(1);
}
