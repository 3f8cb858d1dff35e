import { TributaryError } from '../errors.ts';
import type { CollectionDefinition } from '../model/collection-definition.ts';
import type { EntryState } from '../model/entry-state.ts';
import type { JournalItem } from '../model/journal.ts';
import type { ChangePage, DataRecord, FieldValues } from '../model/record.ts';
import type { Closeable } from '../scope.ts';

/**
 * Where datasource keeps its journal and what it folds from it. Each call is atomic and, once resolved, durable;
 * what is folded may fall back to an earlier state after a power failure, together with its own `sequence`.
 * Collections are told apart by `incarnation`. Times are milliseconds since 1970, UTC, and come from the caller.
 */
export interface CollectionStore extends DefinitionStore, JournalStore, FoldStore, ChangeStore, Closeable {}

// ---------------------------------------------------------------------------------------- definitions

export interface DefinitionStore {
  /** Definitions taken over so far, deleted collections left out, and the revision up to which they are complete. */
  definitions(): Promise<{
    readonly revision: number;
    readonly definitions: readonly CollectionDefinition[];
  }>;
  /**
   * Takes definitions over: journals DEFINE where one changed, SOURCE_REMOVED where a source was taken out with
   * its data, and marks collections as gone where they are deleted or followed by a new one of the same name.
   * Taking the same ones again does nothing.
   *
   * @param revision Up to which the definitions are now complete.
   */
  takeDefinitions(
    definitions: readonly CollectionDefinition[],
    revision: number,
    nowMs: number,
  ): Promise<void>;
}

// -------------------------------------------------------------------------------------------- journal

export interface RunDelivery {
  readonly incarnation: string;
  readonly sourceId: string;
  readonly runId: string;
  /** Fencing token of the source's lease. */
  readonly token: number;
}

export interface BatchDelivery extends RunDelivery {
  readonly batchId: string;
  readonly records: readonly DataRecord[];
  readonly seenKeys: readonly string[];
}

export interface RunCompletion extends RunDelivery {
  /** How many batches the run delivered. */
  readonly batches: number;
}

export interface Appended {
  readonly sequence: number;
  /** True where it was journaled before, at that sequence. */
  readonly isDuplicate: boolean;
}

export interface JournalStore {
  /**
   * @throws {StaleTokenError} The source has shown a higher token.
   * @throws {RunSupersededError} A younger run of the source has been journaled.
   * @throws {CollectionGoneError} The collection is unknown or deleted.
   */
  appendBatch(batch: BatchDelivery, nowMs: number): Promise<Appended>;
  /** @throws {BatchesMissingError} Fewer batches of the run are journaled; and as `appendBatch`. */
  appendCompletion(completion: RunCompletion, nowMs: number): Promise<Appended>;
  /** @throws {CollectionGoneError} */
  appendExpiry(incarnation: string, nowMs: number): Promise<Appended>;
  /** Items behind `after`, in order: as many as have about `recordsMax` records together, at least one if any. */
  readJournal(incarnation: string, after: number, recordsMax: number): Promise<readonly JournalItem[]>;
  /** Collections with items that are not folded yet, or that are gone and not dropped yet. */
  unfolded(): Promise<readonly string[]>;
  /**
   * Forgets at most `limit` folded items older than `before`; what they did stays.
   * @returns How many it forgot.
   */
  pruneJournal(before: number, limit: number): Promise<number>;
}

// ----------------------------------------------------------------------------------------------- fold

/** Which of a source's contributions are meant; all of them where nothing is said. */
export interface SourceFilter {
  /** Only those whose `touched` is smaller. */
  readonly touchedBefore?: number;
  /** Only those whose `oldestSeenAt` is not greater. */
  readonly seenUntil?: number;
}

/** How far a collection is folded, and what the fold itself must remember. */
export interface FoldState {
  /** All items up to this sequence are folded. */
  readonly sequence: number;
  /** How far the next item is folded, in units that its kind defines; 0 where it was not begun. */
  readonly progress: number;
  /** Undefined before the first DEFINE. */
  readonly definition: CollectionDefinition | undefined;
  /** The newest version. */
  readonly head: number;
  readonly entryCount: number;
  /** Ordinal of the next new entry. */
  readonly nextOrdinal: number;
  /** When an entry last changed. */
  readonly updatedAt: number | undefined;
  /** Whether items may hold values of fields that the definition does not have. */
  readonly hasStrays: boolean;
}

/** Rights to fold a collection: the token grows with each holder, and a lower one can write nothing. */
export interface FoldLease {
  readonly incarnation: string;
  readonly token: number;
}

export interface EntryPut {
  readonly entry: EntryState;
  /** As it is stored until now; undefined where it is new. */
  readonly stored: EntryState | undefined;
}

