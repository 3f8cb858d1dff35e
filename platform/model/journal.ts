import type { CollectionDefinition } from './collection-definition.ts';
import type { DataRecord } from './record.ts';

/** What happened to a collection, in the one order in which the fold applies it. */
export type JournalItem = BatchItem | RunCompletedItem | SourceRemovedItem | ExpireItem | DefineItem;

interface JournalPlace {
  /** Grows with each item of the collection; not necessarily by one. */
  readonly sequence: number;
  /** Milliseconds since 1970, UTC; never less than the previous item's: the only clock of the fold. */
  readonly receivedAt: number;
}

/** Records that a run delivered together. */
export interface BatchItem extends JournalPlace, RunOfSource {
  readonly kind: 'BATCH';
  readonly records: readonly DataRecord[];
  /** Keys of records that were seen but not fit to deliver. */
  readonly seenKeys: readonly string[];
}

/** A run saw all there is: what it did not see no longer contributes. */
export interface RunCompletedItem extends JournalPlace, RunOfSource {
  readonly kind: 'RUN_COMPLETED';
}

/** What the source contributed is to be taken out. */
export interface SourceRemovedItem extends JournalPlace {
  readonly kind: 'SOURCE_REMOVED';
  readonly sourceId: string;
}

/** Contributions retained for a duration have fallen due, by the item's own `receivedAt`. */
export interface ExpireItem extends JournalPlace {
  readonly kind: 'EXPIRE';
}

/** From here on the collection is folded by this definition. */
export interface DefineItem extends JournalPlace {
  readonly kind: 'DEFINE';
  readonly definition: CollectionDefinition;
}

interface RunOfSource {
  readonly sourceId: string;
  readonly runId: string;
  /** Sequence of the run's first item: orders the runs of a source, which never interleave. */
  readonly run: number;
}

/** Records and seen keys of one batch at the most: their places in the batch are part of their positions. */
export const BATCH_PLACES_MAX = 4_096;

/**
 * Where a record stands among all that were ever journaled: one number that orders records, batches and runs.
 * Exact up to a sequence of 2^41.
 */
export function positionOf(sequence: number, place = 0): number {
  return sequence * BATCH_PLACES_MAX + place;
}
