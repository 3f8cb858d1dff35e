import type { Db } from 'mongodb';
import { documentsOf } from './documents.ts';
import { previewIndexes } from './previews.ts';

/** Queries name the index that suits them: servers guess, each in its own way, and read everything now and then. */
export const INDEXES = {
  sourcesLiving: 'sources_living',
  sourcesByCollection: 'sources_by_collection',
  sourcesByState: 'sources_by_state',
  sourcesByWorker: 'sources_by_worker',
  sourcesFree: 'sources_free',
  sourcesByPool: 'sources_by_pool',
  sourcesUnfinished: 'sources_unfinished',
  sourcesLost: 'sources_lost',
  runs: 'runs_all',
  runsBySource: 'runs_by_source',
  runsByStatus: 'runs_by_status',
  definitionsByRevision: 'definitions_by_revision',
  definitionsKept: 'definitions_kept',
  workersByLease: 'workers_by_lease',
} as const;

/**
 * One step for each version of the database, oldest first. A step that was released is never changed: what a
 * later version needs is appended. Each may be done twice, by replicas that start at the same time.
 */
export const MIGRATIONS: readonly ((db: Db) => Promise<void>)[] = [
  async (db) => {
    const { sources, runs, workers, definitions, definitionsState } = documentsOf(db);
    await sources.createIndexes([
      { key: { removed: 1, seq: 1 }, name: INDEXES.sourcesLiving },
      { key: { collection: 1, seq: 1 }, name: INDEXES.sourcesByCollection },
      { key: { state: 1, seq: 1 }, name: INDEXES.sourcesByState },
      { key: { workerId: 1, untold: 1 }, name: INDEXES.sourcesByWorker },
      {
        key: { pool: 1, isLive: 1, workerId: 1, isQueued: -1, nextRunAt: 1 },
        name: INDEXES.sourcesFree,
      },
      { key: { isLive: 1, pool: 1, isolation: 1 }, name: INDEXES.sourcesByPool },
      // Nearly always empty, and looked into before all runs are read.
      {
        key: { 'intent.runs.id': 1 },
        name: INDEXES.sourcesUnfinished,
        partialFilterExpression: { 'intent.runs.id': { $exists: true } },
      },
      {
        key: { 'lostBy.workerId': 1 },
        name: INDEXES.sourcesLost,
        partialFilterExpression: { 'lostBy.workerId': { $exists: true } },
      },
    ]);
    await runs.createIndexes([
      { key: { seq: 1 }, name: INDEXES.runs },
      { key: { sourceId: 1, seq: 1 }, name: INDEXES.runsBySource },
      { key: { status: 1, seq: 1 }, name: INDEXES.runsByStatus },
    ]);
    await workers.createIndexes([{ key: { endedAt: 1, leaseUntil: 1 }, name: INDEXES.workersByLease }]);
    await definitions.createIndexes([
      { key: { revision: 1 }, name: INDEXES.definitionsByRevision },
      { key: { isDeleted: 1 }, name: INDEXES.definitionsKept },
    ]);
    await definitionsState.updateOne(
      { _id: 'definitions' },
      { $setOnInsert: { revision: 0 } },
      { upsert: true },
    );
    await previewIndexes(db);
  },
];
