/**
 * The platform's forerunner grouped all records by title, collected the set of items, and wrote the whole collection
 * out again, every two minutes. Here is that, in one aggregation within the server, beside our fold on the same server:
 * each time 100 further records are taken in, once in either way, with 10 thousand, 100 thousand and 1 million there.
 * The sizes take turns, so that whatever else the machine does meets all alike.
 */
import { randomUUID } from 'node:crypto';
import { type Collection, MongoClient } from 'mongodb';
import { openMongoCollectionStore } from '../../platform/adapters/mongo-collection-store.ts';
import { readConfig } from '../../platform/config.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { CollectionStore, FoldLease } from '../../platform/ports/collection-store.ts';
import { Scope } from '../../platform/scope.ts';
import { datasourceSettings } from '../../subgraphs/datasource/config.ts';
import { CollectionFold } from '../../subgraphs/datasource/folding/collection-fold.ts';
import { createRandom } from '../random.ts';
import { type Figure, quantile } from '../report.ts';

const SIZES = [10_000, 100_000, 1_000_000] as const;
const NEW_RECORDS = 100;
/** Items that a title has on average: the same book at several shops. */
const ITEMS_PER_TITLE = 4;
/** The first warms up. */
const TURNS = 12;
/** Aggregating a million records anew takes many seconds: a few times tell as much. */
const ANEW_TURNS = 4;

const config = readConfig(datasourceSettings, {});
const database = `tributary_bench_${randomUUID().slice(0, 8)}`;

interface TitleRecord {
  readonly title: string;
  readonly item: string;
}

export async function benchSeedsWay(): Promise<Figure[]> {
  const url = new URL(String(process.env.MONGODB_URL));
  url.pathname = database;
  const scope = new Scope();
  const client = new MongoClient(url.href);
  try {
    scope.defer(() => client.close());
    const store = scope.use(await openMongoCollectionStore(url.href));
    const subjects: Subject[] = [];
    for (const size of SIZES) subjects.push(await Subject.open(size, store, client));
    const times = new Map(
      subjects.map((subject) => [subject, { fold: [] as number[], anew: [] as number[] }]),
    );
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [subject, { fold, anew }] of times) {
        const elapsedMs = await subject.fold();
        if (turn > 0) fold.push(elapsedMs);
        if (turn < ANEW_TURNS) anew.push(await subject.aggregateAnew());
      }
    }
    const medians = [...times].map(([subject, { fold, anew }]) => ({
      size: subject.size.toLocaleString('en'),
      foldMs: quantile(fold, 0.5),
      anewMs: quantile(anew, 0.5),
    }));
    const [smallest, largest] = [medians[0], medians.at(-1)];
    return [
      ...medians.flatMap(({ size, foldMs, anewMs }): Figure[] => [
        { name: `${size} records: all aggregated anew, median`, value: anewMs, unit: 'ms' },
        { name: `${size} records: 100 new ones journaled and folded, median`, value: foldMs, unit: 'ms' },
        { name: `${size} records: anew to folded`, value: anewMs / foldMs, unit: 'times' },
      ]),
      {
        name: 'folded, largest to smallest, medians',
        value: (largest?.foldMs ?? Number.NaN) / (smallest?.foldMs ?? Number.NaN),
        unit: 'times',
        most: 1.5,
      },
    ];
  } finally {
    await client.db(database).dropDatabase();
    await scope.close();
  }
}

/** One size, in both ways: raw records that are aggregated anew, and a collection that new ones are folded into. */
class Subject {
  readonly size: number;
  readonly #store: CollectionStore;
  readonly #fold: CollectionFold;
  readonly #lease: FoldLease;
  readonly #records: Collection<TitleRecord>;
  readonly #random = createRandom(1);
  #batches = 0;

