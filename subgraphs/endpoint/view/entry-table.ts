import type { EntryChange } from '../../../platform/model/record.ts';
import type { SqliteFile, SqlRow, SqlValue } from '../../../platform/sqlite.ts';
import { type Layout, type LayoutPlan, searchColumn } from './layout.ts';
import { createRowCodec, type RowCodec, type ViewEntry } from './row-codec.ts';
import { SortIndexes } from './sort-indexes.ts';
import { addColumn, createTables, dropColumn, dropTables, tableNames } from './table-schema.ts';
import { storableText } from './values.ts';

/** A piece of SQL with the values that are bound in it. */
export interface SqlFragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export interface Selection {
  readonly where: SqlFragment;
  /** What stands behind ORDER BY. */
  readonly orderBy: string;
  readonly limit: number;
}

/** Of a changed entry: what it is now, or null where it is gone. */
export interface VersionedEntry {
  readonly id: string;
  readonly version: number;
  readonly entry: ViewEntry | null;
}

export interface Alteration {
  /** Whether the table is gone meanwhile. */
  readonly isCancelled: () => boolean;
  /** Writes down the new layout, within the transaction that makes it the table's. */
  readonly record: (layout: Layout) => void;
}

/** Below this many entries a scan is as quick as an index, and cheaper to keep. */
const INDEX_FROM_ENTRIES = 2_000;
/** Entries rewritten in one go when the layout changes; requests are answered in between. */
const REWRITE_ENTRIES = 1_000;

/** The entries of one collection in SQL: a table with a column per field, and one of what was removed. */
export class EntryTable {
  readonly #file: SqliteFile;
  readonly number: number;
  readonly #entries: string;
  readonly #removed: string;
  readonly #indexes: SortIndexes;
  #layout: Layout;
  #codec: RowCodec;
  #sql: Record<'select' | 'upsert', string>;
  #removedCount: number;

  constructor(file: SqliteFile, number: number, layout: Layout) {
    this.#file = file;
    this.number = number;
    const names = tableNames(number);
    this.#entries = names.entries;
    this.#removed = names.removed;
    this.#layout = layout;
    this.#codec = createRowCodec(layout);
    this.#sql = this.#statements();
    this.#indexes = new SortIndexes(file, this.#entries);
    this.#removedCount =
      file.get<{ count: number }>(`SELECT COUNT(*) AS count FROM ${this.#removed}`)?.count ?? 0;
  }

  /** Makes the tables anew, whatever stood under their number. */
  static create(file: SqliteFile, number: number, layout: Layout): EntryTable {
    createTables(file, number, layout);
    return new EntryTable(file, number, layout);
  }

  drop(): void {
    dropTables(this.#file, this.number);
  }

  get layout(): Layout {
    return this.#layout;
  }

  // ------------------------------------------------------------------------------------------ reading

  byId(id: string): ViewEntry | undefined {
    const row = this.#file.get(`${this.#sql.select} WHERE id = ?`, id);
    return row && this.#codec.decode(row);
  }

  byKey(key: string): ViewEntry | undefined {
    const row = this.#file.get(`${this.#sql.select} WHERE key = ?`, storableText(key));
    return row && this.#codec.decode(row);
  }

  select({ where, orderBy, limit }: Selection): ViewEntry[] {
    const sql = `${this.#sql.select} WHERE ${where.sql} ORDER BY ${orderBy} LIMIT ?`;
    return this.#file.all(sql, ...where.values, limit).map((row) => this.#codec.decode(row));
  }

  count(where: SqlFragment): number {
    const sql = `SELECT COUNT(*) AS count FROM ${this.#entries} WHERE ${where.sql}`;
    return this.#file.get<{ count: number }>(sql, ...where.values)?.count ?? 0;
  }

  /** What changed after a version, in the order of the versions. */
  changedAfter(version: number, limit: number): VersionedEntry[] {
    const entries = this.select({
      where: { sql: 'version > ?', values: [version] },
      orderBy: 'version',
      limit,
    }).map((entry) => ({ id: entry.id, version: entry.version, entry }));
    const removed = this.#file
      .all<{ id: string; version: number }>(
        `SELECT id, version FROM ${this.#removed} WHERE version > ? ORDER BY version LIMIT ?`,
        version,
        limit,
      )
      .map((row) => ({ ...row, entry: null }));
    return [...entries, ...removed].sort((a, b) => a.version - b.version).slice(0, limit);
  }

  /** Makes queries by this column quick, where the table is so large that it matters. */
  prepareFor(column: string): void {
    if (column === 'key') return;
    // The highest number is found at once; it is at least the number of entries.
    const last = this.#file.get<{ number: number | null }>(
      `SELECT MAX(number) AS number FROM ${this.#entries}`,
    );
    if ((last?.number ?? 0) >= INDEX_FROM_ENTRIES) this.#indexes.ensure(column);
  }

