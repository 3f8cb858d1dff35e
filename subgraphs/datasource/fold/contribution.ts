import { Duration } from 'luxon';
import type { Contribution, Item } from '../../../platform/model/entry-state.ts';
import type { FieldValues } from '../../../platform/model/record.ts';
import type { Retain } from '../../../platform/model/source-spec.ts';

/** What a batch says of one entry. */
export interface Saying {
  /** Start of the run: see `BatchItem.run`. */
  readonly run: number;
  readonly at: number;
  /** Values in canonical form, each with its position; in order. */
  readonly records: readonly { readonly position: number; readonly values: FieldValues }[];
}

export interface ItemsBound {
  /** Items that a source contributes to an entry at the most. */
  readonly itemsMax: number;
  /** Told how many were beyond it. */
  readonly onItemsCut?: ((count: number) => void) | undefined;
}

/** Folds what a source says of an entry into its contribution. See ARCHITECTURE.md, "Aggregation". */
export function say(
  contribution: Contribution | undefined,
  sourceId: string,
  saying: Saying,
  retain: Retain,
  bound: ItemsBound,
): Contribution {
  const { run, at, records } = saying;
  const isFirstOfRun = contribution?.said !== run;
  const saidBefore = (isFirstOfRun ? contribution?.said : contribution?.saidBefore) ?? 0;
  const known = contribution?.items ?? [];
  // What neither the last two runs saw is forgotten, or a page that changes for ever would grow for ever.
  const items = retain === 'LATEST_RUN' ? known.filter((item) => item.seen >= saidBefore) : [...known];

  const unseen = indexesByContent(items, run);
  for (const { position, values } of records) {
    const index = unseen?.get(JSON.stringify(values))?.shift();
    const item = index === undefined ? undefined : items[index];
    if (item === undefined || index === undefined) {
      items.push({ values, first: position, news: position, seen: position, seenAt: at });
    } else {
      const news = item.seen >= saidBefore ? item.news : position;
      items[index] = { ...item, news, seen: position, seenAt: at };
    }
  }
  return {
    sourceId,
    touched: run,
    said: run,
    saidBefore,
    items: atMost(items, bound, run),
    oldestSeenAt: undefined,
  };
}

/** The run saw the entry, but nothing fit to be said: what it said before stays. */
export function touch(contribution: Contribution, run: number): Contribution {
  return { ...contribution, touched: run };
}

/** The items that make up the entry's fields. */
export function contributing(contribution: Contribution, retain: Retain): readonly Item[] {
  if (retain !== 'LATEST_RUN') return contribution.items;
  return contribution.items.filter((item) => item.seen >= contribution.said);
}

/** @returns undefined where nothing is left of it. */
export function withItems(contribution: Contribution, items: readonly Item[]): Contribution | undefined {
  return items.length === 0 ? undefined : { ...contribution, items };
}

/** @returns undefined where the source does not retain by time. */
export function oldestSeenAt({ items }: Contribution, retain: Retain): number | undefined {
  if (retainMs(retain) === undefined) return undefined;
  return items.reduce((oldest, { seenAt }) => Math.min(oldest, seenAt), Number.POSITIVE_INFINITY);
}

const durations = new Map<string, number>();

/** @returns undefined where the source does not retain by time. */
export function retainMs(retain: Retain): number | undefined {
  if (retain === 'LATEST_RUN' || retain === 'FOREVER') return undefined;
  let ms = durations.get(retain);
  if (ms === undefined) {
    ms = Duration.fromISO(retain).toMillis();
    if (durations.size < 1_000) durations.set(retain, ms);
  }
  return ms;
}

/** Indexes of the items that the run has not seen, by content, in order; undefined where it has seen all. */
function indexesByContent(items: readonly Item[], run: number): Map<string, number[]> | undefined {
  let unseen: Map<string, number[]> | undefined;
  items.forEach((item, index) => {
    if (item.seen >= run) return;
    const content = JSON.stringify(item.values);
    unseen ??= new Map();
    const indexes = unseen.get(content);
    if (indexes) indexes.push(index);
    else unseen.set(content, [index]);
  });
  return unseen;
}

/** Beyond the limit those go that were not seen for longest; where the run saw them all, the newest are not taken. */
function atMost(items: readonly Item[], { itemsMax, onItemsCut }: ItemsBound, run: number): readonly Item[] {
  const excess = items.length - itemsMax;
  if (excess <= 0) return items;
  onItemsCut?.(excess);
  const isSeen = (item: Item) => item.seen >= run;
  const victims = new Set(
    [...items]
      .sort((a, b) => {
        if (isSeen(a) !== isSeen(b)) return isSeen(a) ? 1 : -1;
        return isSeen(a) ? b.first - a.first : a.seen - b.seen;
      })
      .slice(0, excess),
  );
  return items.filter((item) => !victims.has(item));
}
