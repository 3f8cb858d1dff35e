import type { RunDelivery } from '../../ports/collection-store.ts';
import type { SqliteFile } from '../../sqlite.ts';

interface RunRow {
  readonly first_sequence: number;
  readonly batches: number;
  readonly completed_sequence: number | null;
}

/** What the journal's file knows of sources: the highest token each has shown, and its runs. */
export class SqliteRuns {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** @returns False where the source has shown a higher token. */
  show(id: number, sourceId: string, token: number): boolean {
    const known = this.#file.get<{ token: number }>(
      'SELECT token FROM sources WHERE collection = ? AND source_id = ?',
      id,
      sourceId,
    );
    if (known && known.token > token) return false;
    if (known?.token === token) return true;
    this.#file.run(
      `INSERT INTO sources (collection, source_id, token) VALUES (?, ?, ?)
         ON CONFLICT (collection, source_id) DO UPDATE SET token = excluded.token`,
      id,
      sourceId,
      token,
    );
    return true;
  }

  get(id: number, { sourceId, runId }: RunDelivery): RunRow | undefined {
    return this.#file.get<RunRow>(
      'SELECT * FROM runs WHERE collection = ? AND source_id = ? AND run_id = ?',
      id,
      sourceId,
      runId,
    );
  }

  isNewest(id: number, { sourceId, runId }: RunDelivery): boolean {
    const source = this.#file.get<{ run_id: string | null }>(
      'SELECT run_id FROM sources WHERE collection = ? AND source_id = ?',
      id,
      sourceId,
    );
    return source?.run_id === runId;
  }

  put(
    id: number,
    { sourceId, runId }: RunDelivery,
    firstSequence: number,
    batches: number,
    completedSequence: number | null,
  ): void {
    this.#file.run(
      `INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (collection, source_id, run_id) DO UPDATE
         SET batches = excluded.batches, completed_sequence = excluded.completed_sequence`,
      id,
      sourceId,
      runId,
      firstSequence,
      batches,
      completedSequence,
    );
    this.#file.run(
      'UPDATE sources SET run_id = ? WHERE collection = ? AND source_id = ? AND run_id IS NOT ?',
      runId,
      id,
      sourceId,
      runId,
    );
  }

  /** The newest run of a source is never forgotten: it tells older ones that they are. */
  prune(throughSequence: number): void {
    this.#file.run(
      `DELETE FROM runs WHERE first_sequence <= ? AND NOT EXISTS (SELECT 1 FROM sources WHERE
         sources.collection = runs.collection AND sources.source_id = runs.source_id AND sources.run_id = runs.run_id)`,
      throughSequence,
    );
  }

  forget(id: number): void {
    this.#file.run('DELETE FROM runs WHERE collection = ?', id);
    this.#file.run('DELETE FROM sources WHERE collection = ?', id);
  }
}
