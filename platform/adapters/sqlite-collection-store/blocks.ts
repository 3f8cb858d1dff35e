import type { Contribution } from '../../model/entry-state.ts';
import type { SqliteFile } from '../../sqlite.ts';

/**
 * Entries of consecutive ordinals that are summed up together. Fewer make more rows to go through when a run is
 * complete, more make more entries to read for each one that vanished.
 */
export const BLOCK_ENTRIES = 64;

interface BlockRow {
  /** How many of the block's entries the source contributes to. */
  total: number;
  /** The newest run that touched one of them, and how many of them it touched. */
  run: number;
  touched: number;
  /** The smallest `oldestSeenAt` among them. */
  oldest_seen_at: number | null;
}

/** How a contribution went over from one commit to the next. */
interface Passage {
  readonly before: Contribution | undefined;
  readonly after: Contribution | undefined;
}

/**
 * Finds the contributions of a source that a complete run did not touch, or that fall due, without an index row
 * for each of them: such rows would have to be moved at every touch, each on a page of its own where a
 * collection is large. A sum for each block of entries is a hundredth of that, and stays in memory.
 */
export class SqliteBlocks {
  readonly #file: SqliteFile;
  readonly #passages = new Map<string, { source: number; block: number; passages: Passage[] }>();

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  note(
    source: number,
    ordinal: number,
    before: Contribution | undefined,
    after: Contribution | undefined,
  ): void {
    if (before?.touched === after?.touched && before?.oldestSeenAt === after?.oldestSeenAt) return;
    const block = Math.floor(ordinal / BLOCK_ENTRIES);
    const name = `${source}/${block}`;
    const noted = this.#passages.get(name);
    if (noted) noted.passages.push({ before, after });
    else this.#passages.set(name, { source, block, passages: [{ before, after }] });
  }

  /** Writes what was noted. @param oldestOf The smallest `oldestSeenAt` in a block, read from its entries. */
  flush(id: number, oldestOf: (source: number, block: number) => number | undefined): void {
    for (const { source, block, passages } of this.#passages.values()) {
      const row = this.#row(id, source, block);
      let isOldestGone = false;
      for (const passage of passages) isOldestGone = pass(row, passage) || isOldestGone;
      if (row.total === 0) {
        this.#file.run(
          'DELETE FROM blocks WHERE collection = ? AND source = ? AND block = ?',
          id,
          source,
          block,
        );
        continue;
      }
      if (isOldestGone) row.oldest_seen_at = oldestOf(source, block) ?? null;
      this.#file.run(
        'INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)',
        id,
        source,
        block,
        row.total,
        row.run,
        row.touched,
        row.oldest_seen_at,
      );
    }
    this.#passages.clear();
  }

  discard(): void {
    this.#passages.clear();
  }

  /** Blocks in their order: all of the source, those not all touched since a run began, or those with one as old. */
  find(
    id: number,
    source: number,
    { touchedBefore, seenUntil }: { readonly touchedBefore?: number; readonly seenUntil?: number },
    limit: number,
  ): number[] {
    const rows =
      touchedBefore !== undefined
        ? this.#file.all<{ block: number }>(
            `SELECT block FROM blocks WHERE collection = ? AND source = ? AND (run < ? OR touched < total)
               ORDER BY block LIMIT ?`,
            id,
            source,
            touchedBefore,
            limit,
          )
        : this.#file.all<{ block: number }>(
            `SELECT block FROM blocks WHERE collection = ?1 AND source = ?2 AND (?3 IS NULL OR oldest_seen_at <= ?3)
               ORDER BY block LIMIT ?4`,
            id,
            source,
            seenUntil ?? null,
            limit,
          );
    return rows.map(({ block }) => block);
  }

  oldestSeenAt(id: number, source: number): number | undefined {
    return this.#file.get<{ oldest_seen_at: number }>(
      `SELECT oldest_seen_at FROM blocks WHERE collection = ? AND source = ? AND oldest_seen_at IS NOT NULL
         ORDER BY oldest_seen_at LIMIT 1`,
      id,
      source,
    )?.oldest_seen_at;
  }

  #row(id: number, source: number, block: number): BlockRow {
    return (
      this.#file.get<BlockRow>(
        'SELECT * FROM blocks WHERE collection = ? AND source = ? AND block = ?',
        id,
        source,
        block,
      ) ?? { total: 0, run: 0, touched: 0, oldest_seen_at: null }
    );
  }
}

/** @returns Whether the block's oldest has gone, so that the next one is to be found among its entries. */
function pass(row: BlockRow, { before, after }: Passage): boolean {
  if (before) {
    row.total -= 1;
    if (before.touched === row.run) row.touched -= 1;
  }
  if (after) {
    row.total += 1;
    if (after.touched > row.run) {
      row.run = after.touched;
      row.touched = 0;
    }
    if (after.touched === row.run) row.touched += 1;
  }
  const isGone = before?.oldestSeenAt !== undefined && before.oldestSeenAt === row.oldest_seen_at;
  const oldest = after?.oldestSeenAt;
  if (oldest !== undefined && (row.oldest_seen_at === null || oldest < row.oldest_seen_at)) {
    row.oldest_seen_at = oldest;
  }
  return isGone;
}
