import { type FoldLease, FoldLostError } from '../../ports/collection-store.ts';
import type { SqliteFile } from '../../sqlite.ts';

interface LeaseRow {
  readonly fold_holder: string | null;
  readonly fold_token: number;
  readonly fold_until: number;
}

/** Who may fold a collection. Kept beside the fold's state, so that a commit and its check are one. */
export class SqliteFoldLeases {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
    // The file has one process, and no fold outlives it.
    file.run('UPDATE collections SET fold_holder = NULL, fold_until = 0 WHERE fold_holder IS NOT NULL');
  }

  acquire(
    id: number,
    incarnation: string,
    holder: string,
    ttlMs: number,
    nowMs: number,
  ): FoldLease | undefined {
    return this.#file.transaction(() => {
      this.#file.run('INSERT INTO collections (id) VALUES (?) ON CONFLICT DO NOTHING', id);
      const row = this.#row(id);
      const isHeld = row?.fold_holder != null && row.fold_until > nowMs;
      if (isHeld && row.fold_holder !== holder) return undefined;
      const token = (row?.fold_token ?? 0) + (isHeld ? 0 : 1);
      this.#file.run(
        'UPDATE collections SET fold_holder = ?, fold_token = ?, fold_until = ? WHERE id = ?',
        holder,
        token,
        nowMs + ttlMs,
        id,
      );
      return { incarnation, token };
    });
  }

  release(id: number, { token }: FoldLease): void {
    this.#file.run(
      'UPDATE collections SET fold_holder = NULL, fold_until = 0 WHERE id = ? AND fold_token = ?',
      id,
      token,
    );
  }

  /** @throws {FoldLostError} */
  assertHeld(id: number, { incarnation, token }: FoldLease): void {
    if (this.#row(id)?.fold_token !== token) throw new FoldLostError(incarnation);
  }

  #row(id: number): LeaseRow | undefined {
    return this.#file.get<LeaseRow>(
      'SELECT fold_holder, fold_token, fold_until FROM collections WHERE id = ?',
      id,
    );
  }
}
