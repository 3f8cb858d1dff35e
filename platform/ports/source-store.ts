import type { ObservedCluster } from '../model/cluster.ts';
import type { CollectionDefinition, CollectionField } from '../model/collection-definition.ts';
import type { PreviewReport, Run, RunStatus } from '../model/run.ts';
import type { Source, SourceState } from '../model/source.ts';
import type { Isolation, SourceSpec } from '../model/source-spec.ts';
import type { Closeable } from '../scope.ts';

/**
 * What should be: sources, the collections they make up, their runs, and which worker holds which source.
 *
 * Each method is atomic for one source, one collection or one worker; only `commit` spans documents. A store
 * without transactions over documents gets `commit` right by writing the whole change as one intent first, and
 * applying it again after a crash: everything in it is a plain state to be put in place, so that applying twice
 * is harmless. Instants are milliseconds since 1970, UTC. All methods throw `ClosedError` once it is closed.
 */
export interface SourceStore extends Closeable, SourceReads, DefinitionReads, RunReads, Leases, Previews {
  /**
   * Puts a change in place: all of it, or nothing where a version in it is not the stored one (`undefined`).
   * Read again, decide again, and try again then. After an error, all of it is in place or nothing.
   */
  commit(change: SourceChange): Promise<Committed | undefined>;
  /** Forgets the oldest runs of a source beyond the `keep` youngest. */
  pruneRuns(sourceId: string, keep: number): Promise<void>;

  /** What the orchestrator last saw; a newer report replaces it. */
  putCluster(observed: ObservedCluster): Promise<void>;
  cluster(): Promise<ObservedCluster | undefined>;
}

export interface SourceChange {
  /** As it is to be; its `version` is the one it was read with, 0 where it must not exist yet. */
  readonly source: Source;
  /** Runs to put in place, by id. */
  readonly runs?: readonly Run[];
  /** Given where the collection's definition changes with the source, be it only the source's part of it. */
  readonly collection?: CollectionChange;
  /** Whether the worker that holds the lease must learn of it. One that loses the lease always does. */
  readonly tellsWorker?: boolean;
}

export interface CollectionChange {
  readonly name: string;
  readonly incarnation: string;
  readonly fields: readonly CollectionField[];
  readonly key: readonly string[];
  /** True takes the collection away, and marks all its sources as removed with DELETE. */
  readonly isDeleted: boolean;
  /** Revision of the definition that this one replaces; 0 where there was none. */
  readonly expectedRevision: number;
  /**
   * Given where the collection takes names in the graph that must not have been taken since: the definitions
   * revision at which they were free.
   */
  readonly expectedDefinitionsRevision?: number;
}

export interface Committed {
  readonly version: number;
  /** The definitions revision, given where a collection changed. */
  readonly definitionsRevision?: number;
}

export interface PageRequest {
  readonly first: number;
  /** A cursor of the same list; `CursorInvalidError` where it is none. */
  readonly after?: string | undefined;
}

/** Items behind a place in a list; an item that comes or goes moves no other from one page to the next. */
export interface Page<T> {
  readonly items: readonly { readonly cursor: string; readonly node: T }[];
  readonly hasMore: boolean;
}

export interface SourceQuery {
  readonly collection?: string | undefined;
  /** Default: all but REMOVED. REMOVED finds those removed with KEEP. */
  readonly state?: SourceState | undefined;
  /** Part of the name or the URL, in any case. */
  readonly search?: string | undefined;
  readonly workerId?: string | undefined;
}

export interface SourceReads {
  /** Tombstones included. */
  source(id: string): Promise<Source | undefined>;
  /** Oldest first. */
  sources(query: SourceQuery, page: PageRequest): Promise<Page<Source>>;
  countSources(query: SourceQuery): Promise<number>;
  /** All that live or were removed with KEEP, oldest first. */
  sourcesOfCollection(collection: string, incarnation: string): Promise<readonly Source[]>;
}

/** A definition without its sources, which may be many. */
export type CollectionRecord = Omit<CollectionDefinition, 'sources'>;

export interface DefinitionReads {
  /** The collection of this name, be it deleted. */
  collection(name: string): Promise<CollectionRecord | undefined>;
  /** Names of the collections that are not deleted, and the revision at which they are. */
  collectionNames(): Promise<{ readonly names: readonly string[]; readonly revision: number }>;
  /**
   * Definitions changed after a revision, oldest change first. `revision` is how far they go: no definition
   * with a lower one shows up later.
   */
  definitions(
    after: number,
    first: number,
  ): Promise<{
    readonly definitions: readonly CollectionDefinition[];
    readonly revision: number;
    readonly hasMore: boolean;
  }>;
}

export interface RunQuery {
  readonly sourceId?: string | undefined;
  readonly status?: RunStatus | undefined;
}

export interface RunReads {
  run(id: string): Promise<Run | undefined>;
  /** Newest first. */
  runs(query: RunQuery, page: PageRequest): Promise<Page<Run>>;
  countRuns(query: RunQuery): Promise<number>;
}

