import { isLive, poolOf, type Source, sourceState } from '../../model/source.ts';
import type { SqlRow, SqlValue } from '../../sqlite.ts';

/** The columns of table `sources` that say a source, but for its id and `position`. */
export const SOURCE_COLUMNS = [
  'collection',
  'incarnation',
  'spec',
  'retain',
  'search',
  'pool',
  'isolation',
  'revision',
  'read_revision',
  'state',
  'is_live',
  'is_paused',
  'is_failing',
  'removed',
  'created_at',
  'updated_at',
  'next_run_at',
  'queued_run_id',
  'running_run_id',
  'last_run_id',
  'baseline_records',
  'worker_id',
  'token',
  'version',
] as const;

/** Values in the order of `SOURCE_COLUMNS`. */
export function sourceValues(source: Source): SqlValue[] {
  const { spec } = source;
  return [
    spec.collection,
    source.incarnation,
    JSON.stringify(spec),
    spec.retain,
    searchText(`${spec.name}\n${spec.url}`),
    poolOf(spec),
    spec.isolation,
    source.revision,
    source.readRevision,
    sourceState(source),
    isLive(source) ? 1 : 0,
    source.isPaused ? 1 : 0,
    source.isFailing ? 1 : 0,
    source.removed,
    source.createdAt,
    source.updatedAt,
    source.nextRunAt,
    source.queuedRunId,
    source.runningRunId,
    source.lastRunId,
    source.baselineRecords,
    source.workerId,
    source.token,
    source.version,
  ];
}

/** SQLite folds the case of ASCII only. */
export function searchText(text: string): string {
  return text.toLowerCase();
}

export function sourceOf(row: SqlRow): Source {
  return {
    spec: JSON.parse(row.spec as string),
    incarnation: row.incarnation as string,
    revision: row.revision as number,
    readRevision: row.read_revision as number,
    isPaused: row.is_paused === 1,
    isFailing: row.is_failing === 1,
    removed: row.removed as Source['removed'],
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
    nextRunAt: row.next_run_at as number | null,
    queuedRunId: row.queued_run_id as string | null,
    runningRunId: row.running_run_id as string | null,
    lastRunId: row.last_run_id as string | null,
    baselineRecords: row.baseline_records as number | null,
    workerId: row.worker_id as string | null,
    token: row.token as number,
    version: row.version as number,
  };
}
