import fc from 'fast-check';
import { TributaryError } from '../../../platform/errors.ts';
import type { CollectionDefinition, CollectionField } from '../../../platform/model/collection-definition.ts';
import type { DataRecord, FieldValues } from '../../../platform/model/record.ts';
import type { BatchDelivery } from '../../../platform/ports/collection-store.ts';
import { FoldingCollection, type StorePlace } from './folding-collection.ts';

export const COLLECTION = 'things';
const KEYS = ['a', 'b', 'c', 'd'];

const field = (
  name: string,
  type: CollectionField['type'],
  merge: CollectionField['merge'],
  list = false,
) => ({
  name,
  type,
  list,
  merge,
});

const FIELDS: readonly CollectionField[] = [
  field('key', 'STRING', 'LATEST'),
  field('latest', 'STRING', 'LATEST'),
  field('first', 'STRING', 'FIRST'),
  field('set', 'STRING', 'SET', true),
  field('list', 'JSON', 'LIST'),
  field('min', 'DECIMAL', 'MIN'),
  field('max', 'STRING', 'MAX'),
  field('sum', 'DECIMAL', 'SUM'),
  field('total', 'FLOAT', 'SUM'),
  field('avg', 'DECIMAL', 'AVG'),
  field('prices', 'DECIMAL', 'SET'),
  field('amounts', 'DECIMAL', 'SET', true),
  field('count', 'INT', 'COUNT'),
];

/** Few values, so that sources repeat themselves and each other. */
const word = fc.constantFrom('x', 'y', '\u{ffff}', '\u{10000}');
const decimal = fc.constantFrom(
  '0',
  '-0.0',
  '1',
  '1.0',
  '01.00',
  '-2.5',
  '0.1',
  '0.20',
  '1000000000000000000000.01',
);
const values: fc.Arbitrary<FieldValues> = fc.record(
  {
    latest: fc.oneof(word, decimal),
    first: word,
    set: fc.array(word, { maxLength: 3 }),
    list: fc.oneof(fc.constant({ n: 1, m: [2] }), fc.constant({ m: [2], n: 1 }), word),
    min: decimal,
    max: word,
    sum: decimal,
    total: fc.constantFrom(0.1, 0.2, 0.3, 1e15, -1e15),
    avg: decimal,
    prices: decimal,
    amounts: fc.array(decimal, { maxLength: 3 }),
    count: fc.constantFrom(1, 2),
    stray: word,
  },
  { requiredKeys: [] },
);
const records: fc.Arbitrary<readonly DataRecord[]> = fc.array(
  fc
    .tuple(fc.constantFrom(...KEYS), fc.oneof(fc.constant({ latest: 'x' }), fc.constant({}), values))
    .map(([key, fields]) => ({ key, fields: { ...fields, key } })),
  { minLength: 0, maxLength: 6 },
);

