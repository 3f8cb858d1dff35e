/** Composes all services on the embedded adapters, within one process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { gatewaySettings } from '../gateway/config.ts';
import { openGateway } from '../gateway/service.ts';
import { orchestratorSettings } from '../orchestrator/config.ts';
import { openOrchestrator } from '../orchestrator/service.ts';
import { AlwaysLeader } from '../platform/adapters/always-leader.ts';
import { openProcessRuntime } from '../platform/adapters/process-runtime.ts';
import { systemClock } from '../platform/clock.ts';
import { type Environment, readConfig } from '../platform/config.ts';
import { holdDataFolder } from '../platform/data-folder.ts';
import { TributaryError } from '../platform/errors.ts';
import { openServiceClient } from '../platform/http/service-client.ts';
import { randomId } from '../platform/ids.ts';
import { createLogger, LOG_LEVELS } from '../platform/logger.ts';
import { openBus, openCollectionStore, openRegistry, openSourceStore } from '../platform/open.ts';
import type { ServiceName } from '../platform/ports/registry.ts';
import { type Closeable, Scope } from '../platform/scope.ts';
import { packageRoot } from '../platform/sdl.ts';
import { shutdownSignal } from '../platform/shutdown.ts';
import { scraperSettings } from '../scrapers/config.ts';
import { configurationSettings } from '../subgraphs/configuration/config.ts';
import { openConfigurationService } from '../subgraphs/configuration/service.ts';
import { datasourceSettings } from '../subgraphs/datasource/config.ts';
import { openDatasourceService } from '../subgraphs/datasource/service.ts';
import { endpointSettings } from '../subgraphs/endpoint/config.ts';
import { openEndpointService } from '../subgraphs/endpoint/service.ts';

export interface Platform extends Closeable {
  /** `http://127.0.0.1:4000`; GraphQL is under `/graphql`. */
  readonly gatewayUrl: string;
  readonly dataFolder: string;
  readonly services: readonly { readonly name: ServiceName; readonly url: string }[];
  /** From the start of the process until it was ready. */
  readonly startMs: number;
}

const localSettings = z.object({
  DATA_DIR: z.string().default('./data'),
  STORE_URL: z.string().optional(),
  BUS_URL: z.string().default('memory:'),
  REGISTRY_URL: z.string().default('memory:'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('warn'),
  /** Shared by the services; made anew at each start where it is not given. */
  SERVICE_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
});

const settings = localSettings
  .extend(configurationSettings.shape)
  .extend(datasourceSettings.shape)
  .extend(endpointSettings.shape)
  .extend(orchestratorSettings.shape)
  // The workers read their own; a wrong one should be said here, once, and not by each of them.
  .extend(scraperSettings.omit({ REGISTRY_URL: true, SERVICE_TOKEN: true }).shape)
  .extend(gatewaySettings.shape);

/**
 * @throws {ConfigError} A setting is wrong, the port is taken, or the data folder cannot be used: nothing stays
 *   open.
 */
async function openPlatform(environment: Environment): Promise<Platform> {
  const config = readConfig(settings, environment);

  const scope = new Scope();
  try {
    const serviceToken = config.SERVICE_TOKEN ?? randomId();
    const logger = createLogger('tributary', config.LOG_LEVEL);
    const loggerOf = (service: ServiceName) => createLogger(service, config.LOG_LEVEL);
    const clock = systemClock;
    scope.use(holdDataFolder(config.DATA_DIR));
    const storeUrl = config.STORE_URL ?? `sqlite:${config.DATA_DIR}`;
    const bus = scope.use(await openBus(config.BUS_URL, logger));
    const registry = scope.use(await openRegistry(config.REGISTRY_URL));
    const clientOf = (service: ServiceName) =>
      scope.use(openServiceClient({ registry }, service, serviceToken));
    const services: { name: ServiceName; url: string }[] = [];
    const serve = async (name: ServiceName, server: { url: string } & Closeable) => {
      scope.use(server);
      scope.use(await registry.register({ id: `${name}-local`, service: name, url: server.url }));
      services.push({ name, url: server.url });
    };
    const inner = { ...config, serviceToken, host: '127.0.0.1', port: 0 };

    const sourceStore = scope.use(await openSourceStore(storeUrl));
    await serve(
      'configuration',
      await openConfigurationService(
        { store: sourceStore, bus, clock, newId: randomId, logger: loggerOf('configuration') },
        inner,
      ),
    );
    const collectionStore = scope.use(await openCollectionStore(storeUrl));
    const configuration = clientOf('configuration');
    await serve(
      'datasource',
      await openDatasourceService(
        { store: collectionStore, bus, configuration, clock, logger: loggerOf('datasource') },
        inner,
      ),
    );
    await serve(
      'endpoint',
      await openEndpointService(
        {
          viewPath: join(config.DATA_DIR, 'view.db'),
          bus,
          configuration,
          datasource: clientOf('datasource'),
          clock,
          logger: loggerOf('endpoint'),
        },
        inner,
      ),
    );
    const graphiqlFolder = join(packageRoot, 'dist', 'graphiql');
    const gateway = scope.use(
      await openGateway(
        { registry, bus, clock, logger: loggerOf('gateway') },
        { ...config, ...(existsSync(graphiqlFolder) ? { graphiqlFolder } : {}) },
      ),
    );
    const runtime = scope.use(
      await openProcessRuntime(
        { clock, logger: loggerOf('orchestrator') },
        {
          command: { file: process.execPath, args: [join(packageRoot, 'dist', 'scrapers', 'main.js')] },
          env: {
            ...pick(environment, Object.keys(scraperSettings.shape)),
            REGISTRY_URL: `static:${services.map(({ name, url }) => `${name}=${url}`).join(',')}`,
            SERVICE_TOKEN: serviceToken,
            LOG_LEVEL: config.LOG_LEVEL,
          },
        },
      ),
    );
    scope.use(
      await openOrchestrator(
        { configuration, runtime, leadership: new AlwaysLeader(), clock, logger: loggerOf('orchestrator') },
        config,
      ),
    );
    return {
      gatewayUrl: gateway.url,
      dataFolder: config.DATA_DIR,
      services,
      startMs: performance.now(),
      close: () => scope.close(),
    };
  } catch (error) {
    await scope.close().catch(() => {});
    throw error;
  }
}

/** Runs the platform until the first signal; a failure to start is one clear line and exit code 1. */
export async function runPlatform(
  environment: Environment,
  onReady: (platform: Platform) => Promise<void> | void,
): Promise<void> {
  const shutdown = shutdownSignal();
  const scope = new Scope();
  try {
    const platform = scope.use(await openPlatform(environment));
    await onReady(platform);
    await new Promise<void>((resolve) => {
      if (shutdown.aborted) resolve();
      shutdown.addEventListener('abort', () => resolve(), { once: true });
    });
    console.log('Stopping …');
    await scope.close();
    process.exit(0);
  } catch (error) {
    await scope.close().catch(() => {});
    if (!(error instanceof TributaryError)) console.error(error);
    else for (const line of error.message.split('\n')) console.error(`tributary: ${line}`);
    process.exit(1);
  }
}

function pick(environment: Environment, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
