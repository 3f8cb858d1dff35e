import { type MongoPlace, migrateMongo, mongoAdapter, openMongo } from '../mongo.ts';
import type { CollectionStore } from '../ports/collection-store.ts';
import { Catalogue } from './mongo-collection-store/catalogue.ts';
import { MongoChanges } from './mongo-collection-store/changes.ts';
import { CommitLog } from './mongo-collection-store/commit-log.ts';
import { MongoFolds } from './mongo-collection-store/folding.ts';
import { createJournal, journalMigrations } from './mongo-collection-store/journal.ts';
import { pruneHistory, pruneTombstones } from './mongo-collection-store/pruning.ts';
import { foldCollections, foldMigrations, retainHistory } from './mongo-collection-store/schema.ts';

export interface MongoCollectionStoreOptions {
  /** How long each change of each entry is kept at the least: the server forgets it then. @default 30 days */
  readonly historyRetainMs?: number;
}

const HISTORY_RETAIN_MS = 30 * 86_400_000;

/**
 * Keeps collections in a MongoDB database, for any number of processes at once. It needs no transactions over
 * documents: the journal and the log of each fold are sequences of documents, each of which is there or not, and
 * whoever comes second at a place in them has lost.
 *
 * @param url `mongodb://…/<database>`
 * @throws {TributaryError} CONFIG_INVALID: a newer version wrote the database; DATASOURCE_UNAVAILABLE: no answer.
 */
export function openMongoCollectionStore(
  url: string,
  options?: MongoCollectionStoreOptions,
): Promise<CollectionStore> {
  return startMongoCollectionStore(openMongo(url), options);
}

/** @param place Closed with the store, and where it cannot be opened. */
export async function startMongoCollectionStore(
  place: MongoPlace,
  { historyRetainMs = HISTORY_RETAIN_MS }: MongoCollectionStoreOptions = {},
): Promise<CollectionStore> {
  const { prepare, ...store } = mongoAdapter('The collection store', createStore(place, historyRetainMs));
  try {
    await prepare();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function createStore(
  { db, close }: MongoPlace,
  historyRetainMs: number,
): CollectionStore & { prepare(): Promise<void> } {
  const collections = foldCollections(db);
  const catalogue = new Catalogue(db);
  const log = new CommitLog(collections);
  const folds = new MongoFolds(collections, catalogue, log, (entry, limit) =>
    journal.dropChunk(entry, limit),
  );
  const journal = createJournal(db, catalogue, (numbers) => folds.foldedUpTo(numbers));
  const changes = new MongoChanges(collections, log);

  return {
    async prepare() {
      await migrateMongo(db, 'journal', journalMigrations);
      await migrateMongo(db, 'folds', foldMigrations);
      await retainHistory(db, historyRetainMs);
    },

    definitions: () => journal.definitions(),
    takeDefinitions: (...args) => journal.takeDefinitions(...args),
    appendBatch: (...args) => journal.appendBatch(...args),
    appendCompletion: (...args) => journal.appendCompletion(...args),
    appendExpiry: (...args) => journal.appendExpiry(...args),
    readJournal: (...args) => journal.readJournal(...args),
    unfolded: () => journal.unfolded(),
    pruneJournal: (...args) => journal.pruneJournal(...args),

    acquireFold: (...args) => folds.acquireFold(...args),
    releaseFold: (...args) => folds.releaseFold(...args),
    foldState: (...args) => folds.foldState(...args),
    entriesByKey: (...args) => folds.entriesByKey(...args),
    entriesBehind: (...args) => folds.entriesBehind(...args),
    entriesOfSource: (...args) => folds.entriesOfSource(...args),
    oldestSeenAt: (...args) => folds.oldestSeenAt(...args),
    commitFold: (...args) => folds.commitFold(...args),
    dropChunk: (...args) => folds.dropChunk(...args),

    async status(incarnation) {
      const collection = await catalogue.known(incarnation);
      if (!collection) return { head: 0, entryCount: 0, updatedAt: undefined };
      return changes.status(collection.number);
    },
    async changesSince(incarnation, request) {
      return changes.since(await catalogue.live(incarnation), request);
    },
    async history(incarnation, version, limit) {
      const collection = await catalogue.known(incarnation);
      return collection ? changes.history(collection.number, version, limit) : [];
    },
    async pruneChanges(before, limit) {
      let forgotten = 0;
      for (const { number } of await catalogue.all()) {
        if (forgotten >= limit) break;
        // Nothing is forgotten that is not applied.
        await folds.caughtUp(number);
        forgotten += await pruneTombstones(collections, number, before.tombstones, limit - forgotten);
        forgotten += await pruneHistory(collections, number, before.history, Math.max(1, limit - forgotten));
      }
      return forgotten;
    },

    async close() {
      try {
        await folds.close();
        await journal.close();
      } finally {
        await close();
      }
    },
  };
}
