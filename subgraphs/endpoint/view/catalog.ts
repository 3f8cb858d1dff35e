import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { SqliteFile } from '../../../platform/sqlite.ts';
import type { Layout } from './layout.ts';

/** How far the view has come with a collection. */
export interface ViewState {
  readonly incarnation: string;
  readonly version: number;
  /** What changed since this version is known in full; what changed before is not. */
  readonly floor: number;
  /** When the view was last known to be equal to datasource's head, in milliseconds since 1970. */
  readonly asOfMs: number | null;
}

export interface CollectionRecord {
  readonly tableNumber: number;
  readonly definition: CollectionDefinition;
  readonly layout: Layout;
  readonly state: ViewState;
}

/** What is in the view file: one row per collection, and how far the definitions have been followed. */
export class CollectionCatalog {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
    file.script(`
      CREATE TABLE IF NOT EXISTS collections (
        name TEXT PRIMARY KEY,
        table_number INTEGER NOT NULL,
        definition TEXT NOT NULL,
        layout TEXT NOT NULL,
        incarnation TEXT NOT NULL,
        version INTEGER NOT NULL,
        floor INTEGER NOT NULL,
        as_of_ms INTEGER
      );
      CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    `);
  }

  all(): CollectionRecord[] {
    return this.#file.all<CollectionRow>('SELECT * FROM collections ORDER BY name').map((row) => ({
      tableNumber: row.table_number,
      definition: JSON.parse(row.definition),
      layout: JSON.parse(row.layout),
      state: {
        incarnation: row.incarnation,
        version: row.version,
        floor: row.floor,
        asOfMs: row.as_of_ms,
      },
    }));
  }

  save({ tableNumber, definition, layout, state }: CollectionRecord): void {
    this.#file.run(
      'INSERT OR REPLACE INTO collections VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      definition.name,
      tableNumber,
      JSON.stringify(definition),
      JSON.stringify(layout),
      state.incarnation,
      state.version,
      state.floor,
      state.asOfMs,
    );
  }

  remove(name: string): void {
    this.#file.run('DELETE FROM collections WHERE name = ?', name);
  }

  /** A number never given before. */
  nextTableNumber(): number {
    const number = (this.#counter('tables') ?? 0) + 1;
    this.#setCounter('tables', number);
    return number;
  }

  /** The definitions revision up to which the view has followed. */
  get revision(): number {
    return this.#counter('revision') ?? 0;
  }

  set revision(revision: number) {
    this.#setCounter('revision', revision);
  }

  #counter(name: string): number | undefined {
    return this.#file.get<{ value: number }>('SELECT value FROM counters WHERE name = ?', name)?.value;
  }

  #setCounter(name: string, value: number): void {
    this.#file.run('INSERT OR REPLACE INTO counters VALUES (?, ?)', name, value);
  }
}

interface CollectionRow {
  readonly name: string;
  readonly table_number: number;
  readonly definition: string;
  readonly layout: string;
  readonly incarnation: string;
  readonly version: number;
  readonly floor: number;
  readonly as_of_ms: number | null;
}
