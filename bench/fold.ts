/**
 * What folding costs in a small and in a large collection: the same batches, of records that each change an entry
 * picked at random, go through the real store's journal and fold into 10,000 and into 1,000,000 entries. Only
 * the fold is timed, from the journaled batch to the last commit. The two take turns, so that whatever else the
 * machine does meets both alike.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteCollectionStore } from '../platform/adapters/sqlite-collection-store.ts';
import { readConfig } from '../platform/config.ts';
import type { CollectionDefinition } from '../platform/model/collection-definition.ts';
import type { DataRecord } from '../platform/model/record.ts';
import type { CollectionStore, FoldLease } from '../platform/ports/collection-store.ts';
import { Scope } from '../platform/scope.ts';
import { datasourceSettings } from '../subgraphs/datasource/config.ts';
import { CollectionFold } from '../subgraphs/datasource/folding/collection-fold.ts';
import { createRandom } from './random.ts';
import { type Figure, quantile, report } from './report.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
const BATCH_RECORDS = 1_000;
/** The first warms up. */
const TURNS = 9;
/** Batches in a turn; the first does not count: the other collection's log is still being copied meanwhile. */
const ROUNDS = 7;

const config = readConfig(datasourceSettings, {});

export async function benchFold(): Promise<Figure[]> {
  const scope = new Scope();
  try {
    const small = await openCollection(scope, 'small', SMALL);
    const large = await openCollection(scope, 'large', LARGE);
    const times = { small: [] as number[], large: [] as number[] };
    for (let turn = 0; turn < TURNS; turn++) {
      // Who goes first changes, too.
      const order = turn % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const);
      for (const size of order) {
        for (let round = 0; round < ROUNDS; round++) {
          const elapsedMs = await (size === 'small' ? small : large).foldRandomBatch();
          if (turn > 0 && round > 0) times[size].push(elapsedMs);
        }
      }
    }
    const [smallMs, largeMs] = [quantile(times.small, 0.5), quantile(times.large, 0.5)];
    const per = `1,000 records into ${LARGE.toLocaleString('en')} entries`;
    return [
      {
        name: `fold 1,000 records into ${SMALL.toLocaleString('en')} entries, median`,
        value: smallMs,
        unit: 'ms',
      },
      { name: `fold ${per}, median`, value: largeMs, unit: 'ms' },
      { name: `fold ${per}, slowest`, value: Math.max(...times.large), unit: 'ms' },
      {
        name: 'records folded into the large collection',
        value: BATCH_RECORDS / (largeMs / 1_000),
        unit: '/s',
      },
      { name: 'records folded while it was filled', value: large.fillRate, unit: '/s' },
      { name: 'large to small, medians', value: largeMs / smallMs, unit: 'times', most: 1.5 },
    ];
  } finally {
    await scope.close();
  }
}

interface BenchCollection {
  readonly fillRate: number;
  /** @returns Milliseconds that folding one batch took. */
  foldRandomBatch(): Promise<number>;
}

async function openCollection(scope: Scope, name: string, entries: number): Promise<BenchCollection> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-fold-'));
  scope.defer(() => rm(folder, { recursive: true }));
  const store = scope.use(await openSqliteCollectionStore(folder));
  await store.takeDefinitions([definitionOf(name)], 1, Date.now());
  const lease = await store.acquireFold(name, 'bench', 3_600_000, Date.now());
  if (!lease) throw new Error('Somebody else folds.');
  const random = createRandom(1);
  let batches = 0;
  const append = (records: readonly DataRecord[], runId: string) =>
    store.appendBatch(
      {
        incarnation: name,
        batchId: `${name}-${batches++}`,
        sourceId: 'source',
        runId,
        token: 1,
        records,
        seenKeys: [],
      },
      Date.now(),
    );

  // In commits larger than the service makes: a million entries are not what is measured here.
  const filling = new CollectionFold(store, name, { chunkEntries: 20_000, contributionItemsMax: 1_000 });
  const startedAt = performance.now();
  for (let from = 0; from < entries; from += BATCH_RECORDS) {
    await append(
      Array.from({ length: BATCH_RECORDS }, (_, index) => recordOf(from + index, 0)),
      'filling',
    );
    if (batches % 20 === 0) await foldAll(filling, lease);
  }
  await foldAll(filling, lease);
  const fillRate = entries / ((performance.now() - startedAt) / 1_000);
  await assertCount(store, name, entries);

  const fold = new CollectionFold(store, name, {
    chunkEntries: config.FOLD_CHUNK_ENTRIES,
    contributionItemsMax: config.CONTRIBUTION_ITEMS_MAX,
  });
  return {
    fillRate,
    async foldRandomBatch() {
      const picked = new Set<number>();
      while (picked.size < BATCH_RECORDS) picked.add(Math.floor(random() * entries));
      await append(
        [...picked].map((index) => recordOf(index, batches)),
        `run-${batches}`,
      );
      const startedAt = performance.now();
      await foldAll(fold, lease);
      return performance.now() - startedAt;
    },
  };
}

async function foldAll(fold: CollectionFold, lease: FoldLease): Promise<void> {
  while ((await fold.foldChunk(lease)).hasMore);
}

async function assertCount(store: CollectionStore, name: string, entries: number): Promise<void> {
  const { entryCount } = await store.status(name);
  if (entryCount !== entries) throw new Error(`${entryCount} entries were folded, not ${entries}.`);
}

function recordOf(index: number, said: number): DataRecord {
  const url = `https://shop.example/catalogue/product-${index}/`;
  return {
    key: url,
    fields: {
      url,
      title: `Product ${index} of the catalogue, in a title of usual length`,
      price: `${1 + ((index + said) % 500)}.${10 + (said % 90)}`,
      isInStock: (index + said) % 3 !== 0,
      image: `https://cdn.shop.example/images/${index}/large.jpg`,
    },
  };
}

function definitionOf(name: string): CollectionDefinition {
  const field = (fieldName: string, type: CollectionDefinition['fields'][0]['type']) => ({
    name: fieldName,
    type,
    list: false,
    merge: 'LATEST' as const,
  });
  return {
    name,
    incarnation: name,
    revision: 1,
    deleted: false,
    fields: [
      field('url', 'URL'),
      field('title', 'STRING'),
      field('price', 'DECIMAL'),
      field('isInStock', 'BOOLEAN'),
      field('image', 'URL'),
    ],
    key: ['url'],
    sources: [{ id: 'source', retain: 'LATEST_RUN' }],
  };
}

if (process.argv[1] === import.meta.filename) {
  report('Folding 1,000 records into a small and a large collection', await benchFold());
}
