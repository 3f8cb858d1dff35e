import type { Run } from '../../model/run.ts';
import { isDuplicateKey } from '../../mongo.ts';
import type { SourceChange } from '../../ports/source-store.ts';
import {
  type Documents,
  type RunEntry,
  type SourceDocument,
  type SourceWrite,
  sourceFields,
  takeNumbers,
} from './documents.ts';
import { INDEXES } from './schema.ts';

/**
 * A source is the document that decides: one write, guarded by its version, changes it and says which runs come
 * with the change. The runs are put in place after, by whoever gets to it first: the one who committed, the
 * next one who commits, or whoever reads runs. Writes of those who come too late are guarded by the version, too.
 */

/** The source as the next commit must find it: without runs of an earlier one that are not in place. */
export async function readSettled(documents: Documents, id: string): Promise<SourceDocument | null> {
  const source = await documents.sources.findOne({ _id: id });
  if (source) await settleSource(documents, source);
  return source;
}

/** Puts the runs in place that a commit left behind: of one source, one run, or all. */
export async function settleRuns(
  documents: Documents,
  of: { readonly sourceId?: string | undefined; readonly runId?: string },
): Promise<void> {
  const { sourceId, runId } = of;
  const unfinished = await documents.sources
    .find(
      {
        'intent.runs.id': runId ?? { $exists: true },
        ...(sourceId === undefined ? {} : { _id: sourceId }),
      },
      { projection: { intent: 1 }, ...(sourceId === undefined ? { hint: INDEXES.sourcesUnfinished } : {}) },
    )
    .toArray();
  for (const source of unfinished) await settleSource(documents, source);
}

/** Everything that a change makes of its source, decided by what is stored now. */
export async function prepareWrite(
  documents: Documents,
  change: SourceChange,
  stored: SourceDocument | null,
  commitId: string,
): Promise<SourceWrite> {
  const { source, tellsWorker = false } = change;
  const { id } = source.spec;
  const version = source.version + 1;
  // The last word on a run counts.
  const runs = [...new Map((change.runs ?? []).map((run) => [run.id, run])).values()];
  const heldBy = stored?.workerId ?? null;
  const isLost = heldBy !== null && source.workerId !== heldBy;
  const [seq, runSeq, lostBy] = await Promise.all([
    stored ? stored.seq : takeNumbers(documents, 'sources', 1),
    runs.length > 0 ? takeNumbers(documents, 'runs', runs.length) : 0,
    isLost ? unlessEnded(documents, heldBy) : null,
  ]);
  const entries = runs.map((run, index) => runEntry(run, runSeq + index));
  return {
    id,
    version: source.version,
    set: {
      ...sourceFields({ ...source, version }),
      seq,
      commitId,
      ...(runs.length > 0 ? { openRuns: openRuns(stored, runs), intent: { version, runs: entries } } : {}),
      ...(isLost || tellsWorker ? { untold: tellsWorker && source.workerId !== null, toldIn: null } : {}),
    },
    lostBy,
    wakes: lostBy ?? (tellsWorker ? source.workerId : null),
  };
}

function runEntry(run: Run, seq: number): RunEntry {
  return { id: run.id, seq, status: run.status, run: JSON.stringify(run) };
}

async function unlessEnded({ workers }: Documents, id: string): Promise<string | null> {
  const worker = await workers.findOne({ _id: id, endedAt: null }, { projection: { _id: 1 } });
  return worker?._id ?? null;
}

/** @throws {Error} Two runs would wait, or two would run: whoever decided so is wrong. */
function openRuns(stored: SourceDocument | null, runs: readonly Run[]): SourceDocument['openRuns'] {
  const open = new Map((stored?.openRuns ?? []).map((run) => [run.id, run]));
  for (const { id, status } of runs) {
    if (status === 'QUEUED' || status === 'RUNNING') open.set(id, { id, status });
    else open.delete(id);
  }
  const all = [...open.values()];
  if (new Set(all.map(({ status }) => status)).size < all.length) {
    throw new Error(`At most one run of a source waits, and one runs: ${JSON.stringify(all)}`);
  }
  return all;
}

/** What a new source has that no commit sets. */
const NEW_SOURCE = {
  openRuns: [],
  claimId: null,
  untold: false,
  toldIn: null,
  lostBy: [],
} as const satisfies Partial<SourceDocument>;

/** The commit point. @returns Whether this very call made the change. */
export async function writeSource(
  { sources }: Documents,
  { id, version, set, lostBy }: SourceWrite,
): Promise<boolean> {
  if (version > 0) {
    const { matchedCount } = await sources.updateOne(
      { _id: id, version },
      { $set: set, ...(lostBy === null ? {} : { $push: { lostBy: { workerId: lostBy, toldIn: null } } }) },
    );
    return matchedCount > 0;
  }
  try {
    await sources.insertOne({ ...NEW_SOURCE, ...(set as SourceDocument), _id: id });
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** What follows a source's change, and may follow it twice. */
export async function followWrite(documents: Documents, { id, set, wakes }: SourceWrite): Promise<void> {
  await Promise.all([
    settleSource(documents, { _id: id, ...set }),
    // Only a hint: a worker that it does not reach learns all the same with its next renewal.
    wakes !== null && documents.workers.updateOne({ _id: wakes, endedAt: null }, { $inc: { position: 1 } }),
  ]);
}

async function settleSource(
  documents: Documents,
  { _id, intent }: Pick<SourceDocument, '_id' | 'intent'>,
): Promise<void> {
  if (!intent) return;
  const { version, runs } = intent;
  await Promise.all(runs.map((run) => putRun(documents, _id, version, run)));
  await documents.sources.updateOne({ _id, 'intent.version': version }, { $unset: { intent: '' } });
}

async function putRun(
  { runs }: Documents,
  sourceId: string,
  sourceVersion: number,
  { id, seq, status, run }: RunEntry,
): Promise<void> {
  const older = { _id: id, sourceVersion: { $lt: sourceVersion } };
  const update = { $set: { sourceId, sourceVersion, status, run }, $setOnInsert: { seq } };
  try {
    await runs.updateOne(older, update, { upsert: true });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    // There it is: as new as this one, or put in place by somebody else since we looked.
    await runs.updateOne(older, update);
  }
}

/**
 * Forgets runs by their place, not by what they say: one that seems to run, but is not known to its source, was
 * put back by a process that slept since.
 */
export async function pruneRuns(documents: Documents, sourceId: string, keep: number): Promise<void> {
  const { runs } = documents;
  const source = await readSettled(documents, sourceId);
  const [youngest] = await runs
    .find({ sourceId }, { projection: { seq: 1 }, hint: INDEXES.runsBySource })
    .sort({ seq: -1 })
    .skip(keep)
    .limit(1)
    .toArray();
  if (!youngest) return;
  const openIds = (source?.openRuns ?? []).map(({ id }) => id);
  await runs.deleteMany(
    { sourceId, seq: { $lte: youngest.seq }, _id: { $nin: openIds } },
    { hint: INDEXES.runsBySource },
  );
}