  static async open(size: number, store: CollectionStore, client: MongoClient): Promise<Subject> {
    const name = `books_${size}`;
    const { revision } = await store.definitions();
    await store.takeDefinitions([definitionOf(name, revision + 1)], revision + 1, Date.now());
    const lease = await store.acquireFold(name, 'bench', 3_600_000, Date.now());
    if (!lease) throw new Error('Somebody else folds.');
    const subject = new Subject(size, store, lease, client.db(database).collection(`records_${size}`));
    await subject.#fill();
    return subject;
  }

  private constructor(
    size: number,
    store: CollectionStore,
    lease: FoldLease,
    records: Collection<TitleRecord>,
  ) {
    this.size = size;
    this.#store = store;
    this.#lease = lease;
    this.#records = records;
    this.#fold = new CollectionFold(store, lease.incarnation, {
      chunkEntries: config.FOLD_CHUNK_ENTRIES,
      contributionItemsMax: config.CONTRIBUTION_ITEMS_MAX,
    });
  }

  /** @returns Milliseconds from the delivery of new records to the entries that have them. */
  async fold(): Promise<number> {
    const records = this.#newRecords(NEW_RECORDS);
    const beganMs = performance.now();
    await this.#append(records);
    await foldAll(this.#fold, this.#lease);
    return performance.now() - beganMs;
  }

  /** @returns Milliseconds from the delivery of new records to the entries that have them, all written anew. */
  async aggregateAnew(): Promise<number> {
    const records = this.#newRecords(NEW_RECORDS);
    const beganMs = performance.now();
    await this.#records.insertMany(records);
    await this.#records
      .aggregate(
        [{ $group: { _id: '$title', items: { $addToSet: '$item' } } }, { $out: `entries_${this.size}` }],
        { allowDiskUse: true },
      )
      .toArray();
    return performance.now() - beganMs;
  }

  async #fill(): Promise<void> {
    const beganMs = performance.now();
    // In commits larger than the service makes: filling is not what is measured here.
    const filling = new CollectionFold(this.#store, this.#lease.incarnation, {
      chunkEntries: 4_000,
      contributionItemsMax: config.CONTRIBUTION_ITEMS_MAX,
    });
    for (let filled = 0; filled < this.size; filled += 4_000) {
      const count = Math.min(4_000, this.size - filled);
      for (let from = 0; from < count; from += 1_000) {
        const records = this.#newRecords(Math.min(1_000, count - from));
        await this.#append(records);
        await this.#records.insertMany(records, { ordered: false });
      }
      await foldAll(filling, this.#lease);
      if (filled % 100_000 === 0 && filled > 0) {
        const seconds = Math.round((performance.now() - beganMs) / 1_000);
        console.log(`  … ${filled.toLocaleString('en')} of ${this.size.toLocaleString('en')}, ${seconds} s`);
      }
    }
  }

  async #append(records: readonly TitleRecord[]): Promise<void> {
    const { incarnation } = this.#lease;
    const batch = this.#batches++;
    await this.#store.appendBatch(
      {
        incarnation,
        batchId: `${incarnation}/${batch}`,
        sourceId: 'source',
        runId: 'run',
        token: 1,
        records: records.map(({ title, item }) => ({ key: title, fields: { title, item } })),
        seenKeys: [],
      },
      Date.now(),
    );
  }

  #newRecords(count: number): TitleRecord[] {
    const titles = this.size / ITEMS_PER_TITLE;
    return Array.from({ length: count }, () => ({
      title: `A book of a usual title, number ${Math.floor(this.#random() * titles)}`,
      item: `https://shop.example/offers/${Math.floor(this.#random() * 1e12)}`,
    }));
  }
}

async function foldAll(fold: CollectionFold, lease: FoldLease): Promise<void> {
  while ((await fold.foldChunk(lease)).hasMore);
}

function definitionOf(name: string, revision: number): CollectionDefinition {
  return {
    name,
    incarnation: name,
    revision,
    deleted: false,
    fields: [
      { name: 'title', type: 'STRING', list: false, merge: 'LATEST' },
      { name: 'item', type: 'STRING', list: false, merge: 'SET' },
    ],
    key: ['title'],
    sources: [{ id: 'source', retain: 'FOREVER' }],
  };
}
