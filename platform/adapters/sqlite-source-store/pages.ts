import { CursorInvalidError } from '../../errors.ts';
import { decodeCursor, encodeCursor } from '../../model/cursor.ts';
import type { Page, PageRequest } from '../../ports/source-store.ts';
import type { SqliteFile, SqlRow, SqlValue } from '../../sqlite.ts';

export interface Where {
  readonly terms: string[];
  readonly values: SqlValue[];
}

/** One page of a table in the order of its `seq`. */
export function readPage<T>(
  file: SqliteFile,
  table: 'sources' | 'runs',
  { terms, values }: Where,
  { first, after }: PageRequest,
  nodeOf: (row: SqlRow) => T,
): Page<T> {
  const isDescending = table === 'runs';
  const behind = after === undefined ? [] : [seqOf(table, after)];
  const conditions = [...terms, ...behind.map(() => `seq ${isDescending ? '<' : '>'} ?`)];
  const rows = file.all(
    `SELECT * FROM ${table} ${whereClause(conditions)} ORDER BY seq ${isDescending ? 'DESC' : 'ASC'} LIMIT ?`,
    ...values,
    ...behind,
    first + 1,
  );
  return {
    items: rows.slice(0, first).map((row) => ({ cursor: encodeCursor([table, row.seq]), node: nodeOf(row) })),
    hasMore: rows.length > first,
  };
}

export function countRows(file: SqliteFile, table: 'sources' | 'runs', { terms, values }: Where): number {
  const row = file.get<{ count: number }>(
    `SELECT count(*) AS count FROM ${table} ${whereClause(terms)}`,
    ...values,
  );
  return row?.count ?? 0;
}

function whereClause(terms: readonly string[]): string {
  return terms.length > 0 ? `WHERE ${terms.join(' AND ')}` : '';
}

function seqOf(table: string, cursor: string): number {
  const [of, seq] = decodeCursor(cursor);
  if (of !== table || !Number.isSafeInteger(seq)) throw new CursorInvalidError(cursor);
  return seq as number;
}
