import { type MongoPlace, migrateMongo, mongoAdapter, openMongo } from '../mongo.ts';
import type { SourceStore } from '../ports/source-store.ts';
import { createClaim } from './mongo-source-store/claims.ts';
import { commitChange } from './mongo-source-store/commit.ts';
import { documentsOf } from './mongo-source-store/documents.ts';
import { createPreviews } from './mongo-source-store/previews.ts';
import { createDefinitionReads, createRunReads, createSourceReads } from './mongo-source-store/reads.ts';
import { createRenewal } from './mongo-source-store/renewals.ts';
import { MIGRATIONS } from './mongo-source-store/schema.ts';
import { pruneRuns } from './mongo-source-store/source-writes.ts';
import { createWorkers } from './mongo-source-store/workers.ts';

/**
 * SourceStore in a MongoDB database, which any number of processes may open. Needs no transactions over documents:
 * what spans several is written as one intent first, and carried out by whoever comes by.
 *
 * @throws {TributaryError} CONFIG_INVALID: a newer version wrote the database; DATASOURCE_UNAVAILABLE: no answer.
 */
export function openMongoSourceStore(url: string): Promise<SourceStore> {
  return startMongoSourceStore(openMongo(url));
}

/** @param place Closed with the store, and where it cannot be opened. */
export async function startMongoSourceStore(place: MongoPlace): Promise<SourceStore> {
  const { db } = place;
  try {
    await migrateMongo(db, 'configuration', MIGRATIONS);
  } catch (error) {
    await place.close();
    throw error;
  }
  const documents = documentsOf(db);
  return mongoAdapter<SourceStore>('The source store', {
    ...createSourceReads(documents),
    ...createDefinitionReads(documents),
    ...createRunReads(documents),
    ...createClaim(documents),
    ...createRenewal(documents),
    ...createWorkers(documents),
    ...createPreviews(db),
    commit: (change) => commitChange(documents, change),
    pruneRuns: (sourceId, keep) => pruneRuns(documents, sourceId, keep),
    async putCluster(observed) {
      await documents.cluster.updateOne(
        { _id: 'cluster' },
        { $set: { observed: JSON.stringify(observed) } },
        { upsert: true },
      );
    },
    async cluster() {
      const cluster = await documents.cluster.findOne({ _id: 'cluster' });
      return cluster ? JSON.parse(cluster.observed) : undefined;
    },
    close: () => place.close(),
  });
}
