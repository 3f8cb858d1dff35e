import type { CollectionField } from '../../../platform/model/collection-definition.ts';
import { type AggregatedType, aggregatedType } from '../../../platform/model/field-type.ts';

/** Where the values of a field stand in a collection's table. */
export interface FieldColumn {
  readonly field: string;
  /** `f3`; a decimal's order stands beside it in `f3_order`. */
  readonly column: string;
  readonly type: AggregatedType;
  /** True where the definition no longer has the field: its values are kept as long as datasource tells them. */
  readonly retired: boolean;
}

export interface Layout {
  readonly columns: readonly FieldColumn[];
  /** Number of the next new column: names are not used twice. */
  readonly next: number;
}

export interface LayoutPlan {
  readonly layout: Layout;
  readonly added: readonly FieldColumn[];
  readonly dropped: readonly FieldColumn[];
}

export const EMPTY_LAYOUT: Layout = { columns: [], next: 0 };

/** SQLite takes 2,000 columns; beyond this many, retired ones go. */
const COLUMNS_MAX = 500;

/** What has to be done to a table so that it has a column of the right type for every field. */
export function planLayout(current: Layout, fields: readonly CollectionField[]): LayoutPlan {
  const known = new Map(current.columns.map((column) => [column.field, column]));
  const added: FieldColumn[] = [];
  const dropped: FieldColumn[] = [];
  let next = current.next;
  const columns = fields.map((field) => {
    const type = aggregatedType(field);
    const old = known.get(field.name);
    known.delete(field.name);
    if (old && isSameType(old.type, type)) return old.retired ? { ...old, retired: false } : old;
    if (old) dropped.push(old);
    const column = { field: field.name, column: `f${next++}`, type, retired: false };
    added.push(column);
    return column;
  });
  const retired = [...known.values()].map((column) => ({ ...column, retired: true }));
  const keep = Math.max(0, COLUMNS_MAX - columns.length);
  dropped.push(...retired.slice(keep));
  return { layout: { columns: [...columns, ...retired.slice(0, keep)], next }, added, dropped };
}

export function isSameType(a: AggregatedType, b: AggregatedType): boolean {
  return a.scalar === b.scalar && a.list === b.list;
}

/** The column that a field is filtered and sorted by. */
export function searchColumn(column: FieldColumn): string {
  return column.type.scalar === 'Decimal' ? `${column.column}_order` : column.column;
}

/** The SQL columns of a field with their types. */
export function sqlColumns({
  column,
  type,
}: FieldColumn): readonly (readonly [name: string, type: string])[] {
  if (type.scalar === 'Decimal') {
    return [
      [column, 'TEXT'],
      [`${column}_order`, 'TEXT'],
    ];
  }
  if (type.list) return [[column, 'TEXT']];
  switch (type.scalar) {
    case 'Int':
    case 'Boolean':
      return [[column, 'INTEGER']];
    case 'Float':
      return [[column, 'REAL']];
    default:
      return [[column, 'TEXT']];
  }
}
