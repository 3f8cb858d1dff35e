import type { Run } from '../../model/run.ts';
import type { CollectionChange, Committed, SourceChange } from '../../ports/source-store.ts';
import type { SqliteFile } from '../../sqlite.ts';
import { nextCount, readCounter } from './counters.ts';
import { SOURCE_COLUMNS, sourceValues } from './source-rows.ts';

const INSERT_SOURCE = `INSERT INTO sources (id, ${SOURCE_COLUMNS.join(', ')}, position)
  VALUES (?, ${SOURCE_COLUMNS.map(() => '?').join(', ')}, 0)`;
const UPDATE_SOURCE = `UPDATE sources SET ${SOURCE_COLUMNS.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`;

/** One transaction: first all versions are compared, then all is written. */
export function commitChange(file: SqliteFile, change: SourceChange): Committed | undefined {
  return file.transaction(() => {
    const { source, collection } = change;
    const { id } = source.spec;
    const stored = file.get<{ version: number; worker_id: string | null }>(
      'SELECT version, worker_id FROM sources WHERE id = ?',
      id,
    );
    if ((stored?.version ?? 0) !== source.version) return undefined;
    if (collection && !isCurrent(file, collection)) return undefined;

    const version = source.version + 1;
    const values = sourceValues({ ...source, version });
    if (stored) file.run(UPDATE_SOURCE, ...values, id);
    else file.run(INSERT_SOURCE, id, ...values);
    for (const run of change.runs ?? []) putRun(file, run);
    tellWorkers(file, change, stored?.worker_id ?? null);
    return collection ? { version, definitionsRevision: putCollection(file, collection) } : { version };
  });
}

function isCurrent(file: SqliteFile, change: CollectionChange): boolean {
  const stored = file.get<{ revision: number }>(
    'SELECT revision FROM collections WHERE name = ?',
    change.name,
  );
  if ((stored?.revision ?? 0) !== change.expectedRevision) return false;
  const { expectedDefinitionsRevision } = change;
  return (
    expectedDefinitionsRevision === undefined ||
    expectedDefinitionsRevision === readCounter(file, 'definitions')
  );
}

function putCollection(file: SqliteFile, change: CollectionChange): number {
  const revision = nextCount(file, 'definitions');
  file.run(
    `INSERT INTO collections (name, incarnation, revision, is_deleted, fields, key) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, revision = excluded.revision,
       is_deleted = excluded.is_deleted, fields = excluded.fields, key = excluded.key`,
    change.name,
    change.incarnation,
    revision,
    change.isDeleted ? 1 : 0,
    JSON.stringify(change.fields),
    JSON.stringify(change.key),
  );
  if (change.isDeleted) {
    file.run(
      `UPDATE sources SET removed = 'DELETE', version = version + 1
       WHERE collection = ? AND incarnation = ? AND removed = 'KEEP'`,
      change.name,
      change.incarnation,
    );
  }
  return revision;
}

/** Runs that end come first, since at most one run of a source may be in a state of waiting or running. */
function putRun(file: SqliteFile, run: Run): void {
  file.run(
    `INSERT INTO runs (id, source_id, status, run) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, run = excluded.run`,
    run.id,
    run.sourceId,
    run.status,
    JSON.stringify(run),
  );
}

function tellWorkers(file: SqliteFile, { source, tellsWorker }: SourceChange, heldBy: string | null): void {
  const isLost = heldBy !== null && source.workerId !== heldBy;
  if (!isLost && !tellsWorker) return;
  const position = nextCount(file, 'positions');
  file.run('UPDATE sources SET position = ? WHERE id = ?', position, source.spec.id);
  if (!isLost) return;
  file.run(
    `INSERT INTO lost_leases (worker_id, source_id, position)
     SELECT id, ?, ? FROM workers WHERE id = ? AND ended_at IS NULL
     ON CONFLICT (worker_id, source_id) DO UPDATE SET position = excluded.position`,
    source.spec.id,
    position,
    heldBy,
  );
}

export function pruneRuns(file: SqliteFile, sourceId: string, keep: number): void {
  file.run(
    `DELETE FROM runs WHERE source_id = ? AND status NOT IN ('QUEUED', 'RUNNING') AND seq <=
       (SELECT seq FROM runs WHERE source_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
    sourceId,
    sourceId,
    keep,
  );
}
