import type { Leases, WorkerRecord } from '../../ports/source-store.ts';
import { type Documents, sourceOf, type WorkerDocument } from './documents.ts';
import { INDEXES } from './schema.ts';

/** How workers end, and what is known of those that go on. */
export function createWorkers(documents: Documents): Omit<Leases, 'claim' | 'renew'> {
  const { sources, workers } = documents;
  return {
    async endWorker(workerId, now) {
      await workers.updateOne({ _id: workerId, endedAt: null }, { $set: { endedAt: now } });
    },

    async endExpiredWorkers(now, forgetBefore) {
      const { modifiedCount: endedCount } = await workers.updateMany(
        { endedAt: null, leaseUntil: { $lte: now } },
        { $set: { endedAt: now } },
        { hint: INDEXES.workersByLease },
      );
      const ended = await workers
        .find({ endedAt: { $gte: 0 } }, { hint: INDEXES.workersByLease, projection: { endedAt: 1 } })
        .toArray();
      if (ended.length === 0) return { endedCount, holderIds: [] };
      const holders = new Set(
        await sources.distinct('workerId', { workerId: { $in: ended.map(({ _id }) => _id) } }),
      );
      const forgotten = ended.filter(
        ({ _id, endedAt }) => (endedAt ?? now) < forgetBefore && !holders.has(_id),
      );
      await forget(
        documents,
        forgotten.map(({ _id }) => _id),
      );
      return { endedCount, holderIds: ended.flatMap(({ _id }) => (holders.has(_id) ? [_id] : [])) };
    },

    async runningSources(workerId) {
      const running = await sources
        .find({ workerId, runningRunId: { $ne: null } }, { hint: INDEXES.sourcesByWorker })
        .toArray();
      return running.map(sourceOf);
    },

    async freeSources(workerId) {
      const ended = await workers.findOne({ _id: workerId, endedAt: { $ne: null } });
      if (!ended) return [];
      const idle = { workerId, runningRunId: null };
      const free = await sources
        .find(idle, { hint: INDEXES.sourcesByWorker, projection: { _id: 1 } })
        .toArray();
      const ids = free.map(({ _id }) => _id);
      if (ids.length === 0) return [];
      await sources.updateMany(
        { _id: { $in: ids }, ...idle },
        { $set: { workerId: null, claimId: null, untold: false, toldIn: null }, $inc: { version: 1 } },
      );
      return ids;
    },

    async hasUnclaimed(pool) {
      const free = await sources.findOne(
        { pool, isLive: true, workerId: null },
        { hint: INDEXES.sourcesFree, projection: { _id: 1 } },
      );
      return free !== null;
    },

    async leasePosition(workerId) {
      const worker = await workers.findOne({ _id: workerId }, { projection: { position: 1 } });
      return worker?.position ?? 0;
    },

    async worker(id) {
      const worker = await workers.findOne({ _id: id, endedAt: null });
      return worker ? recordOf(worker) : undefined;
    },

    async workers() {
      const living = await workers
        .find({ endedAt: null }, { hint: INDEXES.workersByLease })
        .sort({ pool: 1, startedAt: 1, _id: 1 })
        .toArray();
      return living.map(recordOf);
    },

    async demands() {
      return sources
        .aggregate<{ pool: string; isolation: 'SHARED' | 'DEDICATED'; sourceCount: number }>(
          [
            { $match: { isLive: true } },
            { $group: { _id: { pool: '$pool', isolation: '$isolation' }, sourceCount: { $sum: 1 } } },
            { $sort: { '_id.pool': 1 } },
            { $project: { _id: 0, pool: '$_id.pool', isolation: '$_id.isolation', sourceCount: 1 } },
          ],
          { hint: INDEXES.sourcesByPool },
        )
        .toArray();
    },
  };
}

/** Their ids are new again, and nobody waits for them to hear anything. */
async function forget({ sources, workers }: Documents, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const those = { workerId: { $in: [...ids] } };
  await sources.updateMany(
    { 'lostBy.workerId': those.workerId },
    { $pull: { lostBy: those } },
    { hint: INDEXES.sourcesLost },
  );
  await workers.deleteMany({ _id: those.workerId, endedAt: { $ne: null } });
}

function recordOf(worker: WorkerDocument): WorkerRecord {
  const { _id: id, pool, hostname, capacity, taskId, startedAt, lastSeenAt, leaseUntil } = worker;
  return { id, pool, hostname, capacity, taskId, startedAt, lastSeenAt, leaseUntil };
}
