import { ConfigError } from '../../errors.ts';
import type { SqliteFile } from '../../sqlite.ts';

/**
 * One script for each version of the file, oldest first. A script that was released is never changed: what a
 * later version needs is appended.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
  INSERT INTO counters VALUES ('definitions', 0), ('positions', 0);

  CREATE TABLE collections (
    name TEXT PRIMARY KEY,
    incarnation TEXT NOT NULL,
    revision INTEGER NOT NULL UNIQUE,
    is_deleted INTEGER NOT NULL,
    fields TEXT NOT NULL,
    key TEXT NOT NULL
  );

  CREATE TABLE sources (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    collection TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    spec TEXT NOT NULL,
    retain TEXT NOT NULL,
    search TEXT NOT NULL,
    pool TEXT NOT NULL,
    isolation TEXT NOT NULL,
    revision INTEGER NOT NULL,
    read_revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    is_live INTEGER NOT NULL,
    is_paused INTEGER NOT NULL,
    is_failing INTEGER NOT NULL,
    removed TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    next_run_at INTEGER,
    queued_run_id TEXT,
    running_run_id TEXT,
    last_run_id TEXT,
    baseline_records INTEGER,
    worker_id TEXT,
    token INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- Position of the last change that its worker must learn.
    position INTEGER NOT NULL
  );
  CREATE INDEX sources_by_collection ON sources (collection, incarnation, seq);
  CREATE INDEX sources_living ON sources (seq) WHERE removed IS NULL;
  CREATE INDEX sources_by_state ON sources (state, seq);
  CREATE INDEX sources_by_worker ON sources (worker_id, position);
  CREATE INDEX sources_by_pool ON sources (is_live, pool, isolation);
  CREATE INDEX sources_free ON sources (pool, next_run_at) WHERE worker_id IS NULL AND is_live = 1;

  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    source_id TEXT NOT NULL,
    status TEXT NOT NULL,
    run TEXT NOT NULL
  );
  CREATE INDEX runs_by_source ON runs (source_id, seq);
  CREATE INDEX runs_by_status ON runs (status, seq);
  CREATE UNIQUE INDEX runs_running ON runs (source_id) WHERE status = 'RUNNING';
  CREATE UNIQUE INDEX runs_queued ON runs (source_id) WHERE status = 'QUEUED';

  CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    pool TEXT NOT NULL,
    hostname TEXT NOT NULL,
    capacity INTEGER NOT NULL,
    task_id TEXT,
    started_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    -- The position up to which the worker has said that it knows all.
    acknowledged INTEGER NOT NULL,
    ended_at INTEGER
  );
  -- Sources that were taken from a worker which goes on, until it knows.
  CREATE TABLE lost_leases (
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (worker_id, source_id)
  ) WITHOUT ROWID;

  CREATE TABLE cluster (id INTEGER PRIMARY KEY CHECK (id = 1), observed TEXT NOT NULL);
  `,
];

/** Brings the file to the newest version. @throws {ConfigError} It was written by a newer version than this. */
export function migrate(file: SqliteFile, path: string): void {
  const version = file.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  if (version > MIGRATIONS.length) {
    throw new ConfigError([
      `${path} was written by a newer version of Tributary (schema ${version}, this one knows ${MIGRATIONS.length}): start that version.`,
    ]);
  }
  for (const [index, script] of MIGRATIONS.entries()) {
    if (index < version) continue;
    file.transaction(() => {
      file.script(script);
      file.script(`PRAGMA user_version = ${index + 1}`);
    });
  }
}
