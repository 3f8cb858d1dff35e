/** Composes all services within one process: on the embedded adapters, unless URLs name others. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assertGuarded } from '../gateway/config.ts';
import { openGateway } from '../gateway/service.ts';
import { liveOrchestratorSettings } from '../orchestrator/config.ts';
import { openOrchestrator } from '../orchestrator/service.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { type Environment, pickSettings, readConfig } from '../platform/config.ts';
import { holdDataFolder } from '../platform/data-folder.ts';
import { openServiceClient, type ServiceClient } from '../platform/http/service-client.ts';
import { randomId } from '../platform/ids.ts';
import { followLiveConfig } from '../platform/live-config.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { Metrics } from '../platform/metrics.ts';
import {
  type OpenDeps,
  type OpenOptions,
  openBus,
  openCollectionStore,
  openLeadership,
  openLiveSettings,
  openRegistry,
  openRuntime,
  openSourceStore,
  openViewCache,
} from '../platform/open.ts';
import type { Bus } from '../platform/ports/bus.ts';
import type { LiveSettings } from '../platform/ports/live-settings.ts';
import type { Registry, ServiceName } from '../platform/ports/registry.ts';
import { connectionSettings } from '../platform/process/settings.ts';
import { type Closeable, Scope } from '../platform/scope.ts';
import { packageRoot } from '../platform/sdl.ts';
import { scraperSettings } from '../scrapers/config.ts';
import { openConfigurationService } from '../subgraphs/configuration/service.ts';
import { openDatasourceService } from '../subgraphs/datasource/service.ts';
import { openEndpointService } from '../subgraphs/endpoint/service.ts';
import { type PlatformConfig, platformSettings } from './settings.ts';

export interface ServedSubgraph {
  readonly name: ServiceName;
  readonly url: string;
}

export interface Platform extends Closeable {
  /** As it is reached from this machine: `http://127.0.0.1:4000`; GraphQL is under `/graphql`. */
  readonly gatewayUrl: string;
  readonly dataFolder: string;
  readonly subgraphs: readonly ServedSubgraph[];
  /** From the start of the process until it was ready. */
  readonly startMs: number;
}

/** What the services share. */
interface Shared {
  readonly scope: Scope;
  readonly config: PlatformConfig;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly liveSettings: LiveSettings;
  readonly serviceToken: string;
  readonly metrics: Metrics;
  readonly openOptions: OpenOptions;
  openDepsOf(service: string): OpenDeps;
  loggerOf(service: ServiceName): Logger;
  clientOf(service: ServiceName): ServiceClient;
}

/**
 * @throws {ConfigError} A setting is wrong, the port is taken, or the data folder cannot be used: nothing stays
 *   open.
 */
export async function openPlatform(environment: Environment): Promise<Platform> {
  const config = readConfig(platformSettings, environment);
  assertGuarded(config);
  const scope = new Scope();
  try {
    scope.use(holdDataFolder(config.DATA_DIR));
    const shared = await openShared(scope, config);
    const subgraphs = await serveSubgraphs(shared);
    const gateway = await serveGateway(shared);
    await startWorkers(shared, subgraphs, environment);
    return {
      gatewayUrl: reachedFromHere(gateway.url),
      dataFolder: config.DATA_DIR,
      subgraphs,
      startMs: performance.now(),
      close: () => scope.close(),
    };
  } catch (error) {
    await scope.close().catch(() => {});
    throw error;
  }
}

