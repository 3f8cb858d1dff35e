import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { ManualClock } from '../../../platform/clock.ts';
import { Metrics } from '../../../platform/metrics.ts';
import { aggregatedType } from '../../../platform/model/field-type.ts';
import type { FieldValues } from '../../../platform/model/record.ts';
import { field, UpstreamModel } from '../../../test/unit/endpoint/upstream-model.ts';
import { LiveCollection } from '../live-collection.ts';
import { endpointMetrics } from '../metrics.ts';
import { readFilter } from '../querying/condition.ts';
import { readPage } from '../querying/page.ts';
import { ViewFile } from '../view/view-file.ts';
import type { SubscriptionEvent } from './subscriber.ts';
import { decodeSubscriptionCursor } from './subscription-cursor.ts';

const FIELDS = [field('title'), field('stock', 'INT')];
const TYPES = new Map(FIELDS.map((one) => [one.name, aggregatedType(one)]));
const KEYS = ['a', 'b', 'c', 'd'];

type Step =
  | { readonly do: 'put'; readonly key: string; readonly stock: number | null }
  | { readonly do: 'remove'; readonly key: string }
  | { readonly do: 'follow'; readonly pageChanges: number }
  | { readonly do: 'pull'; readonly reader: number }
  | { readonly do: 'reconnect'; readonly reader: number }
  | { readonly do: 'exchange'; readonly reader: number }
  | { readonly do: 'forget' }
  | { readonly do: 'recreate' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key: fc.constantFrom(...KEYS),
      stock: fc.option(fc.nat(3)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), key: fc.constantFrom(...KEYS) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('follow' as const), pageChanges: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('pull' as const), reader: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), reader: fc.nat(5) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('exchange' as const), reader: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'forget' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'recreate' as const }) },
);

/** One reader saw an entry on its way from 0 to 1; for the other nothing of it was there at either place. */
const GONE_BETWEEN_TWO_PLACES: [
  { pageEntries: number; recentChangesMax: number; removedMax: number },
  Step[],
] = [
  { pageEntries: 1, recentChangesMax: 2, removedMax: 0 },
  [
    { do: 'recreate' },
    { do: 'put', key: 'b', stock: 2 },
    { do: 'pull', reader: 4 },
    { do: 'pull', reader: 1 },
    { do: 'pull', reader: 4 },
    { do: 'follow', pageChanges: 1 },
    { do: 'pull', reader: 1 },
    { do: 'exchange', reader: 1 },
    { do: 'put', key: 'b', stock: null },
  ],
];

const FILTERS = [undefined, { stock: { gte: 2 } }, { not: { stock: { eq: 1 } } }] as const;

const limits = fc.record({
  pageEntries: fc.integer({ min: 1, max: 4 }),
  recentChangesMax: fc.integer({ min: 0, max: 10 }),
  removedMax: fc.integer({ min: 0, max: 4 }),
});

/** An app that keeps a list by applying events by id, and comes back with the last cursor it saw. */
class Reader {
  readonly #live: LiveCollection;
  readonly #pageEntries: number;
  readonly condition;
  entries = new Map<string, FieldValues>();
  #cursor: string | undefined;
  #events: AsyncIterator<SubscriptionEvent> | undefined;
  #waiting: Promise<IteratorResult<SubscriptionEvent>> | undefined;

  constructor(live: LiveCollection, filter: (typeof FILTERS)[number], pageEntries: number) {
    this.#live = live;
    this.#pageEntries = pageEntries;
    this.condition = readFilter(filter, TYPES);
    this.#connect();
  }

  async reconnect(): Promise<void> {
    await this.#events?.return?.();
    await this.#waiting;
    this.#waiting = undefined;
    this.#connect();
  }

  /** Goes on with what comes for another reader of the same filter, where both are at one place. */
  exchange(other: Reader): void {
    if (this.#cursor === undefined || this.#cursor !== other.#cursor || !isPlace(this.#cursor)) return;
    [this.#events, other.#events] = [other.#events, this.#events];
    [this.#waiting, other.#waiting] = [other.#waiting, this.#waiting];
  }

  /** Takes one event, if there is one. */
  async pull(): Promise<boolean> {
    this.#waiting ??= this.#events?.next();
    const nothing = Symbol();
    // What is there is given within a few microtasks.
    const pause = new Promise<typeof nothing>((resolve) => setImmediate(() => resolve(nothing)));
    const result = await Promise.race([this.#waiting, pause]);
    if (result === nothing || result === undefined) return false;
    this.#waiting = undefined;
    if (result.done) return false;
    this.#take(result.value);
    return true;
  }

  #connect(): void {
    this.#events = this.#live.subscribe({
      condition: this.condition,
      after: this.#cursor === undefined ? undefined : decodeSubscriptionCursor(this.#cursor),
      snapshot: true,
      pageEntries: this.#pageEntries,
    });
  }

  #take(event: SubscriptionEvent): void {
    this.#cursor = event.cursor;
    if (event.kind === 'cursorExpired') this.entries.clear();
    if (event.kind === 'snapshot')
      for (const entry of event.entries) this.entries.set(entry.id, entry.fields);
    if (event.kind !== 'delta') return;
    expect(event.upserted.length + event.removed.length).toBeGreaterThan(0);
    for (const entry of event.upserted) this.entries.set(entry.id, entry.fields);
    for (const id of event.removed) this.entries.delete(id);
  }
}

function isPlace(cursor: string): boolean {
  const { snapshotKey, exactFrom } = decodeSubscriptionCursor(cursor);
  return snapshotKey === undefined && exactFrom === undefined;
}

/** Datasource, the view and its readers without the network between. */
class Stage {
  readonly model = new UpstreamModel();
  readonly file = ViewFile.open(':memory:');
  readonly live: LiveCollection;
  readonly readers: readonly Reader[];
  readonly #removedMax: number;

