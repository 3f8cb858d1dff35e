import type { SqliteFile } from '../../../platform/sqlite.ts';

/** Every index costs each write a little; the one that was not asked for longest makes room. */
const INDEXES_MAX = 8;

/**
 * Indexes of one table by what is filtered and sorted by, made when they are first of use. Making one reads the
 * whole table once (about a second for a million entries); without it every such query would.
 */
export class SortIndexes {
  readonly #file: SqliteFile;
  readonly #table: string;
  /** Columns with an index, the one used last at the end. */
  readonly #columns: string[];

  constructor(file: SqliteFile, table: string) {
    this.#file = file;
    this.#table = table;
    const prefix = `${table}_by_`;
    this.#columns = file
      .all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", table)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  /** @param column A field's search column, or one of the entry's own. */
  ensure(column: string): void {
    if (this.#columns.at(-1) === column) return;
    const known = this.#columns.indexOf(column);
    if (known >= 0) {
      this.#columns.splice(known, 1);
    } else {
      const [oldest] = this.#columns;
      if (this.#columns.length >= INDEXES_MAX && oldest !== undefined) this.drop(oldest);
      // The key follows, because that is how ties are broken.
      this.#file.script(`CREATE INDEX ${this.#table}_by_${column} ON ${this.#table} (${column}, key)`);
    }
    this.#columns.push(column);
  }

  drop(column: string): void {
    const known = this.#columns.indexOf(column);
    if (known < 0) return;
    this.#columns.splice(known, 1);
    this.#file.script(`DROP INDEX ${this.#table}_by_${column}`);
  }
}
