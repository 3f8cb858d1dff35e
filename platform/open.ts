/**
 * Chooses adapters by URL. A driver is imported only when its adapter is asked for, so that the embedded ones
 * cost nothing to those who use others, and the other way round.
 */
import { join } from 'node:path';
import type { SwarmRuntimeOptions, WorkerResources } from './adapters/swarm-runtime/options.ts';
import { type Clock, steadyClock } from './clock.ts';
import { ConfigError } from './errors.ts';
import type { IdFactory } from './ids.ts';
import type { Logger } from './logger.ts';
import type { Bus } from './ports/bus.ts';
import type { CollectionStore } from './ports/collection-store.ts';
import type { HostBudget, HostBudgetOptions } from './ports/host-budget.ts';
import type { Leadership } from './ports/leadership.ts';
import type { LiveSettings } from './ports/live-settings.ts';
import { type Registry, SERVICES, type ServiceInstance, type ServiceName } from './ports/registry.ts';
import type { Runtime } from './ports/runtime.ts';
import type { SourceStore } from './ports/source-store.ts';
import type { ViewCache } from './ports/view-cache.ts';
import { packageRoot } from './sdl.ts';

export type { SwarmRuntimeOptions, WorkerResources };

export interface OpenDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: IdFactory;
}

export interface OpenOptions {
  /** Begins all names that the adapter uses in a place it shares with others. */
  readonly keyPrefix: string;
  /** Shown to Consul. */
  readonly token?: string | undefined;
}

/** @param url `sqlite:<folder>` or `mongodb://…` */
export async function openSourceStore(url: string): Promise<SourceStore> {
  if (isMongo(url)) {
    const { openMongoSourceStore } = await import('./adapters/mongo-source-store.ts');
    return openMongoSourceStore(url);
  }
  const folder = embeddedFolder(url);
  const { openSqliteSourceStore } = await import('./adapters/sqlite-source-store.ts');
  return openSqliteSourceStore(`${folder}/configuration.db`);
}

/** @param url `sqlite:<folder>` or `mongodb://…` */
export async function openCollectionStore(
  url: string,
  { historyRetainMs }: { readonly historyRetainMs: number },
): Promise<CollectionStore> {
  if (isMongo(url)) {
    const { openMongoCollectionStore } = await import('./adapters/mongo-collection-store.ts');
    return openMongoCollectionStore(url, { historyRetainMs });
  }
  const folder = embeddedFolder(url);
  const { openSqliteCollectionStore } = await import('./adapters/sqlite-collection-store.ts');
  return openSqliteCollectionStore(folder);
}

/** @param url `memory:` or `redis://…` */
export async function openBus(url: string, deps: OpenDeps, options: OpenOptions): Promise<Bus> {
  if (isRedis(url)) {
    const { openRedisBus } = await import('./adapters/redis-bus.ts');
    return openRedisBus(url, deps, options);
  }
  assertMemory('BUS_URL', url, 'memory: or redis://<host>:<port>');
  const { MemoryBus } = await import('./adapters/memory-bus.ts');
  return new MemoryBus(deps.logger);
}

/** @param url `memory:` or `redis://…` @param limits Asked at each turn: they may change meanwhile. */
export async function openHostBudget(
  url: string,
  deps: OpenDeps & { readonly steadyClock: Clock },
  options: OpenOptions & { readonly limits: () => HostBudgetOptions },
): Promise<HostBudget> {
  if (isRedis(url)) {
    const { openRedisHostBudget } = await import('./adapters/redis-host-budget.ts');
    return openRedisHostBudget(url, deps, options);
  }
  assertMemory('HOST_BUDGET_URL', url, 'memory: or redis://<host>:<port>');
  const { MemoryHostBudget } = await import('./adapters/memory-host-budget.ts');
  return new MemoryHostBudget({ clock: deps.steadyClock }, options.limits);
}

/** @param url `memory:` for none, or `redis://…` */
export async function openViewCache(
  url: string,
  deps: OpenDeps,
  options: OpenOptions & { readonly removedMax: number; readonly retainMs: number },
): Promise<ViewCache | undefined> {
  if (isRedis(url)) {
    const { openRedisViewCache } = await import('./adapters/redis-view-cache.ts');
    return openRedisViewCache(url, deps, options);
  }
  assertMemory('VIEW_CACHE_URL', url, 'memory: or redis://<host>:<port>');
  return undefined;
}

/**
 * @param url `memory:`, `http://…` of Consul, or where the services are, for a process that registers nothing itself:
 *   `static:configuration=http://127.0.0.1:4101/graphql,datasource=http://…`
 */
export async function openRegistry(url: string, deps: OpenDeps, options: OpenOptions): Promise<Registry> {
  if (isConsul(url)) {
    const { openConsulRegistry } = await import('./adapters/consul-registry.ts');
    return openConsulRegistry(url, deps, consulOptions(options));
  }
  const known = url.startsWith('static:') ? staticInstances(url.slice('static:'.length)) : [];
  if (!known || (url !== 'memory:' && known.length === 0)) {
    throw unknownUrl('REGISTRY_URL', url, 'memory:, http://<consul>:8500 or static:<service>=<url>,…');
  }
  const { MemoryRegistry } = await import('./adapters/memory-registry.ts');
  return new MemoryRegistry(known, deps.logger);
}

