/** Composes all services within one process, on the embedded adapters. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openGateway } from '../gateway/service.ts';
import { openOrchestrator } from '../orchestrator/service.ts';
import { AlwaysLeader } from '../platform/adapters/always-leader.ts';
import { openProcessRuntime } from '../platform/adapters/process-runtime.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { type Environment, readConfig } from '../platform/config.ts';
import { holdDataFolder } from '../platform/data-folder.ts';
import { openServiceClient, type ServiceClient } from '../platform/http/service-client.ts';
import { randomId } from '../platform/ids.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { openBus, openCollectionStore, openRegistry, openSourceStore } from '../platform/open.ts';
import type { Bus } from '../platform/ports/bus.ts';
import type { Registry, ServiceName } from '../platform/ports/registry.ts';
import { type Closeable, Scope } from '../platform/scope.ts';
import { packageRoot } from '../platform/sdl.ts';
import { openConfigurationService } from '../subgraphs/configuration/service.ts';
import { openDatasourceService } from '../subgraphs/datasource/service.ts';
import { openEndpointService } from '../subgraphs/endpoint/service.ts';
import { type PlatformConfig, platformSettings, workerSettings } from './settings.ts';

export interface ServedSubgraph {
  readonly name: ServiceName;
  readonly url: string;
}

export interface Platform extends Closeable {
  /** `http://127.0.0.1:4000`; GraphQL is under `/graphql`. */
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
  readonly serviceToken: string;
  loggerOf(service: ServiceName): Logger;
  clientOf(service: ServiceName): ServiceClient;
}

/**
 * @throws {ConfigError} A setting is wrong, the port is taken, or the data folder cannot be used: nothing stays
 *   open.
 */
export async function openPlatform(environment: Environment): Promise<Platform> {
  const config = readConfig(platformSettings, environment);
  const scope = new Scope();
  try {
    scope.use(holdDataFolder(config.DATA_DIR));
    const shared = await openShared(scope, config);
    const subgraphs = await serveSubgraphs(shared);
    const gateway = await serveGateway(shared);
    await startWorkers(shared, subgraphs, workerSettings(environment));
    return {
      gatewayUrl: gateway.url,
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

async function openShared(scope: Scope, config: PlatformConfig): Promise<Shared> {
  const loggerOf = (service: ServiceName) => createLogger(service, config.LOG_LEVEL);
  const serviceToken = config.SERVICE_TOKEN ?? randomId();
  const bus = scope.use(await openBus(config.BUS_URL, createLogger('bus', config.LOG_LEVEL)));
  const registry = scope.use(await openRegistry(config.REGISTRY_URL));
  const clientOf = (service: ServiceName) =>
    scope.use(openServiceClient({ registry }, service, serviceToken));
  return { scope, config, clock: systemClock, bus, registry, serviceToken, loggerOf, clientOf };
}

async function serveSubgraphs(shared: Shared): Promise<ServedSubgraph[]> {
  const { scope, config, clock, bus, registry, serviceToken, loggerOf, clientOf } = shared;
  const storeUrl = config.STORE_URL ?? `sqlite:${config.DATA_DIR}`;
  const settings = { ...config, serviceToken, host: '127.0.0.1', port: 0 };
  const served: ServedSubgraph[] = [];
  const serve = async (name: ServiceName, server: { readonly url: string } & Closeable) => {
    scope.use(server);
    scope.use(await registry.register({ id: `${name}-local`, service: name, url: server.url }));
    served.push({ name, url: server.url });
  };

  const sources = scope.use(await openSourceStore(storeUrl));
  const configurationDeps = {
    store: sources,
    bus,
    clock,
    newId: randomId,
    logger: loggerOf('configuration'),
  };
  await serve('configuration', await openConfigurationService(configurationDeps, settings));

  const collections = scope.use(await openCollectionStore(storeUrl));
  const configuration = clientOf('configuration');
  const datasourceDeps = { store: collections, bus, configuration, clock, logger: loggerOf('datasource') };
  await serve('datasource', await openDatasourceService(datasourceDeps, settings));

  const viewPath = join(config.DATA_DIR, 'view.db');
  const datasource = clientOf('datasource');
  const endpointDeps = { viewPath, bus, configuration, datasource, clock, logger: loggerOf('endpoint') };
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
  loggerOf,
}: Shared): Promise<{ url: string }> {
  const folder = join(packageRoot, 'dist', 'graphiql');
  return scope.use(
    await openGateway(
      { registry, bus, clock, logger: loggerOf('gateway') },
      { ...config, serviceToken, ...(existsSync(folder) ? { graphiqlFolder: folder } : {}) },
    ),
  );
}

/** @param environment What the workers are told beside where the subgraphs are. */
async function startWorkers(
  { scope, config, clock, serviceToken, loggerOf, clientOf }: Shared,
  subgraphs: readonly ServedSubgraph[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const logger = loggerOf('orchestrator');
  const command = { file: process.execPath, args: [join(packageRoot, 'dist', 'scrapers', 'main.js')] };
  const env = {
    ...environment,
    REGISTRY_URL: `static:${subgraphs.map(({ name, url }) => `${name}=${url}`).join(',')}`,
    SERVICE_TOKEN: serviceToken,
    LOG_LEVEL: config.LOG_LEVEL,
  };
  const runtime = scope.use(await openProcessRuntime({ clock, logger }, { command, env }));
  const leadership = scope.use(new AlwaysLeader());
  const configuration = clientOf('configuration');
  scope.use(await openOrchestrator({ configuration, runtime, leadership, clock, logger }, config));
}