export interface WorkerClaim {
  readonly id: string;
  readonly pool: string;
  readonly hostname: string;
  /** Sources it can hold in all. */
  readonly capacity: number;
  readonly taskId: string | null;
}

export interface WorkerRecord extends WorkerClaim {
  readonly startedAt: number;
  readonly lastSeenAt: number;
  /** Until when its lease holds. */
  readonly leaseUntil: number;
}

export interface Demand {
  readonly pool: string;
  readonly isolation: Isolation;
  readonly sourceCount: number;
}

/**
 * A worker holds its sources until its lease runs out; one renewal keeps all. A worker that ended stays ended: it
 * may neither renew nor claim, and comes back under a new id.
 *
 * What a worker must learn, its renewals tell it again and again until it has heard: each answer has a number, and a
 * renewal names the last answer that arrived.
 */
export interface Leases {
  /**
   * Gives the worker free live sources of its pool up to its capacity, those with a queued run first, then by
   * when they are due. Each gets the next higher token.
   *
   * @returns `after`: what the worker's first renewal names. It acknowledges nothing, so that an answer lost on
   *   the way is said again. undefined: the worker has ended.
   */
  claim(
    worker: WorkerClaim,
    now: number,
    leaseMs: number,
  ): Promise<{ readonly claimed: readonly Source[]; readonly after: number } | undefined>;
  /**
   * @param after The number of the last answer that arrived.
   * @returns What the worker has not heard by then, and what to name next; undefined where its lease has run out.
   */
  renew(
    workerId: string,
    after: number,
    now: number,
    leaseMs: number,
  ): Promise<
    | {
        readonly changed: readonly Source[];
        readonly lostSourceIds: readonly string[];
        readonly after: number;
      }
    | undefined
  >;
  /** Ends one worker: it keeps its sources, but they are nobody's to run until freed. */
  endWorker(workerId: string, now: number): Promise<void>;
  /**
   * Ends workers whose lease has run out, and forgets those that ended before `forgetBefore` and hold nothing.
   *
   * @returns `endedCount`: how many it ended, of which no other call tells. `holderIds`: all ended workers that still
   *   hold sources, also from before a crash.
   */
  endExpiredWorkers(
    now: number,
    forgetBefore: number,
  ): Promise<{ readonly endedCount: number; readonly holderIds: readonly string[] }>;
  /** Sources of a worker that have a run RUNNING. */
  runningSources(workerId: string): Promise<readonly Source[]>;
  /** Frees the sources of an ended worker that have no run RUNNING. @returns Their ids. */
  freeSources(workerId: string): Promise<readonly string[]>;

  /** Whether a live source of the pool waits for a claim. */
  hasUnclaimed(pool: string): Promise<boolean>;
  /** Grows with what others change and the worker must learn; 0 where there is nothing. Only a hint to renew. */
  leasePosition(workerId: string): Promise<number>;
  /** The worker, unless it has ended. */
  worker(id: string): Promise<WorkerRecord | undefined>;
  workers(): Promise<readonly WorkerRecord[]>;
  /** Live sources by pool. */
  demands(): Promise<readonly Demand[]>;
}

/** A source that is not stored, to be read once. */
export interface PreviewTask {
  readonly id: string;
  readonly spec: SourceSpec;
  /** Records to show at the most. */
  readonly first: number;
}

export interface PreviewRequest extends PreviewTask {
  readonly askedAt: number;
  /** From then on nobody waits for it, whatever became of the replica that was asked. */
  readonly expiresAt: number;
}

export interface PreviewState {
  /** Null where no worker has it. */
  readonly workerId: string | null;
  /** Null until it is answered. */
  readonly report: PreviewReport | null;
}

/**
 * Previews that somebody waits for, at one replica, while their worker may speak to another. A preview is *open*
 * until it is answered, ended or expired. It ends with the request that waits for it.
 */
export interface Previews {
  /** @returns Whether it was taken: not where `openMax` are open, of all replicas together. */
  addPreview(preview: PreviewRequest, openMax: number): Promise<boolean>;
  /** Gives the worker the open previews that nobody has taken and that were asked for first: each to one worker. */
  claimPreviews(workerId: string, first: number, now: number): Promise<readonly PreviewTask[]>;
  /** @returns Whether the answer was taken: only from the worker that has the preview, and only one. */
  reportPreview(id: string, workerId: string, report: PreviewReport, now: number): Promise<boolean>;
  /** Takes open previews back from workers that have ended. @returns Their ids. */
  freePreviews(now: number): Promise<readonly string[]>;
  preview(id: string): Promise<PreviewState | undefined>;
  /** @returns How it stood at last; undefined where there is none. */
  endPreview(id: string): Promise<PreviewState | undefined>;

  hasOpenPreviews(now: number): Promise<boolean>;
  /** Whether an open one waits that no worker has taken. */
  hasUnclaimedPreviews(now: number): Promise<boolean>;
}