/** @param url `memory:` where there are no rivals, or `http://…` of Consul @param role What is led. */
export async function openLeadership(
  url: string,
  deps: OpenDeps,
  options: OpenOptions & { readonly role: string },
): Promise<Leadership> {
  if (isConsul(url)) {
    const { openConsulLeadership } = await import('./adapters/consul-leadership.ts');
    const steadyDeps = { ...deps, clock: steadyClock };
    return openConsulLeadership(url, steadyDeps, { ...consulOptions(options), role: options.role });
  }
  if (!url.startsWith('static:')) assertMemory('LEADERSHIP_URL', url, 'memory: or http://<consul>:8500');
  const { AlwaysLeader } = await import('./adapters/always-leader.ts');
  return new AlwaysLeader(deps.logger);
}

/** @param url `memory:` where nothing changes while services run, or `http://…` of Consul */
export async function openLiveSettings(
  url: string,
  deps: OpenDeps,
  options: OpenOptions,
): Promise<LiveSettings> {
  if (isConsul(url)) {
    const { openConsulLiveSettings } = await import('./adapters/consul-live-settings.ts');
    return openConsulLiveSettings(url, deps, consulOptions(options));
  }
  if (!url.startsWith('static:')) assertMemory('LIVE_SETTINGS_URL', url, 'memory: or http://<consul>:8500');
  const { FixedLiveSettings } = await import('./adapters/fixed-live-settings.ts');
  return new FixedLiveSettings();
}

export interface OpenRuntimeOptions {
  /** All of the settings of workers that are child processes. */
  readonly environment: Record<string, string>;
  /** Which of our outputs child processes write to. @default 2 */
  readonly output?: 1 | 2;
  /** All that a swarm is told of its workers: asked for where the URL names one. @default there can be none */
  readonly swarm?: (url: string) => SwarmRuntimeOptions;
}

/**
 * @param url `process:` for child processes of this one; or where a swarm's managers are:
 *   `unix:///var/run/docker.sock`, `https://<host>:2376,https://…`, `http://…`
 */
export async function openRuntime(
  url: string,
  deps: OpenDeps,
  { environment, output = 2, swarm }: OpenRuntimeOptions,
): Promise<Runtime> {
  if (swarm && isDocker(url)) {
    const { openSwarmRuntime } = await import('./adapters/swarm-runtime.ts');
    return openSwarmRuntime(deps, swarm(url));
  }
  if (url !== 'process:') {
    throw unknownUrl(
      'RUNTIME_URL',
      url,
      swarm ? 'process:, unix://<socket> or https://<manager>:2376,…' : 'process:',
    );
  }
  const { openProcessRuntime } = await import('./adapters/process-runtime.ts');
  const command = { file: process.execPath, args: [join(packageRoot, 'dist', 'scrapers', 'main.js')] };
  return openProcessRuntime(deps, { command, env: environment, output });
}

function isMongo(url: string): boolean {
  return /^mongodb(\+srv)?:\/\//.test(url);
}

function isRedis(url: string): boolean {
  return /^rediss?:\/\//.test(url);
}

function isConsul(url: string): boolean {
  return /^https?:\/\//.test(url);
}

function isDocker(url: string): boolean {
  return /^(unix|https?):\/\//.test(url);
}

function consulOptions({ keyPrefix, token }: OpenOptions): { keyPrefix: string; token?: string } {
  return { keyPrefix, ...(token === undefined ? {} : { token }) };
}

/** @returns undefined where a part is no service's URL. */
function staticInstances(list: string): readonly ServiceInstance[] | undefined {
  const instances = list.split(',').map((part): ServiceInstance | undefined => {
    const [, service, url] = /^(\w+)=(https?:\/\/.+)$/.exec(part.trim()) ?? [];
    const isKnown = (SERVICES as readonly string[]).includes(service ?? '') && URL.canParse(url ?? '');
    return isKnown
      ? { id: `${service}@${url}`, service: service as ServiceName, url: url as string }
      : undefined;
  });
  return instances.includes(undefined) ? undefined : (instances as ServiceInstance[]);
}

function embeddedFolder(url: string): string {
  const folder = /^sqlite:(.+)$/.exec(url)?.[1];
  if (folder === undefined)
    throw unknownUrl('STORE_URL', url, 'sqlite:<folder> or mongodb://<host>/<database>');
  return folder;
}

function assertMemory(setting: string, url: string, known: string): void {
  if (url !== 'memory:') throw unknownUrl(setting, url, known);
}

/** Only the scheme is repeated, where there is one: the rest may hold a password, or be one. */
function unknownUrl(setting: string, url: string, known: string): ConfigError {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0];
  const problem = scheme === undefined ? 'is no URL' : `${scheme} is no adapter of this version`;
  return new ConfigError([`${setting}: ${problem}; it takes ${known}`]);
}
