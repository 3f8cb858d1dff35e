import type { FieldValue, FieldValues } from '../../../platform/model/record.ts';
import type { SqlRow, SqlValue } from '../../../platform/sqlite.ts';
import { type FieldColumn, type Layout, sqlColumns } from './layout.ts';
import { type Comparable, comparable, fieldValue, fitValue } from './values.ts';

/** An entry as the view has it. */
export interface ViewEntry {
  readonly id: string;
  readonly key: string;
  readonly version: number;
  /** As datasource told them, whether or not they fit their types; those without a value are left out. */
  readonly fields: FieldValues;
  readonly firstSeenAt: string;
  readonly updatedAt: string;
  readonly sourceIds: readonly string[];
}

/**
 * Between an entry's fields and the columns of a layout. What the columns cannot hold (a value that does not
 * fit its type, a field that the definition does not have yet) goes into the column `extra`, so that
 * decoding always gives back what was encoded.
 */
export interface RowCodec {
  /** What `decode` reads. */
  readonly columnNames: readonly string[];
  /** The columns that `encode` gives values for, in its order. */
  readonly valueColumnNames: readonly string[];
  encode(fields: FieldValues): SqlValue[];
  decode(row: SqlRow): ViewEntry;
}

const META_COLUMNS = ['id', 'key', 'version', 'first_seen_at', 'updated_at', 'source_ids'];

export function createRowCodec(layout: Layout): RowCodec {
  const fieldNames = new Set(layout.columns.map((column) => column.field));
  const valueColumnNames = [
    'extra',
    ...layout.columns.flatMap((column) => sqlColumns(column).map(([name]) => name)),
  ];
  return {
    columnNames: [...META_COLUMNS, ...valueColumnNames],
    valueColumnNames,

    encode(fields) {
      const extra: Record<string, FieldValue> = {};
      const values: SqlValue[] = [];
      for (const column of layout.columns) {
        const raw = fieldValue(fields, column.field) ?? null;
        const fitted = fitValue(column.type, raw);
        if (fitted !== raw) extra[column.field] = raw;
        values.push(...encodeValue(column, fitted));
      }
      for (const [name, raw] of Object.entries(fields)) {
        if (raw !== null && !fieldNames.has(name)) extra[name] = raw;
      }
      return [Object.keys(extra).length > 0 ? JSON.stringify(extra) : null, ...values];
    },

    decode(row) {
      const fields: Record<string, FieldValue> = {};
      for (const column of layout.columns) {
        const value = decodeValue(column, row[column.column] ?? null);
        if (value !== null) fields[column.field] = value;
      }
      if (row.extra !== null) Object.assign(fields, JSON.parse(row.extra as string));
      return {
        id: row.id as string,
        key: row.key as string,
        version: row.version as number,
        fields,
        firstSeenAt: row.first_seen_at as string,
        updatedAt: row.updated_at as string,
        sourceIds: JSON.parse(row.source_ids as string),
      };
    },
  };
}

function encodeValue({ type }: FieldColumn, fitted: FieldValue): SqlValue[] {
  const isDecimal = type.scalar === 'Decimal';
  if (fitted === null) return isDecimal ? [null, null] : [null];
  if (type.list) {
    const texts = [JSON.stringify(fitted)];
    if (isDecimal) texts.push(JSON.stringify(listComparables(type.scalar, fitted as readonly FieldValue[])));
    return texts;
  }
  if (type.scalar === 'JSON') return [JSON.stringify(fitted)];
  const order = comparable(type.scalar, fitted);
  return isDecimal ? [fitted as string, order] : [order];
}

function listComparables(scalar: 'Decimal', elements: readonly FieldValue[]): Comparable[] {
  return elements.map((element) => comparable(scalar, element));
}

function decodeValue({ type }: FieldColumn, value: SqlValue): FieldValue {
  if (value === null) return null;
  if (type.list || type.scalar === 'JSON') return JSON.parse(value as string);
  return type.scalar === 'Boolean' ? value === 1 : (value as FieldValue);
}
