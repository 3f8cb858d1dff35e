import type { Leases, WorkerRecord } from '../../ports/source-store.ts';
import type { SqliteFile, SqlRow } from '../../sqlite.ts';
import { nextCount, readCounter } from './counters.ts';
import { sourceOf } from './source-rows.ts';

export function createLeases(file: SqliteFile): Leases {
  const heldCount = (workerId: string) =>
    file.get<{ count: number }>('SELECT count(*) AS count FROM sources WHERE worker_id = ?', workerId)
      ?.count ?? 0;

  return {
    async claim(worker, now, leaseMs) {
      return file.transaction(() => {
        const before = readCounter(file, 'positions');
        const isKept = file.run(
          `INSERT INTO workers
             (id, pool, hostname, capacity, task_id, started_at, last_seen_at, lease_until, acknowledged)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET pool = excluded.pool, hostname = excluded.hostname,
             capacity = excluded.capacity, task_id = excluded.task_id, last_seen_at = excluded.last_seen_at,
             lease_until = excluded.lease_until
           WHERE ended_at IS NULL AND lease_until > excluded.last_seen_at`,
          worker.id,
          worker.pool,
          worker.hostname,
          worker.capacity,
          worker.taskId,
          now,
          now,
          now + leaseMs,
          before,
        );
        if (isKept === 0) return undefined;
        const room = Math.max(0, worker.capacity - heldCount(worker.id));
        const claimed = room > 0 ? takeFree(file, worker.id, worker.pool, room) : [];
        const after = file.get<{ acknowledged: number }>(
          'SELECT acknowledged FROM workers WHERE id = ?',
          worker.id,
        );
        return { claimed, after: after?.acknowledged ?? before };
      });
    },

    async renew(workerId, after, now, leaseMs) {
      return file.transaction(() => {
        const isKept = file.run(
          `UPDATE workers SET last_seen_at = ?, lease_until = ?, acknowledged = max(acknowledged, ?)
           WHERE id = ? AND ended_at IS NULL AND lease_until > ?`,
          now,
          now + leaseMs,
          after,
          workerId,
          now,
        );
        if (isKept === 0) return undefined;
        file.run('DELETE FROM lost_leases WHERE worker_id = ? AND position <= ?', workerId, after);
        return {
          changed: file
            .all(
              'SELECT * FROM sources WHERE worker_id = ? AND position > ? ORDER BY position',
              workerId,
              after,
            )
            .map(sourceOf),
          lostSourceIds: file
            .all<{ source_id: string }>('SELECT source_id FROM lost_leases WHERE worker_id = ?', workerId)
            .map((row) => row.source_id),
          after: readCounter(file, 'positions'),
        };
      });
    },

    async endWorker(workerId, now) {
      file.run('UPDATE workers SET ended_at = ? WHERE id = ? AND ended_at IS NULL', now, workerId);
    },

    async endExpiredWorkers(now, forgetBefore) {
      return file.transaction(() => {
        const endedCount = file.run(
          'UPDATE workers SET ended_at = ? WHERE ended_at IS NULL AND lease_until <= ?',
          now,
          now,
        );
        file.run(
          `DELETE FROM workers WHERE ended_at < ?
             AND NOT EXISTS (SELECT 1 FROM sources WHERE worker_id = workers.id)`,
          forgetBefore,
        );
        const holders = file.all<{ id: string }>(
          `SELECT id FROM workers WHERE ended_at IS NOT NULL
             AND EXISTS (SELECT 1 FROM sources WHERE worker_id = workers.id)`,
        );
        return { endedCount, holderIds: holders.map((row) => row.id) };
      });
    },

    async runningSources(workerId) {
      return file
        .all('SELECT * FROM sources WHERE worker_id = ? AND running_run_id IS NOT NULL', workerId)
        .map(sourceOf);
    },

    async freeSources(workerId) {
      return file
        .all<{ id: string }>(
          `UPDATE sources SET worker_id = NULL, version = version + 1
           WHERE worker_id = ? AND running_run_id IS NULL
             AND EXISTS (SELECT 1 FROM workers WHERE id = ? AND ended_at IS NOT NULL)
           RETURNING id`,
          workerId,
          workerId,
        )
        .map((row) => row.id);
    },

    async hasUnclaimed(pool) {
      const row = file.get(
        'SELECT 1 FROM sources WHERE pool = ? AND worker_id IS NULL AND is_live = 1 LIMIT 1',
        pool,
      );
      return row !== undefined;
    },

    async leasePosition(workerId) {
      const row = file.get<{ position: number }>(
        `SELECT max(coalesce((SELECT max(position) FROM sources WHERE worker_id = ?), 0),
                    coalesce((SELECT max(position) FROM lost_leases WHERE worker_id = ?), 0)) AS position`,
        workerId,
        workerId,
      );
      return row?.position ?? 0;
    },

    async worker(id) {
      const row = file.get('SELECT * FROM workers WHERE id = ? AND ended_at IS NULL', id);
      return row && workerOf(row);
    },

    async workers() {
      return file
        .all('SELECT * FROM workers WHERE ended_at IS NULL ORDER BY pool, started_at, id')
        .map(workerOf);
    },

    async demands() {
      return file.all(
        `SELECT pool, isolation, count(*) AS sourceCount FROM sources
         WHERE is_live = 1 GROUP BY pool, isolation ORDER BY pool`,
      );
    },
  };
}

/** Set-based: ten thousand sources go to a worker in one statement. */
function takeFree(file: SqliteFile, workerId: string, pool: string, room: number) {
  const position = nextCount(file, 'positions');
  const rows = file.all(
    `UPDATE sources SET worker_id = ?, token = token + 1, version = version + 1, position = ?
     WHERE seq IN (
       SELECT seq FROM sources WHERE pool = ? AND worker_id IS NULL AND is_live = 1
       ORDER BY queued_run_id IS NULL, next_run_at LIMIT ?)
     RETURNING *`,
    workerId,
    position,
    pool,
    room,
  );
  file.run(
    `DELETE FROM lost_leases WHERE worker_id = ?
       AND source_id IN (SELECT id FROM sources WHERE worker_id = ?)`,
    workerId,
    workerId,
  );
  return rows.map(sourceOf);
}

function workerOf(row: SqlRow): WorkerRecord {
  return {
    id: row.id as string,
    pool: row.pool as string,
    hostname: row.hostname as string,
    capacity: row.capacity as number,
    taskId: row.task_id as string | null,
    startedAt: row.started_at as number,
    lastSeenAt: row.last_seen_at as number,
    leaseUntil: row.lease_until as number,
  };
}
