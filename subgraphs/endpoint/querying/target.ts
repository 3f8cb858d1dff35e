import type { AggregatedType } from '../../../platform/model/field-type.ts';
import type { FieldValue } from '../../../platform/model/record.ts';
import { isSameType, type Layout, searchColumn } from '../view/layout.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import { type Comparable, comparable, fieldValue, fitValue } from '../view/values.ts';

/** The types of a collection's fields, by name: of the schema that an operation began on. */
export type FieldTypes = ReadonlyMap<string, AggregatedType>;

/** What can be filtered and sorted by. */
export interface Target {
  readonly place: 'field' | 'meta';
  readonly name: string;
  readonly type: AggregatedType;
}

const META_TARGETS = {
  key: { type: { scalar: 'String', list: false }, column: 'key' },
  updatedAt: { type: { scalar: 'DateTime', list: false }, column: 'updated_at' },
  firstSeenAt: { type: { scalar: 'DateTime', list: false }, column: 'first_seen_at' },
} as const satisfies Record<string, { type: AggregatedType; column: string }>;

type MetaName = keyof typeof META_TARGETS;

export function fieldTarget(types: FieldTypes, name: string): Target | undefined {
  const type = types.get(name);
  return type && { place: 'field', name, type };
}

export function metaTarget(name: string): Target | undefined {
  return name in META_TARGETS
    ? { place: 'meta', name, type: META_TARGETS[name as MetaName].type }
    : undefined;
}

/**
 * The column to search in, or SQL's NULL: where the layout has become another since the operation began, the
 * field is as one without a value.
 */
export function targetSql(layout: Layout, target: Target): string {
  return targetColumn(layout, target) ?? 'NULL';
}

export function targetColumn(layout: Layout, { place, name, type }: Target): string | undefined {
  if (place === 'meta') return META_TARGETS[name as MetaName].column;
  const column = layout.columns.find((candidate) => candidate.field === name);
  return column && isSameType(column.type, type) ? searchColumn(column) : undefined;
}

/** What an entry has there, fitted to the target's type. */
export function targetValue(entry: ViewEntry, { place, name, type }: Target): FieldValue {
  return place === 'meta' ? entry[name as MetaName] : fitValue(type, fieldValue(entry.fields, name));
}

/** What an entry is compared by; null where it has no value. Not for lists and JSON. */
export function targetComparable(entry: ViewEntry, target: Target): Comparable | null {
  const value = targetValue(entry, target);
  return value === null ? null : comparable(target.type.scalar, value);
}
