import type { Run } from '../../platform/model/run.ts';
import type { Source } from '../../platform/model/source.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { CollectionChange, SourceChange, WorkerClaim } from '../../platform/ports/source-store.ts';

/** 2026-01-01T00:00:00Z, in milliseconds. */
export const NOW = Date.UTC(2026, 0, 1);

export function aSpec(id: string, given: Partial<SourceSpec> = {}): SourceSpec {
  return {
    id,
    name: `Source ${id}`,
    collection: 'books',
    url: `https://example.com/${id}`,
    format: 'HTML',
    render: 'HTTP',
    schedule: { every: 'PT5M' },
    records: '.book',
    fields: [
      { name: 'title', select: 'h2', type: 'STRING', list: false, merge: 'LATEST', required: false },
      { name: 'url', select: 'a@href', type: 'URL', list: false, merge: 'LATEST', required: false },
    ],
    key: ['url'],
    retain: 'LATEST_RUN',
    isolation: 'SHARED',
    ...given,
  };
}

/** A source that was never stored; free, and due at `NOW`. */
export function aSource(id: string, given: Partial<Source> = {}, spec: Partial<SourceSpec> = {}): Source {
  return {
    spec: aSpec(id, spec),
    incarnation: 'books-1',
    revision: 1,
    readRevision: 1,
    isPaused: false,
    isFailing: false,
    removed: null,
    createdAt: NOW,
    updatedAt: NOW,
    nextRunAt: NOW,
    queuedRunId: null,
    runningRunId: null,
    lastRunId: null,
    baselineRecords: null,
    workerId: null,
    token: 0,
    version: 0,
    ...given,
  };
}

export function aRun(id: string, sourceId: string, given: Partial<Run> = {}): Run {
  return {
    id,
    sourceId,
    trigger: 'SCHEDULE',
    revision: 1,
    status: 'QUEUED',
    queuedAt: NOW,
    startedAt: null,
    finishedAt: null,
    pages: 0,
    bytes: 0,
    records: 0,
    quarantined: 0,
    quarantinedRecords: [],
    misses: [],
    error: null,
    ...given,
  };
}

export function aCollection(given: Partial<CollectionChange> = {}): CollectionChange {
  return {
    name: 'books',
    incarnation: 'books-1',
    fields: [{ name: 'url', type: 'URL', list: false, merge: 'LATEST' }],
    key: ['url'],
    isDeleted: false,
    expectedRevision: 0,
    ...given,
  };
}

/** A new source, alone in its collection of the same name. */
export function aChange(source: Source): SourceChange {
  const { collection } = source.spec;
  return { source, collection: aCollection({ name: collection, incarnation: source.incarnation }) };
}

export function aWorker(id: string, given: Partial<WorkerClaim> = {}): WorkerClaim {
  return { id, pool: 'shared', hostname: 'host-1', capacity: 10, taskId: null, ...given };
}
