/**
 * Chooses adapters by URL. A driver is imported only when its adapter is asked for, so that the embedded ones
 * cost nothing to those who use others, and the other way round.
 */
import { ConfigError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Bus } from './ports/bus.ts';
import type { CollectionStore } from './ports/collection-store.ts';
import { type Registry, SERVICES, type ServiceInstance, type ServiceName } from './ports/registry.ts';
import type { SourceStore } from './ports/source-store.ts';

/** @param url `sqlite:<folder>` */
export async function openSourceStore(url: string): Promise<SourceStore> {
  const folder = embeddedFolder('STORE_URL', url);
  const { openSqliteSourceStore } = await import('./adapters/sqlite-source-store.ts');
  return openSqliteSourceStore(`${folder}/configuration.db`);
}

/** @param url `sqlite:<folder>` */
export async function openCollectionStore(url: string): Promise<CollectionStore> {
  const folder = embeddedFolder('STORE_URL', url);
  const { openSqliteCollectionStore } = await import('./adapters/sqlite-collection-store.ts');
  return openSqliteCollectionStore(folder);
}

/** @param url `memory:` */
export async function openBus(url: string, logger: Logger): Promise<Bus> {
  if (url !== 'memory:') throw unknownUrl('BUS_URL', url, 'memory:');
  const { MemoryBus } = await import('./adapters/memory-bus.ts');
  return new MemoryBus(logger);
}

/**
 * @param url `memory:`, or where the services are, for a process that registers nothing itself:
 *   `static:configuration=http://127.0.0.1:4101/graphql,datasource=http://…`
 */
export async function openRegistry(url: string): Promise<Registry> {
  const known = url.startsWith('static:') ? staticInstances(url.slice('static:'.length)) : [];
  if (!known || (url !== 'memory:' && known.length === 0)) {
    throw unknownUrl('REGISTRY_URL', url, 'memory: or static:<service>=<url>,…');
  }
  const { MemoryRegistry } = await import('./adapters/memory-registry.ts');
  return new MemoryRegistry(known);
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

function embeddedFolder(setting: string, url: string): string {
  const folder = /^sqlite:(.+)$/.exec(url)?.[1];
  if (folder === undefined) throw unknownUrl(setting, url, 'sqlite:<folder>');
  return folder;
}

/** Only the scheme is repeated: the rest may hold a password. */
function unknownUrl(setting: string, url: string, known: string): ConfigError {
  return new ConfigError([
    `${setting}: ${url.split(':')[0]}: is no adapter of this version; it takes ${known}`,
  ]);
}