/** What listens on all addresses also listens on loopback's, whose names it always goes by. */
function reachedFromHere(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

async function openShared(scope: Scope, config: PlatformConfig): Promise<Shared> {
  const loggerOf = (service: ServiceName) => createLogger(service, config.LOG_LEVEL);
  const serviceToken = config.SERVICE_TOKEN ?? randomId();
  const clock = systemClock;
  const metrics = new Metrics();
  metrics.addProcess();
  const openDepsOf = (name: string) => ({
    clock,
    logger: createLogger(name, config.LOG_LEVEL),
    newId: randomId,
  });
  const openOptions = { keyPrefix: config.KEY_PREFIX, token: config.CONSUL_HTTP_TOKEN };
  const liveSettings = scope.use(
    await openLiveSettings(
      config.LIVE_SETTINGS_URL ?? config.REGISTRY_URL,
      openDepsOf('live-settings'),
      openOptions,
    ),
  );
  const bus = scope.use(await openBus(config.BUS_URL, openDepsOf('bus'), openOptions));
  const registry = scope.use(await openRegistry(config.REGISTRY_URL, openDepsOf('registry'), openOptions));
  const clientOf = (service: ServiceName) =>
    scope.use(openServiceClient({ registry }, service, serviceToken));
  return {
    scope,
    config,
    clock,
    bus,
    registry,
    liveSettings,
    serviceToken,
    metrics,
    openOptions,
    openDepsOf,
    loggerOf,
    clientOf,
  };
}

async function serveSubgraphs(shared: Shared): Promise<ServedSubgraph[]> {
  const { scope, config, clock, bus, registry, serviceToken, metrics, loggerOf, clientOf } = shared;
  const storeUrl = config.STORE_URL ?? `sqlite:${config.DATA_DIR}`;
  const settings = { ...config, serviceToken, host: '127.0.0.1', port: 0 };
  const served: ServedSubgraph[] = [];
  const serve = async (name: ServiceName, server: { readonly url: string } & Closeable) => {
    scope.use(server);
    scope.use(await registry.register({ id: `${name}-${randomId()}`, service: name, url: server.url }));
    served.push({ name, url: server.url });
  };

  const sources = scope.use(await openSourceStore(storeUrl));
  const configurationDeps = {
    store: sources,
    bus,
    clock,
    newId: randomId,
    logger: loggerOf('configuration'),
    metrics,
  };
  await serve('configuration', await openConfigurationService(configurationDeps, settings));

  const collections = scope.use(
    await openCollectionStore(storeUrl, { historyRetainMs: config.HISTORY_RETAIN }),
  );
  const configuration = clientOf('configuration');
  const datasourceDeps = {
    store: collections,
    bus,
    configuration,
    clock,
    logger: loggerOf('datasource'),
    metrics,
  };
  await serve('datasource', await openDatasourceService(datasourceDeps, settings));

  const viewPath = join(config.DATA_DIR, 'view.db');
  const datasource = clientOf('datasource');
  const cache = await openViewCache(config.VIEW_CACHE_URL ?? config.BUS_URL, shared.openDepsOf('endpoint'), {
    ...shared.openOptions,
    removedMax: config.REMOVED_MAX,
    retainMs: config.VIEW_CACHE_RETAIN,
  });
  if (cache) scope.use(cache);
  const endpointDeps = {
    viewPath,
    bus,
    configuration,
    datasource,
    cache,
    clock,
    logger: loggerOf('endpoint'),
    metrics,
  };
  await serve('endpoint', await openEndpointService(endpointDeps, settings));
  return served;
}

async function serveGateway({
  scope,
  config,
  clock,
  bus,
  registry,
  serviceToken,
  metrics,
  loggerOf,
}: Shared): Promise<{ url: string }> {
  const folder = join(packageRoot, 'dist', 'graphiql');
  return scope.use(
    await openGateway(
      { registry, bus, clock, logger: loggerOf('gateway'), metrics },
      { ...config, serviceToken, ...(existsSync(folder) ? { graphiqlFolder: folder } : {}) },
    ),
  );
}

/** What the workers are told is what we were told, where they know it, and where we are. */
async function startWorkers(
  { scope, config, serviceToken, metrics, liveSettings, openDepsOf, openOptions, clientOf }: Shared,
  subgraphs: readonly ServedSubgraph[],
  environment: Environment,
): Promise<void> {
  const deps = openDepsOf('orchestrator');
  const runtime = scope.use(
    await openRuntime(config.RUNTIME_URL, deps, {
      environment: pickSettings(workerSettings, environment, {
        REGISTRY_URL: `static:${subgraphs.map(({ name, url }) => `${name}=${url}`).join(',')}`,
        LIVE_SETTINGS_URL: config.LIVE_SETTINGS_URL ?? config.REGISTRY_URL,
        SERVICE_TOKEN: serviceToken,
        LOG_LEVEL: config.LOG_LEVEL,
      }),
    }),
  );
  const leadershipUrl = config.LEADERSHIP_URL ?? config.REGISTRY_URL;
  const leadership = scope.use(
    await openLeadership(leadershipUrl, deps, { ...openOptions, role: 'orchestrator' }),
  );
  const configuration = clientOf('configuration');
  const live = scope.use(followLiveConfig(liveSettings, liveOrchestratorSettings, config, deps.logger));
  scope.use(await openOrchestrator({ ...deps, configuration, runtime, leadership, metrics }, config, live));
}

const workerSettings = connectionSettings.extend(scraperSettings.shape);
