import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Clock, ManualClock } from '../../../platform/clock.ts';
import { UnavailableError } from '../../../platform/errors.ts';
import type { ServiceClient } from '../../../platform/http/service-client.ts';
import { silentLogger } from '../../../platform/logger.ts';
import { Metrics } from '../../../platform/metrics.ts';
import type { ViewCache } from '../../../platform/ports/view-cache.ts';
import { type ChangesRequest, field, UpstreamModel } from '../../../test/unit/endpoint/upstream-model.ts';
import { LiveCollection } from '../live-collection.ts';
import { endpointMetrics } from '../metrics.ts';
import type { CollectionView } from '../view/collection-view.ts';
import { ViewFile } from '../view/view-file.ts';
import { ViewFileCache } from '../view/view-file-cache.ts';
import { ChangesFollower } from './changes-follower.ts';
import { RequestGate } from './request-gate.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const REPLICAS = 3;
/** So that whatever can be interrupted is. */
const PAGE = 1;
const FIELDS = [field('title')];

interface Change {
  readonly do: 'put' | 'remove';
  readonly keys: readonly string[];
}

type Step =
  | Change
  /** Datasource forgets what was removed. */
  | { readonly do: 'forget' }
  /** A replica follows; datasource and cache go away after so many pages. */
  | { readonly do: 'follow'; readonly replica: number; readonly pages: number; readonly cachePages: number }
  /** Its disk is lost. */
  | { readonly do: 'replace'; readonly replica: number }
  /** Time passes for a replica; the cache goes away after so many pages. */
  | { readonly do: 'wait'; readonly replica: number; readonly cachePages: number }
  /** The cache is restarted without anything in it. */
  | { readonly do: 'empty' };

const keys = fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 4 });
const replica = fc.nat(REPLICAS - 1);
const pages = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), keys }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), keys }) },
  { weight: 1, arbitrary: fc.constant({ do: 'forget' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('follow' as const), replica, pages, cachePages: pages }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), replica }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('wait' as const), replica, cachePages: pages }) },
  { weight: 1, arbitrary: fc.constant({ do: 'empty' as const }) },
);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Upstream with all it ever held. Its time is the number of changes there were, and one. */
class History {
  readonly model = new UpstreamModel();
  readonly definition = this.model.define('things', FIELDS);
  /** Of each time: the version of each entry there was. */
  readonly #states: ReadonlyMap<string, number>[] = [new Map(), new Map()];

  get nowMs(): number {
    return this.model.head('things') + 1;
  }

  get newest(): ReadonlyMap<string, number> {
    return this.#states.at(-1) ?? new Map();
  }

  change({ do: what, keys }: Change): void {
    for (const key of keys) {
      if (what === 'put') this.model.put('things', key, { title: key });
      else this.model.remove('things', key);
      if (this.nowMs < this.#states.length) continue;
      const entries = this.model.entries('things').map((entry) => [entry.key, entry.version] as const);
      this.#states.push(new Map(entries));
    }
  }

  /** Whether each entry is as it was at that time, or at a later one. */
  assertKnown(entries: ReadonlyMap<string, number>, sinceMs: number): void {
    for (const name of KEYS) {
      const since = this.#states.slice(sinceMs).map((state) => state.get(name));
      expect(since, `${name} as of ${sinceMs}`).toContain(entries.get(name));
    }
  }
}

/** What lets so many pages through, then no more. */
class Allowance {
  left = 0;

  take(what: string): void {
    if (--this.left < 0) throw new UnavailableError(`${what} is away.`);
  }
}

class Replica {
  readonly #history: History;
  readonly #timers = new ManualClock();
  readonly #upstream = new Allowance();
  readonly #cachePages = new Allowance();
  readonly #file = ViewFile.open(':memory:');
  readonly #follower: ChangesFollower;
  readonly view: CollectionView;

  constructor(history: History, cache: () => ViewCache) {
    this.#history = history;
    this.view = this.#file.add(history.definition);
    const clock: Clock = {
      now: () => history.nowMs,
      schedule: (delayMs, callback) => this.#timers.schedule(delayMs, callback),
    };
    const datasource: ServiceClient = {
      request: async <T>(_: string, variables?: Record<string, unknown>) => {
        this.#upstream.take('Datasource');
        return {
          changesSince: history.model.changesSince('things', variables as unknown as ChangesRequest),
        } as T;
      },
      subscribe: () => {
        throw new Error('Not followed by subscription');
      },
      close() {},
    };
    const limited: Pick<ViewCache, 'position' | 'keepChanges' | 'changesSince'> = {
      position: (name) => cache().position(name),
      keepChanges: async (...args) => {
        this.#cachePages.take('The cache');
        return cache().keepChanges(...args);
      },
      changesSince: async (...args) => {
        this.#cachePages.take('The cache');
        return cache().changesSince(...args);
      },
    };
    const live = new LiveCollection({ clock, metrics: endpointMetrics(new Metrics()) }, this.view, {
      staleAfterMs: 1,
      recentChangesMax: 0,
    });
    this.#follower = new ChangesFollower(
      {
        datasource,
        cache: limited as ViewCache,
        gate: new RequestGate(1),
        cacheGate: new RequestGate(1),
        clock,
        logger: silentLogger,
      },
      live,
      { resyncMs: 1, pageChanges: PAGE, removedMax: 2 },
    );
  }

