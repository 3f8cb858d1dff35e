import { randomId } from '../../ids.ts';
import { isDuplicateKey } from '../../mongo.ts';
import type { Leases, WorkerClaim } from '../../ports/source-store.ts';
import { type Documents, type SourceDocument, sourceOf } from './documents.ts';
import { INDEXES } from './schema.ts';

/**
 * Times that we look for other free sources after others have taken those that we chose. What is left free then is
 * claimed with the next claim, for which renewals ask.
 */
const ROUNDS_MAX = 20;

/** Nothing is acknowledged by the first renewal: answers are numbered from 1. */
const NOTHING_HEARD = 0;

/**
 * Each source is taken by a write of its own, guarded by its being free, so that two never get the same. That the
 * worker still goes on, and does not hold more than it can (a claim that it has given up may come in beside its
 * next one), is looked at after, and what is too much given back.
 */
export function createClaim(documents: Documents): Pick<Leases, 'claim'> {
  const { sources, workers } = documents;
  const heldBy = (workerId: string) =>
    sources.countDocuments({ workerId }, { hint: INDEXES.sourcesByWorker });

  return {
    async claim(worker, now, leaseMs) {
      if (!(await keepWorker(documents, worker, now, leaseMs))) return undefined;
      const claimId = randomId();
      const room = worker.capacity - (await heldBy(worker.id));
      if (room <= 0 || !(await takeFree(documents, worker, claimId, room))) {
        return { claimed: [], after: NOTHING_HEARD };
      }
      const [living, held, taken] = await Promise.all([
        workers.findOne({ _id: worker.id, endedAt: null }, { projection: { _id: 1 } }),
        heldBy(worker.id),
        sources.find({ workerId: worker.id, claimId }, { hint: INDEXES.sourcesByWorker }).toArray(),
      ]);
      if (!living) {
        await giveBack(documents, taken, false);
        return undefined;
      }
      const kept = taken.length - Math.max(0, held - worker.capacity);
      await giveBack(documents, taken.slice(Math.max(0, kept)), true);
      return { claimed: taken.slice(0, Math.max(0, kept)).map(sourceOf), after: NOTHING_HEARD };
    },
  };
}

/** Begins the worker's lease, or goes on with it. @returns false: it has ended, or its lease has run out. */
async function keepWorker(
  { workers }: Documents,
  { id, ...worker }: WorkerClaim,
  now: number,
  leaseMs: number,
): Promise<boolean> {
  const living = { _id: id, endedAt: null, leaseUntil: { $gt: now } };
  const kept = { ...worker, lastSeenAt: now, leaseUntil: now + leaseMs };
  try {
    await workers.updateOne(
      living,
      { $set: kept, $setOnInsert: { startedAt: now, answers: 0, position: 0 } },
      { upsert: true },
    );
    return true;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    // It is there, and not living, unless it has begun just now.
    return (await workers.updateOne(living, { $set: kept })).matchedCount > 0;
  }
}

/** Set-based: ten thousand sources go to a worker in a few round trips. @returns Whether it got any. */
async function takeFree(
  { sources }: Documents,
  { id: workerId, pool }: WorkerClaim,
  claimId: string,
  room: number,
): Promise<boolean> {
  const free = { pool, isLive: true, workerId: null };
  let taken = 0;
  for (let round = 0; round < ROUNDS_MAX && taken < room; round++) {
    const chosen = await sources
      .find(free, { hint: INDEXES.sourcesFree, projection: { _id: 1 } })
      .sort({ isQueued: -1, nextRunAt: 1 })
      .limit(room - taken)
      .toArray();
    if (chosen.length === 0) break;
    const { modifiedCount } = await sources.updateMany(
      { _id: { $in: chosen.map(({ _id }) => _id) }, ...free },
      {
        $set: { workerId, claimId, untold: true, toldIn: null },
        $inc: { token: 1, version: 1 },
        $pull: { lostBy: { workerId } },
      },
    );
    taken += modifiedCount;
  }
  return taken > 0;
}

/** All but those that already run: they end as all runs of a worker do. */
async function giveBack(
  { sources }: Documents,
  taken: readonly SourceDocument[],
  isTold: boolean,
): Promise<void> {
  for (const { _id, workerId, claimId } of taken) {
    if (workerId === null) continue;
    await sources.updateOne(
      { _id, workerId, claimId, runningRunId: null },
      {
        $set: { workerId: null, claimId: null, untold: false, toldIn: null },
        $inc: { version: 1 },
        ...(isTold ? { $push: { lostBy: { workerId, toldIn: null } } } : {}),
      },
    );
  }
}
