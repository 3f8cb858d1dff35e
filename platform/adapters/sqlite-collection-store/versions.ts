import type { SqliteFile } from '../../sqlite.ts';

/** Superseded versions that are left lying: one in so many entries, within bounds. */
const STALE_SHARE = 16;
const STALE_MIN = 1_000;
const STALE_MAX = 50_000;
/** Superseded versions swept for each new one, while there are too many: more than one, so that they become fewer. */
const SWEEP_RATE = 2;

/**
 * Which entry has which version. Grows at its end only: the row of a superseded version is left lying where it
 * is, as readers see by the entry that it is none any more, and is swept together with its neighbours later. To
 * delete it at once would cost a page of its own for each record folded into a large collection.
 */
export class SqliteVersions {
  readonly #file: SqliteFile;
  /** By collection: superseded versions left lying, and where sweeping goes on. */
  readonly #stale = new Map<number, { count: number; sweptTo: number }>();

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  add(id: number, version: number, entry: number): void {
    this.#file.run('INSERT INTO versions VALUES (?, ?, ?)', id, version, entry);
  }

  supersede(id: number, version: number): void {
    this.#staleOf(id).count += this.#file.run('INSERT INTO stale_versions VALUES (?, ?)', id, version);
  }

  /** To be called at the end of each commit. @param added How many versions it added or superseded. */
  sweep(id: number, added: number, entryCount: number): void {
    const stale = this.#staleOf(id);
    if (stale.count <= Math.min(STALE_MAX, Math.max(STALE_MIN, entryCount / STALE_SHARE))) return;
    const limit = added * SWEEP_RATE;
    const last = this.#file
      .all<{ version: number }>(
        'SELECT version FROM stale_versions WHERE collection = ? AND version > ? ORDER BY version LIMIT ?',
        id,
        stale.sweptTo,
        limit,
      )
      .at(-1)?.version;
    if (last === undefined) {
      stale.sweptTo = 0;
      return;
    }
    this.#file.run(
      `DELETE FROM versions WHERE collection = ?1 AND version IN
         (SELECT version FROM stale_versions WHERE collection = ?1 AND version > ?2 AND version <= ?3)`,
      id,
      stale.sweptTo,
      last,
    );
    stale.count -= this.#file.run(
      'DELETE FROM stale_versions WHERE collection = ? AND version > ? AND version <= ?',
      id,
      stale.sweptTo,
      last,
    );
    stale.sweptTo = last;
  }

  /** What is counted in memory is counted anew: a commit was undone. */
  recount(id: number): void {
    this.#stale.delete(id);
  }

  #staleOf(id: number): { count: number; sweptTo: number } {
    let stale = this.#stale.get(id);
    if (!stale) {
      const counted = this.#file.get<{ count: number }>(
        'SELECT count(*) AS count FROM stale_versions WHERE collection = ?',
        id,
      );
      stale = { count: counted?.count ?? 0, sweptTo: 0 };
      this.#stale.set(id, stale);
    }
    return stale;
  }
}
