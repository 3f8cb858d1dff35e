import type { Leases } from '../../ports/source-store.ts';
import { type Documents, sourceOf } from './documents.ts';
import { INDEXES } from './schema.ts';

const HELD = { hint: INDEXES.sourcesByWorker } as const;
const LOST = { hint: INDEXES.sourcesLost } as const;

/**
 * What a worker has yet to hear is marked at its sources. A renewal's answer has a number of its own, and marks
 * what it tells with it; the renewal that names this number takes the marks away that still bear it. So only an
 * answer that arrived acknowledges, and only what it told: a change made since has taken the number away, and
 * another answer, be it to the same renewal sent twice, has put its own in its place.
 */
export function createRenewal(documents: Documents): Pick<Leases, 'renew'> {
  const { sources, workers } = documents;
  return {
    async renew(workerId, after, now, leaseMs) {
      const worker = await workers.findOneAndUpdate(
        { _id: workerId, endedAt: null, leaseUntil: { $gt: now } },
        { $set: { lastSeenAt: now, leaseUntil: now + leaseMs }, $inc: { answers: 1 } },
        { returnDocument: 'after', projection: { answers: 1 } },
      );
      if (!worker) return undefined;
      if (after > 0) await acknowledge(documents, workerId, after);

      const answer = worker.answers;
      const [changedNow, lostNow] = await Promise.all([
        sources.updateMany({ workerId, untold: true }, { $set: { toldIn: answer } }, HELD),
        sources.updateMany({ 'lostBy.workerId': workerId }, { $set: { 'lostBy.$.toldIn': answer } }, LOST),
      ]);
      if (changedNow.matchedCount + lostNow.matchedCount === 0) {
        return { changed: [], lostSourceIds: [], after };
      }
      const [changed, lostSources] = await Promise.all([
        sources.find({ workerId, untold: true, toldIn: answer }, HELD).toArray(),
        sources
          .find(
            { ...lostIn(workerId, answer), workerId: { $ne: workerId } },
            { projection: { _id: 1 }, ...LOST },
          )
          .toArray(),
      ]);
      return {
        changed: changed.map(sourceOf),
        lostSourceIds: lostSources.map(({ _id }) => _id),
        after: answer,
      };
    },
  };
}

async function acknowledge({ sources }: Documents, workerId: string, answer: number): Promise<void> {
  await Promise.all([
    sources.updateMany(
      { workerId, untold: true, toldIn: answer },
      { $set: { untold: false, toldIn: null } },
      HELD,
    ),
    sources.updateMany(lostIn(workerId, answer), { $pull: { lostBy: { workerId, toldIn: answer } } }, LOST),
  ]);
}

/** The worker is named twice, as the index knows it by its path only. */
function lostIn(workerId: string, answer: number) {
  return { 'lostBy.workerId': workerId, lostBy: { $elemMatch: { workerId, toldIn: answer } } };
}
