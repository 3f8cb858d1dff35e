import type { Collection, Db } from 'mongodb';
import type { Run, RunStatus } from '../../model/run.ts';
import { isLive, poolOf, type Source, sourceState } from '../../model/source.ts';

/** What is said of a source, as fields that queries can find it by. Specs are JSON: BSON has no lone surrogates. */
export type SourceFields = Omit<Source, 'spec'> & {
  readonly spec: string;
  readonly collection: string;
  readonly retain: string;
  readonly search: string;
  readonly pool: string;
  readonly isolation: string;
  readonly state: string;
  readonly isLive: boolean;
  readonly isQueued: boolean;
};

export interface SourceDocument extends SourceFields {
  readonly _id: string;
  /** Place in the lists. */
  readonly seq: number;
  /** The commit that wrote it last: tells our own write from another's where its answer was lost. */
  readonly commitId: string;
  /** The last change of a definition that was made with this source: tells which intents were carried out. */
  readonly definitionsRevision?: number;
  /** The runs that wait or run. What is open in `runs` and not here was put back by a process that slept. */
  readonly openRuns: readonly { readonly id: string; readonly status: RunStatus }[];
  /** Runs that its last commit puts in place, until they are. */
  readonly intent?: RunsIntent;
  readonly claimId: string | null;
  /** Whether its worker has yet to hear of it, and the answer that told it last. */
  readonly untold: boolean;
  readonly toldIn: number | null;
  /** Workers that go on and have yet to hear that it was taken from them. */
  readonly lostBy: readonly { readonly workerId: string; readonly toldIn: number | null }[];
}

export interface RunsIntent {
  /** The source's version that it came with. */
  readonly version: number;
  readonly runs: readonly RunEntry[];
}

export interface RunEntry {
  readonly id: string;
  /** Place in the lists, where the run is new. */
  readonly seq: number;
  readonly status: RunStatus;
  /** As JSON. */
  readonly run: string;
}

export interface RunDocument extends Omit<RunEntry, 'id'> {
  readonly _id: string;
  readonly sourceId: string;
  /** The source's version that wrote it. */
  readonly sourceVersion: number;
}

/** A change of a source that can be put in place more than once. */
export interface SourceWrite {
  readonly id: string;
  /** The version that it replaces; 0 where the source is new. */
  readonly version: number;
  readonly set: SourceFields & Partial<SourceDocument>;
  /** The worker that loses the lease and must hear of it. */
  readonly lostBy: string | null;
  /** The worker to be told. */
  readonly wakes: string | null;
}

export interface DefinitionDocument {
  /** The collection's name. */
  readonly _id: string;
  readonly incarnation: string;
  readonly revision: number;
  readonly isDeleted: boolean;
  /** As JSON. */
  readonly fields: string;
  readonly key: readonly string[];
}

/** A change of a definition, of which there is one at a time. */
export interface DefinitionIntent {
  readonly write: SourceWrite;
  readonly definition: DefinitionDocument;
}

export interface WorkerDocument {
  readonly _id: string;
  readonly pool: string;
  readonly hostname: string;
  readonly capacity: number;
  readonly taskId: string | null;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly leaseUntil: number;
  readonly endedAt: number | null;
  /** Numbers the answers to its renewals. */
  readonly answers: number;
  /** Counts what there was to tell it. */
  readonly position: number;
}

/** The documents of which there is one. */
export interface Singletons {
  readonly definitions: {
    readonly _id: 'definitions';
    readonly revision: number;
    readonly intent?: DefinitionIntent;
  };
  readonly cluster: { readonly _id: 'cluster'; readonly observed: string };
  readonly counter: { readonly _id: 'sources' | 'runs'; readonly value: number };
}

export interface Documents {
  readonly sources: Collection<SourceDocument>;
  readonly runs: Collection<RunDocument>;
  readonly workers: Collection<WorkerDocument>;
  readonly definitions: Collection<DefinitionDocument>;
  readonly definitionsState: Collection<Singletons['definitions']>;
  readonly cluster: Collection<Singletons['cluster']>;
  readonly counters: Collection<Singletons['counter']>;
}

const SINGLETONS = 'configuration';

export function documentsOf(db: Db): Documents {
  return {
    sources: db.collection('sources'),
    runs: db.collection('runs'),
    workers: db.collection('workers'),
    definitions: db.collection('definitions'),
    definitionsState: db.collection(SINGLETONS),
    cluster: db.collection(SINGLETONS),
    counters: db.collection(SINGLETONS),
  };
}

export function sourceFields({ spec, ...source }: Source): SourceFields {
  return {
    ...source,
    spec: JSON.stringify(spec),
    collection: spec.collection,
    retain: spec.retain,
    search: searchText(`${spec.name}\n${spec.url}`),
    pool: poolOf(spec),
    isolation: spec.isolation,
    state: sourceState(source),
    isLive: isLive(source),
    isQueued: source.queuedRunId !== null,
  };
}

export function searchText(text: string): string {
  return text.toLowerCase();
}

export function sourceOf(document: SourceFields): Source {
  return {
    spec: JSON.parse(document.spec),
    incarnation: document.incarnation,
    revision: document.revision,
    readRevision: document.readRevision,
    isPaused: document.isPaused,
    isFailing: document.isFailing,
    removed: document.removed,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    nextRunAt: document.nextRunAt,
    queuedRunId: document.queuedRunId,
    runningRunId: document.runningRunId,
    lastRunId: document.lastRunId,
    baselineRecords: document.baselineRecords,
    workerId: document.workerId,
    token: document.token,
    version: document.version,
  };
}

export function runOf(document: Pick<RunDocument, 'run'>): Run {
  return JSON.parse(document.run);
}

/** Takes the next numbers, the first of which it gives. Some are lost with those who took them. */
export async function takeNumbers(
  { counters }: Documents,
  of: Singletons['counter']['_id'],
  count: number,
): Promise<number> {
  const counter = await counters.findOneAndUpdate(
    { _id: of },
    { $inc: { value: count } },
    { upsert: true, returnDocument: 'after' },
  );
  return (counter?.value ?? count) - count + 1;
}
