import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../platform/clock.ts';
import { TributaryError, UnavailableError } from '../../../platform/errors.ts';
import type { ServiceClient } from '../../../platform/http/service-client.ts';
import { silentLogger } from '../../../platform/logger.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import { field, UpstreamModel } from '../../../test/unit/endpoint/upstream-model.ts';
import { ViewFile } from '../view/view-file.ts';
import { ViewFileCache } from '../view/view-file-cache.ts';
import { DefinitionsFollower, type DefinitionsReceiver } from './definitions-follower.ts';

const RESYNC_MS = 1_000;
const DOWN = new UnavailableError('Configuration is down');

/** Definitions that configuration gives at once. */
const PAGE = 2;

class Receiver implements DefinitionsReceiver {
  revision = 0;
  readonly known = new Map<string, CollectionDefinition>();

  get definitions(): CollectionDefinition[] {
    return [...this.known.values()];
  }

  async receive(definitions: readonly CollectionDefinition[], revision: number, isWhole: boolean) {
    if (isWhole) this.known.clear();
    for (const definition of definitions) {
      if (definition.deleted) this.known.delete(definition.name);
      else this.known.set(definition.name, definition);
    }
    this.revision = revision;
  }
}

let model: UpstreamModel;
let receiver: Receiver;
/** What configuration answers with instead, if anything. */
let failure: Error | undefined;
let cache: ViewFileCache;
let clock: ManualClock;
let follower: DefinitionsFollower;

const configuration: ServiceClient = {
  async request<T>(_document: string, variables?: Record<string, unknown>): Promise<T> {
    if (failure) throw failure;
    const behind = model.definitionsAfter(variables?.after as number);
    const definitions = behind.slice(0, PAGE);
    const hasMore = behind.length > PAGE;
    const revision = hasMore ? definitions.at(-1)?.revision : model.revision;
    return { collectionDefinitions: { definitions, revision, hasMore } } as T;
  },
  subscribe: () => {
    throw new Error('Not followed by subscription');
  },
  close: () => {},
};

beforeEach(() => {
  model = new UpstreamModel();
  receiver = new Receiver();
  failure = undefined;
  clock = new ManualClock();
  cache = new ViewFileCache(ViewFile.open(':memory:'), { removedMax: 10 });
  const deps = { configuration, cache, clock, logger: silentLogger };
  follower = new DefinitionsFollower(deps, receiver, { resyncMs: RESYNC_MS });
});
afterEach(async () => {
  await follower.close();
  cache.close();
});

const define = (...names: string[]) => {
  for (const name of names) model.define(name, [field('title')]);
};
/** What is put off has been done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const namesOf = (definitions: readonly CollectionDefinition[]) => definitions.map(({ name }) => name).sort();

describe('following definitions', () => {
  it('reads all pages, and goes on from there', async () => {
    define('a', 'b', 'c', 'd', 'e');
    await follower.sync();
    expect(namesOf(receiver.definitions)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(receiver.revision).toBe(5);
    define('f');
    model.delete('a');
    await follower.sync();
    expect(namesOf(receiver.definitions)).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it('takes a configuration that begins to count again as the whole truth', async () => {
    define('a', 'b', 'c', 'd', 'e');
    await follower.sync();
    model = new UpstreamModel();
    define('e', 'x', 'y');
    await follower.sync();
    expect(namesOf(receiver.definitions)).toEqual(['e', 'x', 'y']);
  });

  it('keeps in the cache what it followed, and takes from there what it does not know', async () => {
    define('a', 'b', 'c');
    await follower.sync();
    await settled();
    expect(namesOf((await cache.definitions()).definitions)).toEqual(['a', 'b', 'c']);
    failure = DOWN;
    receiver.known.clear();
    receiver.revision = 0;
    await follower.sync();
    expect(namesOf(receiver.definitions)).toEqual(['a', 'b', 'c']);
    expect(receiver.revision).toBe(3);
  });

  it('takes nothing from the cache where configuration has an answer, though it is a refusal', async () => {
    define('a', 'b', 'c');
    await follower.sync();
    await settled();
    failure = new TributaryError('UNAUTHENTICATED', 'Another token');
    receiver.known.clear();
    receiver.revision = 0;
    await follower.sync();
    expect(receiver.revision).toBe(0);
  });

  it('keeps in a cache that has lost what it had all there is, also while configuration is down', async () => {
    define('a', 'b', 'c');
    await follower.sync();
    await settled();
    failure = DOWN;
    await cache.keepDefinitions({ revision: 0, definitions: [] }, { inPlaceOf: 3 });
    clock.advance(RESYNC_MS);
    await settled();
    expect(await cache.revision()).toBe(3);
    expect(namesOf((await cache.definitions()).definitions)).toEqual(['a', 'b', 'c']);
  });

  it('keeps in place of later definitions those of a configuration that counts from the beginning', async () => {
    define('a', 'b', 'c');
    await follower.sync();
    await settled();
    model = new UpstreamModel();
    define('x');
    await follower.sync();
    await settled();
    expect(await cache.definitions()).toMatchObject({ revision: 1, definitions: [{ name: 'x' }] });
  });

  it('keeps nothing in place of the later definitions of a replica that has followed further', async () => {
    define('a', 'b');
    await follower.sync();
    await settled();
    define('c');
    await cache.keepDefinitions({ revision: 3, definitions: model.definitionsAfter(0) });
    const keeping = vi.spyOn(cache, 'keepDefinitions');
    clock.advance(RESYNC_MS);
    await settled();
    expect(receiver.revision).toBe(3);
    expect(keeping).not.toHaveBeenCalled();
  });

  it('takes nothing from a cache that knows less', async () => {
    define('a', 'b', 'c');
    await follower.sync();
    failure = DOWN;
    receiver.revision = 4;
    receiver.known.delete('a');
    await follower.sync();
    expect(namesOf(receiver.definitions)).toEqual(['b', 'c']);
  });
});
