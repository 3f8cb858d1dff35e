import { z } from 'zod';
import { gatewaySettings } from '../gateway/config.ts';
import { orchestratorSettings } from '../orchestrator/config.ts';
import { LOG_LEVELS } from '../platform/logger.ts';
import { scraperSettings } from '../scrapers/config.ts';
import { configurationSettings } from '../subgraphs/configuration/config.ts';
import { datasourceSettings } from '../subgraphs/datasource/config.ts';
import { endpointSettings } from '../subgraphs/endpoint/config.ts';

const ownSettings = z.object({
  DATA_DIR: z.string().default('./data'),
  /** Default: SQLite files in `DATA_DIR`. */
  STORE_URL: z.string().optional(),
  BUS_URL: z.string().default('memory:'),
  REGISTRY_URL: z.string().default('memory:'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('warn'),
  /** Shared by the services; made anew at each start where it is not given. */
  SERVICE_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
});

/** What all services together are told by the environment, read at once so that every wrong setting is named. */
export const platformSettings = ownSettings
  .extend(configurationSettings.shape)
  .extend(datasourceSettings.shape)
  .extend(endpointSettings.shape)
  .extend(orchestratorSettings.shape)
  // The workers read their own; a wrong one should be said here, once, and not by each of them.
  .extend(scraperSettings.omit({ REGISTRY_URL: true, SERVICE_TOKEN: true }).shape)
  .extend(gatewaySettings.shape);

export type PlatformConfig = z.infer<typeof platformSettings>;

/** Those of the environment's settings that workers know, for their environment. */
export function workerSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of Object.keys(scraperSettings.shape)) {
    const value = environment[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