  async follow(pages: number, cachePages: number): Promise<void> {
    this.#upstream.left = pages;
    this.#cachePages.left = cachePages;
    await this.#follower.sync();
    this.#upstream.left = 0;
  }

  /** Long enough for what is put off to be done. */
  async wait(cachePages: number): Promise<void> {
    this.#cachePages.left = cachePages;
    this.#timers.advance(500);
    for (let turns = 0; turns < 5; turns++) await turn();
    this.#cachePages.left = 0;
  }

  assertTrue(): void {
    const { asOfMs } = this.view.state;
    if (asOfMs !== null) this.#history.assertKnown(entriesOf(this.view), asOfMs);
  }

  async close(): Promise<void> {
    await this.#follower.close();
    this.#file.close();
  }
}

function entriesOf(view: CollectionView): ReadonlyMap<string, number> {
  const entries = view.table.changedAfter(0, 1_000).flatMap(({ entry }) => entry ?? []);
  return new Map(entries.map(({ key, version }) => [key, version]));
}

async function openCache({ definition }: History): Promise<ViewFileCache> {
  const cache = new ViewFileCache(ViewFile.open(':memory:'), { removedMax: 2 });
  await cache.keepDefinitions({ revision: 1, definitions: [definition] });
  return cache;
}

/** What one learns from the cache who knows nothing. */
async function readAll(cache: ViewCache): Promise<ReadonlyMap<string, number>> {
  const page = await cache.changesSince('things', { incarnation: '', version: 0, resetHead: null }, 1_000);
  const entries = page?.changes.filter(({ removed }) => !removed) ?? [];
  return new Map(entries.map(({ key, version }) => [key, version]));
}

/** The cache is told by two replicas of which the second is behind: one entry is told by neither. */
const TOLD_BY_TWO: Step[] = [
  { do: 'put', keys: ['a', 'b', 'c'] },
  { do: 'follow', replica: 1, pages: 9, cachePages: 0 },
  { do: 'put', keys: ['a'] },
  { do: 'follow', replica: 0, pages: 9, cachePages: 0 },
  { do: 'wait', replica: 0, cachePages: 1 },
  { do: 'wait', replica: 1, cachePages: 9 },
];

/** A view is told by datasource, and then by a cache that is behind it. */
const TOLD_BY_DATASOURCE_AND_CACHE: Step[] = [
  { do: 'put', keys: ['a', 'b', 'c'] },
  { do: 'follow', replica: 1, pages: 9, cachePages: 0 },
  { do: 'wait', replica: 1, cachePages: 9 },
  { do: 'put', keys: ['a'] },
  { do: 'follow', replica: 0, pages: 1, cachePages: 9 },
];

/** One on its way to the head keeps a page that lacks what changed further on; another knew that before. */
const KEPT_ON_THE_WAY: Step[] = [
  { do: 'follow', replica: 2, pages: 1, cachePages: 0 },
  { do: 'put', keys: ['a'] },
  { do: 'follow', replica: 0, pages: 1, cachePages: 0 },
  { do: 'put', keys: ['b', 'a'] },
  { do: 'follow', replica: 2, pages: 1, cachePages: 0 },
  { do: 'wait', replica: 2, cachePages: 1 },
  { do: 'follow', replica: 0, pages: 0, cachePages: 1 },
  { do: 'wait', replica: 0, cachePages: 1 },
];

