/** Datasource as a process of its own. */
import { z } from 'zod';
import { openCollectionStore } from '../../platform/open.ts';
import { runService } from '../../platform/process/run-service.ts';
import { anyPort, processSettings } from '../../platform/process/settings.ts';
import { datasourceSettings } from './config.ts';
import { openDatasourceService } from './service.ts';

const settings = z.object({
  ...processSettings.shape,
  ...anyPort.shape,
  ...datasourceSettings.shape,
  /** `mongodb://<host>/<database>`, which replicas share, or `sqlite:<folder>` for a single one. */
  STORE_URL: z.string('must be mongodb://<host>/<database>, or sqlite:<folder> for a single replica'),
});

await runService(
  'datasource',
  settings,
  async ({ config, scope, registry, instanceId, clientOf, whenAvailable, ...shared }) => {
    const { bus, clock, logger, metrics } = shared;
    const storeOptions = { historyRetainMs: config.HISTORY_RETAIN };
    const store = scope.use(
      await whenAvailable('the store', () => openCollectionStore(config.STORE_URL, storeOptions)),
    );
    const peers = { self: instanceId, ids: () => registry.instances('datasource').map(({ id }) => id) };
    return scope.use(
      await openDatasourceService(
        { store, bus, configuration: clientOf('configuration'), peers, clock, logger, metrics },
        { ...config, serviceToken: config.SERVICE_TOKEN, host: config.HOST, port: config.PORT },
      ),
    );
  },
);
