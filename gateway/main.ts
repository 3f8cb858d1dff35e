/** The gateway as a process of its own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runService } from '../platform/process/run-service.ts';
import { processSettings } from '../platform/process/settings.ts';
import { packageRoot } from '../platform/sdl.ts';
import { gatewaySettings } from './config.ts';
import { openGateway } from './service.ts';

const settings = z.object({ ...processSettings.shape, ...gatewaySettings.shape });

await runService('gateway', settings, async ({ config, scope, registry, bus, clock, logger, metrics }) => {
  const graphiqlFolder = join(packageRoot, 'dist', 'graphiql');
  const { url, drain } = scope.use(
    await openGateway(
      { registry, bus, clock, logger, metrics },
      {
        ...config,
        serviceToken: config.SERVICE_TOKEN,
        ...(existsSync(graphiqlFolder) ? { graphiqlFolder } : {}),
      },
    ),
  );
  return { url: `${url}/graphql`, drain };
});
