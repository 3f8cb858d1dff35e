import type { Db } from 'mongodb';
import type { PreviewReport } from '../../model/run.ts';
import type { SourceSpec } from '../../model/source-spec.ts';
import { isDuplicateKey } from '../../mongo.ts';
import type { PreviewState, Previews } from '../../ports/source-store.ts';

interface PreviewDocument {
  readonly _id: string;
  /** As JSON, like the report: what pages give has names and texts that BSON refuses. */
  readonly spec: string;
  readonly first: number;
  readonly askedAt: number;
  /** The server takes the document away some time after. */
  readonly expiresAt: Date;
  /** Which of the places for open previews it has; an answered one has given it up. */
  readonly place?: number;
  readonly workerId: string | null;
  readonly report: string | null;
}

/** What previews need to know of the workers, which are written with the leases. */
interface WorkerDocument {
  readonly _id: string;
  readonly endedAt: number | null;
}

/** Indexes: the first holds the open ones only, which are few, so that what is asked of them needs no other. */
const OPEN = 'previews_open';
const EXPIRED = 'previews_expired';

/** Places that others may take from under us before we give up: each time one of them got in, and it is full soon. */
const ATTEMPTS_MAX = 100;

/** The place is unique, so that replicas who count at the same time do not let more in than there are places. */
export async function previewIndexes(db: Db): Promise<void> {
  await db.collection('previews').createIndexes([
    { key: { place: 1 }, name: OPEN, unique: true, sparse: true },
    { key: { expiresAt: 1 }, name: EXPIRED, expireAfterSeconds: 0 },
  ]);
}

export function createPreviews(db: Db): Previews {
  const previews = db.collection<PreviewDocument>('previews');
  const workers = db.collection<WorkerDocument>('workers');
  const isOpen = (now: number) => ({ place: { $gte: 0 }, expiresAt: { $gt: new Date(now) } });
  const state = { workerId: 1, report: 1 } as const;

  return {
    async addPreview({ id, spec, first, askedAt, expiresAt }, openMax) {
      await previews.deleteMany({ expiresAt: { $lte: new Date(askedAt) } }, { hint: EXPIRED });
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const taken = await previews
          .find({ place: { $gte: 0 } }, { hint: OPEN, projection: { place: 1 } })
          .toArray();
        if (taken.length >= openMax) return false;
        const place = freePlace(new Set(taken.map((other) => other.place)), openMax);
        if (place === undefined) return false;
        try {
          await previews.insertOne({
            _id: id,
            spec: JSON.stringify(spec),
            first,
            askedAt,
            expiresAt: new Date(expiresAt),
            place,
            workerId: null,
            report: null,
          });
          return true;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          // The driver sent it again, as the answer to the first one was lost.
          if (await previews.findOne({ _id: id }, { projection: { _id: 1 } })) return true;
        }
      }
      return false;
    },

    async claimPreviews(workerId, first, now) {
      const claimed: PreviewDocument[] = [];
      while (claimed.length < first) {
        const preview = await previews.findOneAndUpdate(
          { workerId: null, ...isOpen(now) },
          { $set: { workerId } },
          { sort: { askedAt: 1 } },
        );
        if (!preview) break;
        claimed.push(preview);
      }
      return claimed.map(({ _id, spec, first }) => ({
        id: _id,
        spec: JSON.parse(spec) as SourceSpec,
        first,
      }));
    },

    async reportPreview(id, workerId, report, now) {
      const { matchedCount } = await previews.updateOne(
        { _id: id, workerId, ...isOpen(now) },
        { $set: { report: JSON.stringify(report) }, $unset: { place: 1 } },
      );
      return matchedCount > 0;
    },

    async freePreviews(now) {
      const held = await previews
        .find({ workerId: { $ne: null }, ...isOpen(now) }, { hint: OPEN, projection: { workerId: 1 } })
        .toArray();
      if (held.length === 0) return [];
      const ended = await workers
        .find(
          { _id: { $in: held.flatMap(({ workerId }) => workerId ?? []) }, endedAt: { $ne: null } },
          { projection: { _id: 1 } },
        )
        .toArray();
      const endedIds = new Set<string | null>(ended.map(({ _id }) => _id));
      const freed = held.filter(({ workerId }) => endedIds.has(workerId));
      for (const { _id, workerId } of freed) {
        await previews.updateOne({ _id, workerId, ...isOpen(now) }, { $set: { workerId: null } });
      }
      return freed.map(({ _id }) => _id);
    },

    async preview(id) {
      return stateOf(await previews.findOne({ _id: id }, { projection: state }));
    },

    async endPreview(id) {
      return stateOf(await previews.findOneAndDelete({ _id: id }, { projection: state }));
    },

    async hasOpenPreviews(now) {
      return (await previews.findOne(isOpen(now), { hint: OPEN, projection: { _id: 1 } })) !== null;
    },

    async hasUnclaimedPreviews(now) {
      const waiting = await previews.findOne(
        { workerId: null, ...isOpen(now) },
        { hint: OPEN, projection: { _id: 1 } },
      );
      return waiting !== null;
    },
  };
}

/** Any of the free places: those who come at once would all take the first. */
function freePlace(taken: ReadonlySet<number | undefined>, places: number): number | undefined {
  const free = Array.from({ length: places }, (_, place) => place).filter((place) => !taken.has(place));
  return free[Math.floor(Math.random() * free.length)];
}

function stateOf(preview: Pick<PreviewDocument, 'workerId' | 'report'> | null): PreviewState | undefined {
  if (!preview) return undefined;
  const report = preview.report === null ? null : (JSON.parse(preview.report) as PreviewReport);
  return { workerId: preview.workerId, report };
}
