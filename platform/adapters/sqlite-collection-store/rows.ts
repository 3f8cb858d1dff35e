import type { Contribution, EntryState, Item } from '../../model/entry-state.ts';
import type { FieldValues } from '../../model/record.ts';

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

type ItemTuple = [values: FieldValues | 0, first: number, news: number, seen: number, seenAt: number];
type ContributionTuple = [
  source: number,
  touched: number,
  said: number,
  saidBefore: number,
  oldestSeenAt: number | null,
  items: ItemTuple[],
];

/** Tuples, since the names would be most of the row; values that equal the entry's fields, as they mostly do, are 0. */
export function contributionsText(entry: EntryState, fieldsText: string, sources: SourceNumbers): string {
  const tuples = entry.contributions.map(
    ({ sourceId, touched, said, saidBefore, oldestSeenAt, items }): ContributionTuple => [
      sources.numberOf(sourceId),
      touched,
      said,
      saidBefore,
      oldestSeenAt ?? null,
      items.map(({ values, first, news, seen, seenAt }) => [
        JSON.stringify(values) === fieldsText ? 0 : values,
        first,
        news,
        seen,
        seenAt,
      ]),
    ],
  );
  return JSON.stringify(tuples);
}

export function entryOf(row: EntryRow, sources: SourceNumbers): EntryState {
  const fields: FieldValues = JSON.parse(row.fields);
  const tuples: ContributionTuple[] = JSON.parse(row.contributions);
  const itemOf = ([values, first, news, seen, seenAt]: ItemTuple): Item => ({
    values: values === 0 ? fields : values,
    first,
    news,
    seen,
    seenAt,
  });
  return {
    ordinal: row.id % ORDINALS,
    key: row.key,
    version: row.version,
    fields,
    firstSeenAt: row.first_seen_at,
    updatedAt: row.updated_at,
    contributions: tuples.map(
      ([source, touched, said, saidBefore, oldestSeenAt, items]): Contribution => ({
        sourceId: sources.idOf(source),
        touched,
        said,
        saidBefore,
        items: items.map(itemOf),
        oldestSeenAt: oldestSeenAt ?? undefined,
      }),
    ),
  };
}

/** Sources of an entry without the rest of its contributions: what a reader of changes wants. */
export function sourceIdsOf(contributionsText: string, sources: SourceNumbers): string[] {
  return (JSON.parse(contributionsText) as ContributionTuple[]).map(([source]) => sources.idOf(source));
}
