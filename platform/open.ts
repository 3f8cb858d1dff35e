/**
 * Chooses adapters by URL. A driver is imported only when its adapter is asked for, so that the embedded ones
 * cost nothing to those who use others, and the other way round.
 */
import { ConfigError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Bus } from './ports/bus.ts';
import type { CollectionStore } from './ports/collection-store.ts';
import type { Registry } from './ports/registry.ts';
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

/** @param url `memory:` */
export async function openRegistry(url: string): Promise<Registry> {
  if (url !== 'memory:') throw unknownUrl('REGISTRY_URL', url, 'memory:');
  const { MemoryRegistry } = await import('./adapters/memory-registry.ts');
  return new MemoryRegistry();
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
