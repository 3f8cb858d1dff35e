import type { PreviewReport } from '../../model/run.ts';
import type { SourceSpec } from '../../model/source-spec.ts';
import type { PreviewState, Previews } from '../../ports/source-store.ts';
import type { SqliteFile } from '../../sqlite.ts';

/**
 * No part of the file: one process holds it, so nobody waits for a preview any more when it is opened anew.
 * A temporary table is empty then, and spares its writes the way to the disk.
 */
const SCHEMA = `
  CREATE TEMP TABLE previews (
    id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    first INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    worker_id TEXT,
    report TEXT
  );
`;

const IS_OPEN = 'report IS NULL AND expires_at > ?';

interface StateRow {
  readonly worker_id: string | null;
  readonly report: string | null;
}

export function createPreviews(file: SqliteFile): Previews {
  file.script(SCHEMA);

  return {
    async addPreview({ id, spec, first, askedAt, expiresAt }, openMax) {
      return file.transaction(() => {
        file.run('DELETE FROM previews WHERE expires_at <= ?', askedAt);
        const isAdded = file.run(
          `INSERT INTO previews (id, spec, first, asked_at, expires_at)
           SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM previews WHERE report IS NULL) < ?`,
          id,
          JSON.stringify(spec),
          first,
          askedAt,
          expiresAt,
          openMax,
        );
        return isAdded > 0;
      });
    },

    async claimPreviews(workerId, first, now) {
      return file.transaction(() => {
        const rows = file.all<{ id: string; spec: string; first: number }>(
          `SELECT id, spec, first FROM previews WHERE worker_id IS NULL AND ${IS_OPEN} ORDER BY asked_at LIMIT ?`,
          now,
          first,
        );
        for (const { id } of rows) file.run('UPDATE previews SET worker_id = ? WHERE id = ?', workerId, id);
        return rows.map((row) => ({ ...row, spec: JSON.parse(row.spec) as SourceSpec }));
      });
    },

    async reportPreview(id, workerId, report, now) {
      const isTaken = file.run(
        `UPDATE previews SET report = ? WHERE id = ? AND worker_id = ? AND ${IS_OPEN}`,
        JSON.stringify(report),
        id,
        workerId,
        now,
      );
      return isTaken > 0;
    },

    async freePreviews(now) {
      return file
        .all<{ id: string }>(
          `UPDATE previews SET worker_id = NULL
           WHERE ${IS_OPEN} AND worker_id IN (SELECT id FROM workers WHERE ended_at IS NOT NULL)
           RETURNING id`,
          now,
        )
        .map((row) => row.id);
    },

    async preview(id) {
      return stateOf(file.get('SELECT worker_id, report FROM previews WHERE id = ?', id));
    },

    async endPreview(id) {
      return stateOf(file.get('DELETE FROM previews WHERE id = ? RETURNING worker_id, report', id));
    },

    async hasOpenPreviews(now) {
      return file.get(`SELECT 1 FROM previews WHERE ${IS_OPEN} LIMIT 1`, now) !== undefined;
    },

    async hasUnclaimedPreviews(now) {
      const row = file.get(`SELECT 1 FROM previews WHERE worker_id IS NULL AND ${IS_OPEN} LIMIT 1`, now);
      return row !== undefined;
    },
  };
}

function stateOf(row: StateRow | undefined): PreviewState | undefined {
  if (!row) return undefined;
  const report = row.report === null ? null : (JSON.parse(row.report) as PreviewReport);
  return { workerId: row.worker_id, report };
}