const source = fc.nat({ max: 2 });
/** What happens to a collection. */
export const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('DELIVER' as const), source, records, seen: fc.subarray(KEYS) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('BEGIN_RUN' as const), source }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('COMPLETE' as const), source }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('COMPLETE_TOO_SOON' as const), source }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('DELIVER_AGAIN' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('DELIVER_STALE' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('WAIT' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('EXPIRE' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('REMOVE' as const),
      source,
      removed: fc.constantFrom('KEEP' as const, 'DELETE' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('RETAIN' as const),
      source,
      retain: fc.constantFrom('LATEST_RUN', 'FOREVER', 'PT10S', 'PT30S'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ADD_FIELD' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('LOSE_FIELD' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('RETYPE' as const),
      field: fc.constantFrom(
        field('latest', 'DECIMAL', 'LATEST'),
        field('latest', 'STRING', 'SET'),
        field('set', 'STRING', 'LATEST', true),
        field('set', 'STRING', 'SET'),
        field('min', 'DECIMAL', 'MAX'),
        field('count', 'INT', 'SUM'),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('FOLD' as const), chunks: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('DIE' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Does what workers, configuration and time do to a collection, and folds in between. */
export class Story {
  readonly collection: FoldingCollection;
  readonly #delivered: BatchDelivery[] = [];
  readonly #runs = [0, 0, 0];
  readonly #batches = [0, 0, 0];
  #chunk: number;
  #definition: CollectionDefinition = {
    name: COLLECTION,
    incarnation: COLLECTION,
    revision: 1,
    deleted: false,
    fields: FIELDS,
    key: ['key'],
    sources: [
      { id: 'source-0', retain: 'LATEST_RUN' },
      { id: 'source-1', retain: 'FOREVER' },
      { id: 'source-2', retain: 'PT10S' },
    ],
  };

  static async begin(chunk: number, place?: StorePlace): Promise<Story> {
    const story = new Story(await FoldingCollection.open(COLLECTION, place), chunk);
    await story.collection.define(story.#definition);
    return story;
  }

  private constructor(collection: FoldingCollection, chunk: number) {
    this.collection = collection;
    this.#chunk = chunk;
  }

  async tell(commands: readonly Command[]): Promise<void> {
    for (const one of commands) {
      try {
        await this.#do(one);
      } catch (error) {
        // Refused: it must have left nothing behind, which the comparison of all that is journaled shows.
        if (!(error instanceof TributaryError)) throw error;
      }
    }
  }

  async #do(one: Command): Promise<void> {
    const { store, nowMs } = this.collection;
    switch (one.do) {
      case 'BEGIN_RUN':
        this.#runs[one.source] = (this.#runs[one.source] ?? 0) + 1;
        this.#batches[one.source] = 0;
        return;
      case 'DELIVER': {
        const batch = {
          ...this.#run(one.source),
          batchId: `batch-${this.#delivered.length}`,
          records: one.records,
          seenKeys: one.seen,
        };
        this.#delivered.push(batch);
        await store.appendBatch(batch, nowMs);
        this.#batches[one.source] = (this.#batches[one.source] ?? 0) + 1;
        return;
      }
      case 'COMPLETE':
        await store.appendCompletion(
          { ...this.#run(one.source), batches: this.#batches[one.source] ?? 0 },
          nowMs,
        );
        return;
      case 'COMPLETE_TOO_SOON':
        await store.appendCompletion(
          { ...this.#run(one.source), batches: (this.#batches[one.source] ?? 0) + 1 },
          nowMs,
        );
        return;
      case 'DELIVER_AGAIN':
      case 'DELIVER_STALE': {
        const batch = this.#delivered[one.which % Math.max(1, this.#delivered.length)];
        if (!batch) return;
        const isStale = one.do === 'DELIVER_STALE';
        await store.appendBatch(isStale ? { ...batch, batchId: 'stale', token: 0 } : batch, nowMs);
        return;
      }
      case 'WAIT':
        this.collection.nowMs += one.ms;
        return;
      case 'EXPIRE':
        await store.appendExpiry(COLLECTION, nowMs);
        return;
      case 'REMOVE':
        return this.#redefine({
          sources: this.#definition.sources.map((other, at) =>
            at === one.source ? { ...other, removed: one.removed } : other,
          ),
        });
      case 'RETAIN':
        return this.#redefine({
          sources: this.#definition.sources.map((other, at) =>
            at === one.source ? { ...other, retain: one.retain } : other,
          ),
        });
      case 'ADD_FIELD':
        return this.#redefine({
          fields: [
            ...this.#definition.fields.filter(({ name }) => name !== 'stray'),
            field('stray', 'STRING', 'LATEST'),
          ],
        });
      case 'LOSE_FIELD': {
        const lost = 1 + (one.which % (this.#definition.fields.length - 1));
        return this.#redefine({ fields: this.#definition.fields.filter((_, at) => at !== lost) });
      }
      case 'RETYPE':
        return this.#redefine({
          fields: this.#definition.fields.map((other) => (other.name === one.field.name ? one.field : other)),
        });
      case 'FOLD':
        for (let chunk = 0; chunk < one.chunks; chunk++) await this.collection.foldChunk(this.#chunk);
        return;
      case 'DIE':
        return this.collection.reopen();
    }
  }

  #run(at: number) {
    return {
      incarnation: COLLECTION,
      sourceId: `source-${at}`,
      runId: `run-${at}-${this.#runs[at]}`,
      token: 1 + (this.#runs[at] ?? 0),
    };
  }

  async #redefine(change: Partial<CollectionDefinition>): Promise<void> {
    this.#definition = { ...this.#definition, ...change, revision: this.#definition.revision + 1 };
    await this.collection.define(this.#definition);
  }
}
