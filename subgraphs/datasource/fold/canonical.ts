import type { FieldValue, FieldValues } from '../../../platform/model/record.ts';

/**
 * The values with the names of all objects in order and without nulls at the top (null says nothing), so that
 * equal contents have equal JSON.
 */
export function canonicalValues(values: FieldValues): FieldValues {
  const entries = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return ordered(entries);
}

function canonicalValue(value: FieldValue): FieldValue {
  if (Array.isArray(value)) return value.map(canonicalValue);
  if (typeof value === 'object' && value !== null) return ordered(Object.entries(value));
  return value;
}

function ordered(entries: [string, FieldValue][]): FieldValues {
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  // Not by assignment, which would take "__proto__" for more than a name.
  return Object.fromEntries(entries.map(([name, value]) => [name, canonicalValue(value)]));
}
