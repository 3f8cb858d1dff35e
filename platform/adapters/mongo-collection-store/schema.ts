import { createHash } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import type { FoldState } from '../../ports/collection-store.ts';

/** The fold's state as documents keep it; the definition is beside it, where it changed. */
export interface StoredState extends Omit<FoldState, 'definition' | 'updatedAt'> {
  readonly updatedAt: number | null;
}

/** Who folds a collection, and its state up to the commit to which all is applied. */
export interface FoldDocument {
  /** Number of the collection. */
  readonly _id: number;
  readonly holder: string | null;
  readonly token: number;
  /** Until when the lease runs. */
  readonly until: number;
  /** Commits up to this one are applied to the entries. */
  readonly n: number;
  /** The token under which commit `n` was made. */
  readonly commitToken: number;
  /** As of commit `n`; null before the first. */
  readonly state: StoredState | null;
  /** JSON. */
  readonly definition: string | null;
  /** Tombstones up to this version are forgotten. */
  readonly floor: number;
  /** Commits up to this one hold what readers of the history want, and no more. */
  readonly trimmed: number;
}

/** A change of an entry as readers are told of it, or one that was superseded within its commit. */
export interface StoredChange {
  readonly v: number;
  readonly k: string;
  /** The fields as JSON, null where removed. */
  readonly f: string | null;
  /** When it came to be, for the history. */
  readonly at?: number;
  /** Of the newest change of an entry within the commit: first seen, updated, ids of its sources. */
  readonly a?: number;
  readonly b?: number;
  readonly s?: readonly string[];
}

/** A source and when it last said something (a position), or when it was last seen (a time). */
export interface SourceMark {
  readonly s: string;
  readonly t: number;
}

/** What is written of an entry; a tombstone has no ordinal, fields or contributions. */
export interface EntryBody {
  readonly k: string;
  readonly v: number;
  readonly a: number;
  readonly b: number;
  readonly o?: number;
  /** Fields and contributions: JSON, since their names may be any, and servers need not look into them. */
  readonly f?: string;
  readonly p?: string;
  /** `touched` of each contribution. */
  readonly u?: readonly SourceMark[];
  /** `oldestSeenAt` of each contribution that has one; left out where none has. */
  readonly d?: readonly SourceMark[];
  /** A tombstone. */
  readonly x?: true;
}

export interface EntryDocument extends EntryBody {
  readonly _id: string;
  readonly c: number;
  /** The commit that wrote it. */
  readonly n: number;
  /** Since when a tombstone is forgotten. */
  readonly g?: Date;
}

/** What a commit makes of an entry: the whole of it, or what an entry that was seen again has anew. */
export interface EntryImage extends Partial<Omit<EntryBody, 'k'>> {
  readonly k: string;
  /** As far as the holder knows there is no document of it. */
  readonly isNew?: true;
}

/** A commit of the fold: the log of them is the truth, the entries follow. */
export interface CommitDocument {
  readonly _id: string;
  readonly c: number;
  /** Counts the commits of the collection, from 1, without gaps. */
  readonly n: number;
  /** Random: tells whether a commit that is there is one's own. */
  readonly id: string;
  /** Of the lease that it was made under. */
  readonly token: number;
  /** The first commit of a lease, which changes nothing but who may go on. */
  readonly isFence?: true;
  /** The heads before and after it; no `to` where it did not move the head. */
  readonly from: number;
  readonly to?: number;
  /** None in a fence. */
  readonly state?: StoredState;
  /** JSON; only where it is another than before. */
  readonly definition?: string;
  /** In the order of versions. */
  readonly changes?: readonly StoredChange[];
  readonly puts?: readonly EntryImage[];
  /** How many documents beside it hold them, where they are too large for this one. */
  readonly changeParts?: number;
  readonly putParts?: number;
  /** How many items of the history it has, and when the newest of them came to be. */
  readonly items?: number;
  readonly last?: number;
  /** When it was trimmed: from here on its age counts. */
  readonly at?: Date;
}

