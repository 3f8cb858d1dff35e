import { z } from 'zod';
import { gatewaySettings } from '../gateway/config.ts';
import { orchestratorSettings } from '../orchestrator/config.ts';
import { connectionSettings } from '../platform/process/settings.ts';
import { scraperSettings } from '../scrapers/config.ts';
import { configurationSettings } from '../subgraphs/configuration/config.ts';
import { datasourceSettings } from '../subgraphs/datasource/config.ts';
import { endpointSettings } from '../subgraphs/endpoint/config.ts';

const ownSettings = z.object({
  DATA_DIR: z.string().default('./data'),
  /** Default: SQLite files in `DATA_DIR`. */
  STORE_URL: z.string().optional(),
  RUNTIME_URL: z.string().default('process:'),
  /** Shared by the services; made anew at each start where it is not given. */
  SERVICE_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
});

/** What all services together are told by the environment, read at once so that every wrong setting is named. */
export const platformSettings = z.object({
  ...connectionSettings.shape,
  ...ownSettings.shape,
  ...configurationSettings.shape,
  ...datasourceSettings.shape,
  ...endpointSettings.shape,
  ...orchestratorSettings.shape,
  // The workers read their own; a wrong one should be said here, once, and not by each of them.
  ...scraperSettings.shape,
  ...gatewaySettings.shape,
});

export type PlatformConfig = z.infer<typeof platformSettings>;
