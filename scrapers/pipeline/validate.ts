import { entryKey } from '../../platform/model/entry.ts';
import type { DataRecord, FieldValue } from '../../platform/model/record.ts';
import type { FieldSpec, SourceSpec } from '../../platform/model/source-spec.ts';
import type { RawRecord } from '../extractors/extractor.ts';
import { convert } from './convert.ts';

/** A record as JSON, in UTF-16 code units: one that is longer would not fit into a batch. */
const RECORD_LENGTH_MAX = 1_000_000;
/** Values of one list field; a selector that finds more has caught the whole page. */
export const LIST_LENGTH_MAX = 1_000;

/** A field in which a record has not what it should have. */
export interface Miss {
  readonly field: string;
  readonly kind: 'missing' | 'invalid';
  /** The raw value that could not be read. */
  readonly sample?: FieldValue | undefined;
}

export interface ValidRecord {
  readonly kind: 'valid';
  readonly record: DataRecord;
  /** As JSON, in UTF-16 code units. */
  readonly length: number;
  readonly misses: readonly Miss[];
}

/** A record that is not fit to deliver. */
export interface UnfitRecord {
  readonly kind: 'unfit';
  /** The entry it belongs to, where so much of it can be read: the entry has been seen. */
  readonly key: string | undefined;
  readonly field: string | null;
  readonly reason: string;
  readonly misses: readonly Miss[];
}

/** Gives a raw record's values their fields' types, and says whether it is fit to deliver. */
export function validate(
  raw: RawRecord,
  spec: Pick<SourceSpec, 'fields' | 'key'>,
  baseUrl: string,
): ValidRecord | UnfitRecord {
  const fields: Record<string, FieldValue> = Object.create(null);
  const misses: Miss[] = [];
  for (const field of spec.fields) {
    const found = raw[field.name];
    const value = found && fieldValue(found, field, baseUrl);
    if (value !== undefined) fields[field.name] = value;
    const miss = missOf(field, found, value);
    if (miss) misses.push(miss);
  }

  const key = entryKey(spec.key, fields);
  const lacking = spec.fields.find(({ name, required }) => required && !(name in fields));
  if (lacking) return unfit(key, lacking.name, problemOf(lacking, misses), misses);
  if (key === undefined) {
    const keyField = spec.fields.find(({ name }) => spec.key.includes(name) && !(name in fields));
    const reason = keyField
      ? `The key needs it. ${problemOf(keyField, misses)}`
      : 'Its key is empty or too long.';
    return unfit(key, keyField?.name ?? spec.key[0] ?? null, reason, misses);
  }
  const { length } = JSON.stringify(fields);
  if (length > RECORD_LENGTH_MAX) {
    return unfit(key, null, `It is longer than ${RECORD_LENGTH_MAX} characters.`, misses);
  }
  return { kind: 'valid', record: { key, fields }, length, misses };
}

function fieldValue(
  found: readonly FieldValue[],
  { type, list }: FieldSpec,
  baseUrl: string,
): FieldValue | undefined {
  if (!list) return found[0] === undefined ? undefined : convert(found[0], type, baseUrl);
  const values = found.slice(0, LIST_LENGTH_MAX).flatMap((one) => {
    const value = convert(one, type, baseUrl);
    // An array in an array: flatMap would take it apart.
    return value === undefined ? [] : [value];
  });
  return values.length === 0 ? undefined : values;
}

/** A list counts as invalid as soon as one of its values is: those that can be read are kept. */
function missOf(
  field: FieldSpec,
  found: readonly FieldValue[] | undefined,
  value: FieldValue | undefined,
): Miss | undefined {
  if (!found) return { field: field.name, kind: 'missing' };
  const kept = Array.isArray(value) && field.list ? value.length : value === undefined ? 0 : 1;
  if (kept === found.length) return undefined;
  return { field: field.name, kind: 'invalid', sample: found.length === 1 ? found[0] : found };
}

function unfit(
  key: string | undefined,
  field: string | null,
  reason: string,
  misses: readonly Miss[],
): UnfitRecord {
  return { kind: 'unfit', key, field, reason, misses };
}

function problemOf({ name, select, type }: FieldSpec, misses: readonly Miss[]): string {
  const miss = misses.find(({ field }) => field === name);
  return miss?.kind === 'invalid'
    ? `What "${select}" finds cannot be read as ${type}.`
    : `"${select}" finds nothing.`;
}