export interface PartDocument {
  readonly _id: string;
  readonly changes?: readonly StoredChange[];
  readonly puts?: readonly EntryImage[];
  readonly at?: Date;
}

export interface FoldCollections {
  readonly folds: Collection<FoldDocument>;
  readonly commits: Collection<CommitDocument>;
  readonly parts: Collection<PartDocument>;
  readonly entries: Collection<EntryDocument>;
}

export function foldCollections(db: Db): FoldCollections {
  return {
    folds: db.collection('folds'),
    commits: db.collection('commits'),
    parts: db.collection('commit_parts'),
    entries: db.collection('entries'),
  };
}

/** 36^9 commits: more than a collection sees in a million years at a hundred a second. */
const COMMIT_DIGITS = 9;

/** In the order of their numbers, as texts are compared. */
export function commitId(collection: number, n: number): string {
  return `${collection}/${n.toString(36).padStart(COMMIT_DIGITS, '0')}`;
}

/** Of bounded length, whatever the key's; 128 bits of hash do not meet by chance. */
export function entryDocumentId(collection: number, key: string): string {
  return `${collection}/${createHash('sha256').update(key).digest().subarray(0, 16).toString('base64url')}`;
}

/** Ids of all commits, their parts, or entries of a collection: '0' comes next to '/'. */
export function idsOf(collection: number): { $gte: string; $lt: string } {
  return { $gte: `${collection}/`, $lt: `${collection}0` };
}

/** Ids of commits, and of their parts, behind one and up to another, or to the last. */
export function commitIds(
  collection: number,
  after: number,
  through?: number,
): { $gte: string; $lt: string } {
  const end = through === undefined ? idsOf(collection).$lt : commitId(collection, Math.max(0, through) + 1);
  return { $gte: commitId(collection, Math.max(0, after) + 1), $lt: end };
}

/**
 * How long writes of a holder that froze are kept from doing harm when it wakes: for as long, what they would bring
 * back stays where it stops them, a fence in the log and tombstones among the entries. No process sleeps for a day
 * between two statements and finds its connection alive.
 */
const FREEZE_MS_MAX = 86_400_000;

export const foldMigrations: readonly ((db: Db) => Promise<void>)[] = [
  async (db) => {
    const { commits, entries } = foldCollections(db);
    await commits.createIndexes([
      { key: { c: 1, to: 1 }, name: 'by_version' },
      { key: { c: 1, last: 1 }, name: 'by_age' },
    ]);
    await entries.createIndexes([
      { key: { c: 1, v: 1 }, name: 'by_version' },
      { key: { c: 1, o: 1 }, name: 'by_ordinal' },
      { key: { c: 1, 'u.s': 1, 'u.t': 1 }, name: 'by_source' },
      {
        key: { c: 1, 'd.s': 1, 'd.t': 1 },
        name: 'by_expiry',
        partialFilterExpression: { d: { $exists: true } },
      },
      { key: { c: 1, x: 1, v: 1 }, name: 'tombstones', partialFilterExpression: { x: true } },
      {
        key: { g: 1 },
        name: 'forgotten',
        partialFilterExpression: { g: { $exists: true } },
        expireAfterSeconds: FREEZE_MS_MAX / 1_000,
      },
    ]);
  },
];

/** Lets the server delete what is older than the history is kept; also where that was set otherwise before. */
export async function retainHistory(db: Db, retainMs: number): Promise<void> {
  const expireAfterSeconds = Math.ceil(Math.max(retainMs, FREEZE_MS_MAX) / 1_000);
  const { commits, parts } = foldCollections(db);
  for (const { collectionName } of [commits, parts]) {
    const indexes = await db
      .collection(collectionName)
      .indexes()
      .catch(() => []);
    const known = indexes.find(({ name }) => name === 'expiry');
    if (known?.expireAfterSeconds === expireAfterSeconds) continue;
    if (known) {
      await db.command({ collMod: collectionName, index: { name: 'expiry', expireAfterSeconds } });
    } else {
      const index = { name: 'expiry', expireAfterSeconds, sparse: true };
      await db.collection(collectionName).createIndex({ at: 1 }, index);
    }
  }
}
