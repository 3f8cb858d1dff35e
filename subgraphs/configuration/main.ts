/** Configuration as a process of its own. */
import { z } from 'zod';
import { randomId } from '../../platform/ids.ts';
import { openSourceStore } from '../../platform/open.ts';
import { runService } from '../../platform/process/run-service.ts';
import { anyPort, processSettings } from '../../platform/process/settings.ts';
import { configurationSettings } from './config.ts';
import { openConfigurationService } from './service.ts';

const settings = z.object({
  ...processSettings.shape,
  ...anyPort.shape,
  ...configurationSettings.shape,
  /** `mongodb://<host>/<database>`, which replicas share, or `sqlite:<folder>` for a single one. */
  STORE_URL: z.string('must be mongodb://<host>/<database>, or sqlite:<folder> for a single replica'),
});

await runService(
  'configuration',
  settings,
  async ({ config, scope, bus, clock, logger, metrics, whenAvailable }) => {
    const store = scope.use(await whenAvailable('the store', () => openSourceStore(config.STORE_URL)));
    return scope.use(
      await openConfigurationService(
        { store, bus, clock, newId: randomId, logger, metrics },
        { ...config, serviceToken: config.SERVICE_TOKEN, host: config.HOST, port: config.PORT },
      ),
    );
  },
);
