import type { EntryState } from '../../model/entry-state.ts';
import type { FieldValues } from '../../model/record.ts';
import { contributionsOf } from '../contribution-text.ts';

/** An entry as a row of SQLite; `id` is made of its collection's number and its ordinal. */
export interface EntryRow {
  readonly id: number;
  readonly key: string;
  readonly version: number;
  readonly first_seen_at: number;
  readonly updated_at: number;
  readonly fields: string;
  readonly contributions: string;
}

/** Sources of a collection by the short numbers that stand for them in rows. */
export interface SourceNumbers {
  numberOf(sourceId: string): number;
  idOf(number: number): string;
}

/** Entries that one collection ever has at the most; two million collections leave ids exact. */
const ORDINALS = 2 ** 32;

export function entryIdOf(collection: number, ordinal: number): number {
  return collection * ORDINALS + ordinal;
}

export function entryOf(row: EntryRow, sources: SourceNumbers): EntryState {
  const fields: FieldValues = JSON.parse(row.fields);
  return {
    ordinal: row.id % ORDINALS,
    key: row.key,
    version: row.version,
    fields,
    firstSeenAt: row.first_seen_at,
    updatedAt: row.updated_at,
    contributions: contributionsOf(row.contributions, fields, (number: number) => sources.idOf(number)),
  };
}