/** One on its way keeps a page that ends where another, who has all, had its head. */
const KEPT_ON_THE_WAY_TO_A_FORMER_HEAD: Step[] = [
  { do: 'follow', replica: 1, pages: 1, cachePages: 0 },
  { do: 'put', keys: ['a', 'b'] },
  { do: 'follow', replica: 0, pages: 2, cachePages: 0 },
  { do: 'put', keys: ['a'] },
  { do: 'follow', replica: 1, pages: 1, cachePages: 0 },
  { do: 'wait', replica: 1, cachePages: 1 },
  { do: 'wait', replica: 0, cachePages: 1 },
];
/** One on its way fills the cache anew; what it has not come to yet was removed, and that is forgotten by then. */
const FILLED_ANEW_ON_THE_WAY: Step[] = [
  { do: 'put', keys: ['a'] },
  { do: 'forget' },
  { do: 'put', keys: ['f'] },
  { do: 'follow', replica: 0, pages: 2, cachePages: 0 },
  { do: 'put', keys: ['c', 'a'] },
  { do: 'remove', keys: ['a'] },
  { do: 'follow', replica: 0, pages: 1, cachePages: 0 },
  { do: 'wait', replica: 0, cachePages: 1 },
  { do: 'remove', keys: ['c', 'a'] },
  { do: 'remove', keys: ['f', 'a'] },
];
const EXAMPLES: [Step[]][] = [
  [TOLD_BY_TWO],
  [TOLD_BY_DATASOURCE_AND_CACHE],
  [KEPT_ON_THE_WAY],
  [KEPT_ON_THE_WAY_TO_A_FORMER_HEAD],
  [FILLED_ANEW_ON_THE_WAY],
];

it('replicas at different places say no more than is so, of what they read and keep, and converge', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const history = new History();
      let cache = await openCache(history);
      const open = () => new Replica(history, () => cache);
      const replicas = Array.from({ length: REPLICAS }, open);
      let keptAsOfMs = 0;

      const take = async (step: Step) => {
        switch (step.do) {
          case 'put':
          case 'remove':
            return history.change(step);
          case 'forget':
            return history.model.forgetRemoved('things');
          case 'follow':
            return replicas[step.replica]?.follow(step.pages, step.cachePages);
          case 'wait':
            // Twice: at first it may find that another keeps the cache, and look again.
            await replicas[step.replica]?.wait(0);
            return replicas[step.replica]?.wait(step.cachePages);
          case 'replace':
            await replicas[step.replica]?.close();
            replicas[step.replica] = open();
            return;
          case 'empty':
            cache.close();
            cache = await openCache(history);
            keptAsOfMs = 0;
        }
      };
      const check = async () => {
        for (const replica of replicas) replica.assertTrue();
        const asOfMs = (await cache.position('things'))?.asOfMs ?? 0;
        expect(asOfMs).toBeGreaterThanOrEqual(keptAsOfMs);
        keptAsOfMs = asOfMs;
        if (asOfMs > 0) history.assertKnown(await readAll(cache), asOfMs);
      };

      for (const step of steps) {
        await take(step);
        await check();
      }
      for (const replica of replicas) await replica.follow(1_000, 1_000);
      // Who finds that another keeps the cache looks again; all that is left is done then.
      for (let looks = 0; looks < 2; looks++) for (const replica of replicas) await replica.wait(1_000);
      await check();
      expect(await readAll(cache)).toEqual(history.newest);
      expect(keptAsOfMs).toBe(history.nowMs);
      for (const replica of replicas) await replica.close();
      cache.close();
    }),
    { numRuns: 200, examples: EXAMPLES },
  );
});

it('a replica has all that is in the cache, where datasource went away while it told all anew', async () => {
  const history = new History();
  const cache = await openCache(history);
  const [first, second] = [new Replica(history, () => cache), new Replica(history, () => cache)];
  history.change({ do: 'put', keys: ['a', 'b', 'c'] });
  await first.follow(9, 0);
  await first.wait(9);
  history.model.forgetRemoved('things');
  history.change({ do: 'put', keys: ['a'] });
  await second.follow(1, 9);
  expect([...entriesOf(second.view).keys()].sort()).toEqual(['a', 'b', 'c']);
  await second.follow(9, 0);
  expect(entriesOf(second.view)).toEqual(history.newest);
  for (const replica of [first, second]) await replica.close();
  cache.close();
});

it('one replica keeps the cache while others look on, and another once it no longer does', async () => {
  const history = new History();
  const cache = await openCache(history);
  const replicas = [new Replica(history, () => cache), new Replica(history, () => cache)];
  const [first, second] = replicas as [Replica, Replica];
  history.change({ do: 'put', keys: ['a', 'b', 'c', 'd'] });
  for (const replica of replicas) await replica.follow(9, 0);
  await second.wait(0);
  await first.wait(1);
  await second.wait(9);
  expect(await cache.position('things')).toMatchObject({ version: 1 });
  await second.wait(9);
  expect(await cache.position('things')).toMatchObject({ version: 4 });
  for (const replica of replicas) await replica.close();
  cache.close();
});
