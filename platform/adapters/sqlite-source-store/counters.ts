import type { SqliteFile } from '../../sqlite.ts';

/** `definitions` numbers the changes of definitions, `positions` those that workers must learn. */
export type Counter = 'definitions' | 'positions';

export function readCounter(file: SqliteFile, name: Counter): number {
  return file.get<{ value: number }>('SELECT value FROM counters WHERE name = ?', name)?.value ?? 0;
}

/** Only within a transaction: a number is seen together with what it numbers, or not at all. */
export function nextCount(file: SqliteFile, name: Counter): number {
  file.run('UPDATE counters SET value = value + 1 WHERE name = ?', name);
  return readCounter(file, name);
}
