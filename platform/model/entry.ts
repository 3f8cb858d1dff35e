import { createHash } from 'node:crypto';
import type { FieldValue, FieldValues } from './record.ts';

/** Longer keys are refused: they are indexed, and named in URLs and logs. In UTF-16 code units. */
export const KEY_LENGTH_MAX = 2_048;

/** NUL and halves of surrogate pairs: stores cut or replace them, and would take two keys for one. */
const UNKEEPABLE = /[\0\p{Cs}]/u;

/**
 * The key of the entry that a record belongs to: a single key field's value as a string, several as a
 * JSON array of strings.
 *
 * @returns undefined where a key field has no value, or the key is empty, longer than `KEY_LENGTH_MAX`
 *   or not kept by every store.
 */
export function entryKey(keyFields: readonly string[], fields: FieldValues): string | undefined {
  const parts: string[] = [];
  for (const name of keyFields) {
    const value = fields[name];
    if (value === undefined || value === null) return undefined;
    parts.push(keyPart(value));
  }
  const [first] = parts;
  const key = parts.length === 1 && first !== undefined ? first : JSON.stringify(parts);
  return key === '' || key.length > KEY_LENGTH_MAX || UNKEEPABLE.test(key) ? undefined : key;
}

function keyPart(value: FieldValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The entry's id in the graph: the same on every replica and after every restart, and nothing to guess from. */
export function entryId(collection: string, key: string): string {
  return createHash('sha256')
    .update(collection)
    .update('\0')
    .update(key)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}
