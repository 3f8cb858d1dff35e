/** Endpoint as a process of its own. */
import { join } from 'node:path';
import { z } from 'zod';
import { holdDataFolder } from '../../platform/data-folder.ts';
import { openViewCache } from '../../platform/open.ts';
import { runService } from '../../platform/process/run-service.ts';
import { anyPort, processSettings } from '../../platform/process/settings.ts';
import { endpointSettings } from './config.ts';
import { openEndpointService } from './service.ts';

const settings = z.object({
  ...processSettings.shape,
  ...anyPort.shape,
  ...endpointSettings.shape,
  /** Where the replica keeps its view: its own, and disposable. */
  DATA_DIR: z.string().default('./data/endpoint'),
});

await runService(
  'endpoint',
  settings,
  async ({ config, scope, clientOf, openDeps, openOptions, ...shared }) => {
    const { bus, clock, logger, metrics } = shared;
    scope.use(holdDataFolder(config.DATA_DIR));
    const cache = await openViewCache(config.VIEW_CACHE_URL ?? config.BUS_URL, openDeps, {
      ...openOptions,
      removedMax: config.REMOVED_MAX,
      retainMs: config.VIEW_CACHE_RETAIN,
    });
    if (cache) scope.use(cache);
    const [configuration, datasource] = [clientOf('configuration'), clientOf('datasource')];
    const viewPath = join(config.DATA_DIR, 'view.db');
    return scope.use(
      await openEndpointService(
        { viewPath, bus, configuration, datasource, cache, clock, logger, metrics },
        { ...config, serviceToken: config.SERVICE_TOKEN, host: config.HOST, port: config.PORT },
      ),
    );
  },
);
