import type { SqliteFile } from '../../../platform/sqlite.ts';
import { type FieldColumn, type Layout, sqlColumns } from './layout.ts';

/** The tables of one collection: what there is, and what was removed. They are told apart by a number alone. */
export function tableNames(number: number): { readonly entries: string; readonly removed: string } {
  return { entries: `entries_${number}`, removed: `removed_${number}` };
}

/** What `tableNames` gives, as a pattern. */
export const TABLE_NAME = /^(?:entries|removed)_(\d+)$/;

export function createTables(file: SqliteFile, number: number, layout: Layout): void {
  const { entries, removed } = tableNames(number);
  const columns = [
    'number INTEGER PRIMARY KEY',
    'id TEXT NOT NULL UNIQUE',
    'key TEXT NOT NULL',
    'version INTEGER NOT NULL',
    'first_seen_at TEXT NOT NULL',
    'updated_at TEXT NOT NULL',
    'source_ids TEXT NOT NULL',
    'extra TEXT',
    ...layout.columns.flatMap((column) => sqlColumns(column)).map((column) => column.join(' ')),
  ];
  dropTables(file, number);
  file.script(`
    CREATE TABLE ${entries} (${columns.join(', ')});
    CREATE INDEX ${entries}_key ON ${entries} (key);
    CREATE INDEX ${entries}_version ON ${entries} (version);
    CREATE INDEX ${entries}_extra ON ${entries} (number) WHERE extra IS NOT NULL;
    CREATE TABLE ${removed} (id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX ${removed}_version ON ${removed} (version);
  `);
}

export function dropTables(file: SqliteFile, number: number): void {
  const { entries, removed } = tableNames(number);
  file.script(`DROP TABLE IF EXISTS ${entries}; DROP TABLE IF EXISTS ${removed};`);
}

export function addColumn(file: SqliteFile, table: string, column: FieldColumn): void {
  const names = file.all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`);
  for (const [name, type] of sqlColumns(column)) {
    // Left by an alteration that was interrupted.
    if (names.some((known) => known.name === name)) file.script(`ALTER TABLE ${table} DROP COLUMN ${name}`);
    file.script(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`);
  }
}

export function dropColumn(file: SqliteFile, table: string, column: FieldColumn): void {
  for (const [name] of sqlColumns(column)) file.script(`ALTER TABLE ${table} DROP COLUMN ${name}`);
}
