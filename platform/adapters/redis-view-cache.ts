import type { Logger } from '../logger.ts';
import type { ChangePage, EntryChange } from '../model/record.ts';
import type {
  ChangePosition,
  KeepDefinitionsOptions,
  KeptDefinitions,
  KeptPosition,
  ViewCache,
} from '../ports/view-cache.ts';
import { openRedis, type RedisPlace, type RedisScript } from '../redis.ts';
import {
  CHANGES_SINCE,
  KEEP_CHANGES,
  KEEP_DEFINITIONS,
  POSITION,
  REVISION,
} from './redis-view-cache/scripts.ts';

export interface RedisViewCacheOptions {
  /** Stands before every key. */
  readonly keyPrefix: string;
  /** Removed entries of a collection that are remembered, for replicas that go on from an older view. */
  readonly removedMax: number;
  /** How long what nobody keeps or reads any more is still there: the longest outage of all replicas it is to outlive. */
  readonly retainMs: number;
}

/** Opens the cache that all replicas share. Redis need not be there yet: methods reject until it is. */
export async function openRedisViewCache(
  url: string,
  { logger }: { readonly logger: Logger },
  { keyPrefix, ...options }: RedisViewCacheOptions,
): Promise<ViewCache> {
  return new RedisViewCache(openRedis(url, { logger, keyPrefix }), options);
}

/**
 * Each method is one script: replicas see a page kept in whole or not at all. What a script does is in proportion to
 * the page it is given, never to the collection.
 */
class RedisViewCache implements ViewCache {
  readonly #place: RedisPlace;
  readonly #options: Omit<RedisViewCacheOptions, 'keyPrefix'>;
  readonly #definitionsKey: string;

  constructor(place: RedisPlace, options: Omit<RedisViewCacheOptions, 'keyPrefix'>) {
    this.#place = place;
    this.#options = options;
    this.#definitionsKey = place.key('view', 'definitions');
  }

  async revision(): Promise<number> {
    return Number(await this.#place.evaluate(REVISION, [this.#definitionsKey], [this.#options.retainMs]));
  }

  async definitions(): Promise<KeptDefinitions> {
    const [revision, definitions] = await this.#place.run((client) =>
      client.hmget(this.#definitionsKey, 'revision', 'definitions'),
    );
    return { revision: Number(revision ?? 0), definitions: JSON.parse(definitions ?? '[]') };
  }

  async keepDefinitions(
    { revision, definitions }: KeptDefinitions,
    { inPlaceOf }: KeepDefinitionsOptions = {},
  ): Promise<void> {
    await this.#place.evaluate(
      KEEP_DEFINITIONS,
      [this.#definitionsKey],
      [
        this.#options.retainMs,
        revision,
        inPlaceOf ?? '',
        JSON.stringify(definitions),
        this.#collectionKey(''),
        ...definitions.flatMap(({ name, incarnation }) => [name, incarnation]),
      ],
    );
  }

  async position(collection: string): Promise<KeptPosition | undefined> {
    return positionOf(await this.#evaluate(POSITION, collection));
  }

  async keepChanges(
    collection: string,
    behind: ChangePosition,
    page: ChangePage,
    asOfMs: number | null,
  ): Promise<KeptPosition | undefined> {
    const reply = await this.#evaluate(
      KEEP_CHANGES,
      collection,
      this.#options.removedMax,
      ...argumentsOf(behind),
      page.incarnation,
      page.reset ? 1 : 0,
      page.version,
      page.head,
      asOfMs ?? '',
      ...page.changes.flatMap((change) => [
        change.id,
        change.version,
        change.removed ? '' : JSON.stringify(change),
      ]),
    );
    return positionOf(reply);
  }

  async changesSince(
    collection: string,
    behind: ChangePosition,
    first: number,
  ): Promise<ChangePage | undefined> {
    const reply = await this.#evaluate(CHANGES_SINCE, collection, ...argumentsOf(behind), first, first + 1);
    if (!reply) return undefined;
    const [incarnation = '', reset, version, head, ...said] = reply;
    const changes: EntryChange[] = [];
    for (let index = 0; index < said.length; index += 3) {
      const [id = '', changedAt, entry = ''] = said.slice(index, index + 3);
      changes.push(entry === '' ? removalOf(id, Number(changedAt)) : JSON.parse(entry));
    }
    return { incarnation, reset: reset === '1', changes, version: Number(version), head: Number(head) };
  }

  async close(): Promise<void> {
    await this.#place.close();
  }

  #collectionKey(name: string): string {
    return this.#place.key('view', 'collection', name);
  }

  /** @returns null where the collection is not defined. */
  async #evaluate(
    script: RedisScript,
    collection: string,
    ...args: (string | number)[]
  ): Promise<string[] | null> {
    const keys = [this.#definitionsKey, this.#collectionKey(collection)];
    const reply = await this.#place.evaluate(script, keys, [collection, this.#options.retainMs, ...args]);
    return reply as string[] | null;
  }
}

function argumentsOf({ incarnation, version, resetHead }: ChangePosition): (string | number)[] {
  return [incarnation, version, resetHead ?? ''];
}

function positionOf(reply: readonly string[] | null): KeptPosition | undefined {
  if (!reply) return undefined;
  const [incarnation = '', version, resetHead, asOfMs] = reply;
  return {
    incarnation,
    version: Number(version),
    resetHead: resetHead ? Number(resetHead) : null,
    asOfMs: asOfMs ? Number(asOfMs) : null,
  };
}

/** Of what is gone no more is kept. */
function removalOf(id: string, version: number): EntryChange {
  return { id, version, removed: true, key: '', fields: null, firstSeenAt: '', updatedAt: '', sourceIds: [] };
}