export interface EntryRemoval {
  readonly key: string;
  readonly version: number;
  readonly firstSeenAt: number;
  readonly removedAt: number;
  /** Undefined where it came and went within the same commit. */
  readonly stored: EntryState | undefined;
}

export interface HistoryItem {
  readonly version: number;
  readonly key: string;
  /** Null where removed. */
  readonly fields: FieldValues | null;
  readonly at: number;
}

export interface FoldCommit {
  readonly state: FoldState;
  readonly puts: readonly EntryPut[];
  readonly removals: readonly EntryRemoval[];
  readonly history: readonly HistoryItem[];
}

export interface FoldStore {
  /** @returns undefined while another holder's lease runs; the same holder's is prolonged under its token. */
  acquireFold(
    incarnation: string,
    holder: string,
    ttlMs: number,
    nowMs: number,
  ): Promise<FoldLease | undefined>;
  releaseFold(lease: FoldLease): Promise<void>;
  /** @returns undefined where the collection is gone: what is left of it is to be dropped. */
  foldState(incarnation: string): Promise<FoldState | undefined>;
  entriesByKey(incarnation: string, keys: readonly string[]): Promise<ReadonlyMap<string, EntryState>>;
  /** In the order of their ordinals, behind `ordinal`. */
  entriesBehind(incarnation: string, ordinal: number, limit: number): Promise<readonly EntryState[]>;
  /** Entries that the source contributes to, in the order of their ordinals. */
  entriesOfSource(
    incarnation: string,
    sourceId: string,
    which: SourceFilter,
    limit: number,
  ): Promise<readonly EntryState[]>;
  /** The smallest `oldestSeenAt` of the source's contributions. */
  oldestSeenAt(incarnation: string, sourceId: string): Promise<number | undefined>;
  /** All of it or nothing; readers see the new head together with all that led to it. @throws {FoldLostError} */
  commitFold(lease: FoldLease, commit: FoldCommit): Promise<void>;
  /**
   * Drops a collection that is gone, at most about `limit` rows of it.
   * @returns Whether nothing of it is left. @throws {FoldLostError}
   */
  dropChunk(lease: FoldLease, limit: number): Promise<boolean>;
}

// -------------------------------------------------------------------------------------------- reading

export interface CollectionStatus {
  readonly head: number;
  readonly entryCount: number;
  readonly updatedAt: number | undefined;
}

export interface ChangesRequest {
  /** Of the reader's version; undefined where it has none. */
  readonly incarnation: string | undefined;
  readonly version: number;
  readonly limit: number;
  /** Head of the first page of the reset that the reader is in, if it is in one. */
  readonly resetHead?: number | undefined;
}

export interface ChangeStore {
  /** Of nothing folded yet: head 0, no entries. */
  status(incarnation: string): Promise<CollectionStatus>;
  /** Changes behind a version, one for each entry, in the order of versions. See schema/datasource.graphql. */
  changesSince(incarnation: string, request: ChangesRequest): Promise<ChangePage>;
  /** Changes behind a version, every one of them, in the order of versions. */
  history(incarnation: string, version: number, limit: number): Promise<readonly HistoryItem[]>;
  /**
   * Forgets about `limit` tombstones and history items each at the most, older than the given times. Readers of
   * versions before a forgotten tombstone start anew.
   * @returns How many it forgot.
   */
  pruneChanges(
    before: { readonly tombstones: number; readonly history: number },
    limit: number,
  ): Promise<number>;
}

// --------------------------------------------------------------------------------------------- errors

/** A younger run of the source has delivered: the run can only be given up. */
export class RunSupersededError extends TributaryError {
  constructor(runId: string) {
    super('BAD_USER_INPUT', `A younger run of the source has delivered; run ${runId} can add nothing more.`);
  }
}

/** Deliver what is missing, then complete the run again. */
export class BatchesMissingError extends TributaryError {
  constructor(runId: string, journaled: number, expected: number) {
    super('BATCHES_MISSING', `Of run ${runId}, ${journaled} of ${expected} batches are journaled.`, {
      retryable: true,
    });
  }
}

/** The collection is unknown, or gone with all its data. */
export class CollectionGoneError extends TributaryError {
  constructor(incarnation: string) {
    super('NOT_FOUND', `There is no collection ${incarnation}.`);
  }
}

/** Another holder folds the collection now: forget what is in hand, and ask for the lease anew. */
export class FoldLostError extends TributaryError {
  constructor(incarnation: string) {
    super('STALE_TOKEN', `The fold of collection ${incarnation} has gone to another holder.`, {
      retryable: true,
    });
  }
}