  constructor({
    pageEntries,
    recentChangesMax,
    removedMax,
  }: { pageEntries: number; recentChangesMax: number; removedMax: number }) {
    this.#removedMax = removedMax;
    const view = this.file.add(this.model.define('books', FIELDS));
    this.live = new LiveCollection(
      { clock: new ManualClock(), metrics: endpointMetrics(new Metrics()) },
      view,
      {
        staleAfterMs: 1_000,
        recentChangesMax,
      },
    );
    this.readers = [...FILTERS, ...FILTERS].map((filter) => new Reader(this.live, filter, pageEntries));
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'put':
        this.model.put('books', step.key, {
          title: step.key,
          ...(step.stock === null ? {} : { stock: step.stock }),
        });
        return;
      case 'remove':
        return this.model.remove('books', step.key);
      case 'forget':
        return this.model.forgetRemoved('books');
      case 'follow':
        this.follow(step.pageChanges);
        return;
      case 'recreate':
        this.model.delete('books');
        return this.live.define(this.model.define('books', FIELDS));
      case 'pull':
        await this.readers[step.reader]?.pull();
        return;
      case 'reconnect':
        return this.readers[step.reader]?.reconnect();
      case 'exchange': {
        const twin = this.readers[(step.reader + FILTERS.length) % this.readers.length];
        if (twin) this.readers[step.reader]?.exchange(twin);
        return;
      }
    }
  }

  /** @returns Whether the view is at the head. */
  follow(first: number): boolean {
    const page = this.model.changesSince('books', { ...this.live.view.position, first });
    this.live.apply(page, { askedAtMs: 0, removedMax: this.#removedMax });
    return page.version >= page.head;
  }

  close(): void {
    this.live.close();
    this.file.close();
  }
}

let stage: Stage;
afterEach(() => stage.close());

it('leaves every reader with exactly what a query answers, whatever happened in between', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 120, size: 'max' }), async (some, steps) => {
      stage?.close();
      stage = new Stage(some);
      for (const each of steps) await stage.take(each);
      while (!stage.follow(100));
      const { view } = stage.live;
      const upstream = stage.model.entries('books').map(({ id }) => id);
      expect(
        readPage(view, { order: [], limit: 100 })
          .map(({ id }) => id)
          .sort(),
      ).toEqual(upstream.sort());
      for (const reader of stage.readers) {
        while (await reader.pull());
        const wanted = readPage(view, { condition: reader.condition, order: [], limit: 100 });
        expect(new Map([...reader.entries].sort())).toEqual(
          new Map(
            wanted.map((entry) => [entry.id, entry.fields] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
          ),
        );
      }
    }),
    { numRuns: 500, examples: [GONE_BETWEEN_TWO_PLACES] },
  );
});

it('tells a reader who comes late once what it missed, and the same from the view as from memory', async () => {
  for (const recentChangesMax of [0, 100]) {
    stage?.close();
    stage = new Stage({ pageEntries: 10, recentChangesMax, removedMax: 10 });
    const [all, many] = stage.readers;
    await all?.pull();
    await many?.pull();
    for (const stock of [5, 1, 0, 7, 3]) {
      await stage.take({ do: 'put', key: 'a', stock });
      await stage.take({ do: 'follow', pageChanges: 9 });
    }
    expect(await all?.pull()).toBe(true);
    expect([...(all?.entries.values() ?? [])]).toEqual([{ title: 'a', stock: 3 }]);
    expect(await all?.pull()).toBe(false);
    expect(await many?.pull()).toBe(true);
    expect(await many?.pull()).toBe(false);
  }
});

it('reads nothing from the view for a reader who keeps up', async () => {
  stage?.close();
  stage = new Stage({ pageEntries: 10, recentChangesMax: 100, removedMax: 10 });
  for (const reader of stage.readers) await reader.pull();
  const { table } = stage.live.view;
  table.changedAfter = () => {
    throw new Error('The view was read');
  };
  await stage.take({ do: 'put', key: 'a', stock: 2 });
  await stage.take({ do: 'follow', pageChanges: 9 });
  for (const reader of stage.readers) expect(await reader.pull()).toBe(true);
});
