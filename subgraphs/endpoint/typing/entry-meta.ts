import type { Freshness, LiveCollection } from '../live-collection.ts';
import type { ViewEntry } from '../view/row-codec.ts';

/** EntryMeta, as resolvers return it. */
export interface EntryMeta {
  readonly key: string;
  readonly updatedAt: string;
  readonly firstSeenAt: string;
  readonly sources: () => readonly { readonly __typename: 'Source'; readonly id: string }[];
  readonly freshness: () => Freshness;
}

export function entryMeta(live: LiveCollection, entry: ViewEntry): EntryMeta {
  return {
    key: entry.key,
    updatedAt: entry.updatedAt,
    firstSeenAt: entry.firstSeenAt,
    sources: () => entry.sourceIds.map((id) => ({ __typename: 'Source', id })),
    freshness: () => live.freshness(),
  };
}