  /** Columns with an index of their own, the one used last at the end. */
  get indexedColumns(): readonly string[] {
    return this.#indexes.columns;
  }

  // ------------------------------------------------------------------------------------------ writing

  /** Within a transaction of the caller's. */
  put(change: EntryChange): ViewEntry | null {
    if (change.removed || change.fields === null) {
      this.#file.run(`DELETE FROM ${this.#entries} WHERE id = ?`, change.id);
      this.#removedCount += this.#file.run(
        `INSERT INTO ${this.#removed} (id, version) VALUES (?, ?)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
        change.id,
        change.version,
      );
      return null;
    }
    const { id, version, fields, firstSeenAt, updatedAt, sourceIds } = change;
    const key = storableText(change.key);
    const values = this.#codec.encode(fields);
    this.#file.run(
      this.#sql.upsert,
      id,
      key,
      version,
      firstSeenAt,
      updatedAt,
      JSON.stringify(sourceIds),
      ...values,
    );
    if (this.#removedCount > 0) {
      this.#removedCount -= this.#file.run(`DELETE FROM ${this.#removed} WHERE id = ?`, id);
    }
    return { id, key, version, fields: withoutNulls(fields), firstSeenAt, updatedAt, sourceIds };
  }

  /**
   * Forgets the oldest removals beyond `max`.
   *
   * @returns The newest version forgotten: who has an older one can no longer be told what was removed.
   */
  forgetRemoved(max: number): number | undefined {
    // Some slack, so that not every removal counts and deletes.
    if (this.#removedCount <= max * 1.1) return undefined;
    const count =
      this.#file.get<{ count: number }>(`SELECT COUNT(*) AS count FROM ${this.#removed}`)?.count ?? 0;
    this.#removedCount = count;
    if (count <= max) return undefined;
    const newest = this.#file.get<{ version: number }>(
      `SELECT version FROM ${this.#removed} ORDER BY version LIMIT 1 OFFSET ?`,
      count - max - 1,
    )?.version;
    if (newest === undefined) return undefined;
    this.#removedCount -= this.#file.run(`DELETE FROM ${this.#removed} WHERE version <= ?`, newest);
    return newest;
  }

  // ----------------------------------------------------------------------------------------- altering

  /**
   * Gives the table another layout: adds columns, fills them from what the entries' fields say, then drops. Reads
   * go on, on the old layout, until it is done; nothing else may write meanwhile.
   *
   * @returns False where it was cancelled.
   */
  async alter({ layout, added, dropped }: LayoutPlan, { isCancelled, record }: Alteration): Promise<boolean> {
    this.#file.transaction(() => {
      for (const column of added) addColumn(this.#file, this.#entries, column);
    });
    const codec = createRowCodec(layout);
    const where = dropped.length > 0 ? 'number > ?' : 'number > ? AND extra IS NOT NULL';
    const update = `UPDATE ${this.#entries}
      SET ${codec.valueColumnNames.map((name) => `${name} = ?`).join(', ')} WHERE number = ?`;
    let last = 0;
    while (added.length > 0) {
      const rows = this.#file.all<SqlRow & { number: number }>(
        `SELECT number, ${this.#codec.columnNames.join(', ')} FROM ${this.#entries}
         WHERE ${where} ORDER BY number LIMIT ${REWRITE_ENTRIES}`,
        last,
      );
      this.#file.transaction(() => {
        for (const row of rows)
          this.#file.run(update, ...codec.encode(this.#codec.decode(row).fields), row.number);
      });
      last = rows.at(-1)?.number ?? last;
      if (rows.length < REWRITE_ENTRIES) break;
      await new Promise((resolve) => setImmediate(resolve));
      if (isCancelled()) return false;
    }
    this.#file.transaction(() => {
      for (const column of dropped) {
        this.#indexes.drop(searchColumn(column));
        dropColumn(this.#file, this.#entries, column);
      }
      record(layout);
    });
    this.#layout = layout;
    this.#codec = codec;
    this.#sql = this.#statements();
    return true;
  }

  #statements(): Record<'select' | 'upsert', string> {
    const names = this.#codec.columnNames;
    const updates = names.filter((name) => name !== 'id').map((name) => `${name} = excluded.${name}`);
    return {
      select: `SELECT ${names.join(', ')} FROM ${this.#entries}`,
      upsert: `INSERT INTO ${this.#entries} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
        ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')}`,
    };
  }
}

function withoutNulls(fields: EntryChange['fields']): ViewEntry['fields'] {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== null));
}
