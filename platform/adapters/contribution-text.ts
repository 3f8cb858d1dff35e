import type { Contribution, Item } from '../model/entry-state.ts';
import type { FieldValues } from '../model/record.ts';

/** What stands for a source where contributions are stored: its id, or a short number. */
type StoredSource = string | number;

type ItemTuple = [values: FieldValues | 0, first: number, news: number, seen: number, seenAt: number];
type ContributionTuple<S extends StoredSource> = [
  source: S,
  touched: number,
  said: number,
  saidBefore: number,
  oldestSeenAt: number | null,
  items: ItemTuple[],
];

/** Tuples, since the names would be most of it; values that equal the entry's fields, as they mostly do, are 0. */
export function contributionsText<S extends StoredSource>(
  contributions: readonly Contribution[],
  fieldsText: string,
  storedSource: (sourceId: string) => S,
): string {
  const tuples = contributions.map(
    ({ sourceId, touched, said, saidBefore, oldestSeenAt, items }): ContributionTuple<S> => [
      storedSource(sourceId),
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

/** @param fields Of the entry. */
export function contributionsOf<S extends StoredSource>(
  text: string,
  fields: FieldValues,
  sourceIdOf: (source: S) => string,
): Contribution[] {
  const itemOf = ([values, first, news, seen, seenAt]: ItemTuple): Item => ({
    values: values === 0 ? fields : values,
    first,
    news,
    seen,
    seenAt,
  });
  return (JSON.parse(text) as ContributionTuple<S>[]).map(
    ([source, touched, said, saidBefore, oldestSeenAt, items]) => ({
      sourceId: sourceIdOf(source),
      touched,
      said,
      saidBefore,
      items: items.map(itemOf),
      oldestSeenAt: oldestSeenAt ?? undefined,
    }),
  );
}

/** Without the rest of the contributions: what a reader of changes wants. */
export function sourcesIn<S extends StoredSource>(text: string): S[] {
  return (JSON.parse(text) as ContributionTuple<S>[]).map(([source]) => source);
}
