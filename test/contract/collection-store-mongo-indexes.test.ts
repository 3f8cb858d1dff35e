import { type CommandStartedEvent, type Document, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMongoCollectionStore } from '../../platform/adapters/mongo-collection-store.ts';
import type { CollectionStore, FoldLease } from '../../platform/ports/collection-store.ts';
import { databaseUrl, dropDatabase } from '../support/mongo-database.ts';
import { definitionOf, NOW } from './collection-store-builders.ts';
import { INCARNATION, ScriptedFold } from './scripted-fold.ts';

const OURS = new Set(['folds', 'commits', 'commit_parts', 'entries']);

/** A selection that was sent to the server: what a query reads, or what a write changes. */
interface Selection {
  readonly collection: string;
  readonly filter: Document;
  readonly sort: Document | undefined;
}

/** Documents of other collections: with few in all, a server rightly reads them all. */
const OTHERS = 10_000;

describe.skipIf(!process.env.MONGODB_URL)('The MongoDB collection store', () => {
  let url: string;
  let client: MongoClient;
  let store: CollectionStore;
  let lease: FoldLease;
  let selections: Selection[] = [];
  const script = new ScriptedFold();

  beforeAll(async () => {
    url = databaseUrl();
    client = new MongoClient(url, { monitorCommands: true, ignoreUndefined: true });
    client.on('commandStarted', (event) => selections.push(...selectionsOf(event)));
    store = await startMongoCollectionStore({ db: client.db(), close: () => client.close() });
    await store.takeDefinitions([definitionOf()], 1, NOW);
    const given = await store.acquireFold(INCARNATION, 'one', 1_000, NOW);
    if (!given) throw new Error('Nobody else folds.');
    lease = given;
    for (let key = 0; key < 50; key++) script.change(`key-${key}`, 'old');
    await store.commitFold(lease, script.remove('key-9').commit());
    const others = Array.from({ length: OTHERS }, (_, at) => ({
      c: -1 - (at % 100),
      n: at,
      v: at,
      o: at,
      to: at,
    }));
    for (const name of OURS)
      await client
        .db()
        .collection(name)
        .insertMany(others.map((other) => ({ ...other })));
  });
  afterAll(async () => {
    await store.close();
    await dropDatabase(url);
  });

  /** The name of the index that the server takes; what else it does instead. */
  const planOf = async ({ collection, filter, sort }: Selection): Promise<string> => {
    const find = client.db().collection(collection).find(filter);
    if (sort) find.sort(sort);
    return leafOf((await find.explain('queryPlanner')).queryPlanner.winningPlan);
  };

  const since = (version: number, incarnation?: string) =>
    store.changesSince(INCARNATION, { incarnation, version, limit: 3 });
  const cases: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
    ['a lease', () => store.acquireFold(INCARNATION, 'one', 1_000, NOW), ['_id_']],
    ['the state of a fold', () => store.status(INCARNATION), ['_id_']],
    ['entries by key', () => store.entriesByKey(INCARNATION, ['key-1', 'key-2']), ['_id_']],
    ['entries by ordinal', () => store.entriesBehind(INCARNATION, 7, 5), ['by_ordinal']],
    ['entries of a source', () => store.entriesOfSource(INCARNATION, 'shop', {}, 100), ['by_source']],
    [
      'entries that a run did not touch',
      () => store.entriesOfSource(INCARNATION, 'shop', { touchedBefore: 7 }, 100),
      ['by_source'],
    ],
    [
      'many entries, a chunk at a time',
      async () => {
        for (let chunk = 0; chunk < 3; chunk++) await store.entriesOfSource(INCARNATION, 'shop', {}, 10);
      },
      ['_id_', 'by_source'],
    ],
    [
      'entries that fall due',
      () => store.entriesOfSource(INCARNATION, 'library', { seenUntil: NOW + 7 }, 100),
      ['by_expiry'],
    ],
    ['the oldest that will', () => store.oldestSeenAt(INCARNATION, 'library'), ['by_expiry']],
    [
      'what a commit changes',
      async () => {
        await store.commitFold(lease, script.change('key-1', 'new').remove('key-2').commit());
        await store.entriesBehind(INCARNATION, 0, 0);
      },
      ['_id_'],
    ],
    ['changes near the head', () => since(50, INCARNATION), ['_id_', 'by_version']],
    ['changes from the beginning', () => since(0), ['_id_', 'by_version']],
    ['the history', () => store.history(INCARNATION, 0, 100), ['_id_', 'by_version']],
    [
      'what is to be forgotten',
      () => store.pruneChanges({ tombstones: NOW + 1_000, history: NOW + 1_000 }, 100),
      ['_id_', 'by_age', 'by_version', 'tombstones'],
    ],
    ['what is to be dropped', () => store.dropChunk(lease, 10), ['_id_']],
    ['what is left when it is given back', () => store.releaseFold(lease), ['_id_']],
  ];

  it.each(cases)('finds %s by an index', async (_, play, indexes) => {
    selections = [];
    await play();
    const sent = selections.filter(({ collection }) => OURS.has(collection));
    const plans = new Set<string>();
    for (const selection of sent) {
      const plan = await planOf(selection);
      plans.add(plan);
      // By id, only where an id is asked for: else it is the server's way to read everything.
      if (plan === '_id_') expect(selection.filter).toHaveProperty('_id');
    }
    expect(plans.size).toBeGreaterThan(0);
    // Which of those that fit is the server's choice, by what it has counted so far.
    expect(indexes).toEqual(expect.arrayContaining([...plans]));
  });

  it('has the server forget what is old, and later or sooner when told so', async () => {
    const expiryOf = async (collection: string, name: string) =>
      (await client.db().collection(collection).indexes()).find((index) => index.name === name)
        ?.expireAfterSeconds;
    const day = 24 * 60 * 60;
    expect(await expiryOf('commits', 'expiry')).toBe(30 * day);
    expect(await expiryOf('entries', 'forgotten')).toBe(day);
    const place = { db: client.db(), close: async () => {} };
    await (await startMongoCollectionStore(place, { historyRetainMs: 3 * day * 1_000 })).close();
    expect(await expiryOf('commits', 'expiry')).toBe(3 * day);
    expect(await expiryOf('commit_parts', 'expiry')).toBe(3 * day);
  });
});

function selectionsOf({ command }: CommandStartedEvent): Selection[] {
  const [[verb = '', collection] = []] = Object.entries(command);
  const of = (filter: unknown, sort?: Document): Selection => ({
    collection: String(collection),
    filter: filter as Document,
    sort,
  });
  switch (verb) {
    case 'find':
      return [of(command.filter, command.sort)];
    case 'findAndModify':
      return [of(command.query)];
    case 'update':
      return command.updates.map(({ q }: Document) => of(q));
    case 'delete':
      return command.deletes.map(({ q }: Document) => of(q));
    default:
      return [];
  }
}

function leafOf(plan: Document): string {
  if (plan.inputStage) return leafOf(plan.inputStage);
  if (plan.queryPlan) return leafOf(plan.queryPlan);
  return plan.stage === 'IXSCAN' ? plan.indexName : plan.stage;
}
