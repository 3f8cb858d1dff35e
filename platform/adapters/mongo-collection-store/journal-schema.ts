import type { Collection, Db } from 'mongodb';
import type { CollectionDefinition } from '../../model/collection-definition.ts';

/**
 * What an item says beside its place. `LEASE` and `GONE` are for those who append, not for the fold: a token that
 * came with a delivery that journaled nothing, and the end of the collection.
 */
export type ItemBody =
  | {
      readonly kind: 'BATCH';
      readonly sourceId: string;
      readonly runId: string;
      readonly run: number;
      readonly token: number;
      /** `runKey`, where it is the first item of its run. */
      readonly begins?: string | undefined;
      /** Records and seen keys. */
      readonly n: number;
      /** Both as JSON: a document would refuse some names of fields, and deep values. */
      readonly payload: string;
    }
  | {
      readonly kind: 'RUN_COMPLETED';
      readonly sourceId: string;
      readonly runId: string;
      readonly run: number;
      readonly token: number;
      readonly begins?: string | undefined;
    }
  | { readonly kind: 'LEASE'; readonly sourceId: string; readonly token: number }
  | { readonly kind: 'DEFINE'; readonly definition: CollectionDefinition }
  | { readonly kind: 'SOURCE_REMOVED'; readonly sourceId: string }
  | { readonly kind: 'EXPIRE' }
  | { readonly kind: 'GONE' };

interface ItemPlace {
  /** `itemKey`. The order of the journal hangs on it: whoever comes second with a sequence is refused. */
  readonly _id: string;
  /** Names what must be journaled once only: see `itemNames`. */
  readonly name?: string | undefined;
  /** Number of the collection. */
  readonly c: number;
  /** Sequence: counts within the collection, from 1, without gaps. */
  readonly s: number;
  /** When it was received; never less than the item's before. */
  readonly at: number;
  /** The process that wrote it: tells a write of our own, sent twice, from another's. */
  readonly writer: string;
}

export type JournalDocument = ItemPlace & ItemBody;

/** An item without its records: all that those who append must know of it. */
export type ItemHead = HeadOf<JournalDocument>;
type HeadOf<T> = T extends JournalDocument ? Omit<T, 'payload'> : never;

/** Kinds that the fold is not told of. */
export const UNTOLD: ReadonlySet<ItemBody['kind']> = new Set<ItemBody['kind']>(['LEASE', 'GONE']);

/** Digits of the largest sequence, 2^41: with as many, texts sort as their numbers do. */
const SEQUENCE_DIGITS = 13;

export function itemKey(c: number, s: number): string {
  return `${c}/${`${s}`.padStart(SEQUENCE_DIGITS, '0')}`;
}

/** Of items behind `after`, up to `last`. */
export function itemRange(
  c: number,
  after: number,
  last: number,
): { readonly $gt: string; readonly $lte: string } {
  return { $gt: itemKey(c, after), $lte: itemKey(c, last) };
}

export const itemNames = {
  batch: (batchId: string) => `batch:${batchId}`,
  completion: (run: string) => `completed:${run}`,
};

/** Of a run, whatever characters its ids have. */
export function runKey(c: number, sourceId: string, runId: string): string {
  return JSON.stringify([c, sourceId, runId]);
}

export interface RunDeliveries {
  readonly id: string;
  /** Sequence of its first item. */
  readonly first: number;
  readonly batches: number;
  /** Sequence of its completion. */
  readonly completed?: number | undefined;
}

/** What the journal says of a source as of item `s`. */
export interface SourceDeliveries {
  readonly s: number;
  /** The highest that it has shown. */
  readonly token: number;
  /** The newest; none where nothing was delivered. */
  readonly run?: RunDeliveries | undefined;
}

export interface SourceDocument extends SourceDeliveries {
  /** `<number>/<source id>` */
  readonly _id: string;
  readonly c: number;
  readonly sourceId: string;
}

/** What the journal says of the collection as of item `s`, up to which its sources are stored, too. */
export interface MarkDocument {
  /** The number. */
  readonly _id: string;
  readonly c: number;
  readonly s: number;
  readonly at: number;
  readonly definition?: CollectionDefinition | undefined;
  /** Sources that the definition took out, and whose removal is not journaled yet. */
  readonly leaving: readonly string[];
  readonly isGone: boolean;
  /** Items up to this sequence are forgotten, or about to be. */
  readonly pruned?: number;
}

export interface JournalCollections {
  readonly items: Collection<JournalDocument>;
  readonly sources: Collection<SourceDocument>;
  readonly marks: Collection<MarkDocument>;
}

export function journalCollections(db: Db): JournalCollections {
  return {
    items: db.collection('journal'),
    sources: db.collection('deliveries'),
    marks: db.collection('journal_marks'),
  };
}

/**
 * Steps of the schema. The journal has no index by which the server would delete what is old: it knows nothing of
 * what is folded, and would take items that are not.
 */
export const journalMigrations: readonly ((db: Db) => Promise<void>)[] = [
  async (db) => {
    const { items, sources } = journalCollections(db);
    await items.createIndex({ name: 1 }, { unique: true, sparse: true });
    await items.createIndex({ begins: 1 }, { sparse: true });
    await sources.createIndex({ c: 1 });
    const catalogue = db.collection('collections');
    await catalogue.createIndex({ number: 1 }, { unique: true });
    await catalogue.createIndex({ name: 1 });
  },
];
