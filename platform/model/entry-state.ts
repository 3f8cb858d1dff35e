import type { FieldValues } from './record.ts';

/** An entry as datasource keeps it: what the public sees, and all it was computed from. */
export interface EntryState {
  /** Counts the entries that the collection ever had; an entry that comes back gets a new one. */
  readonly ordinal: number;
  readonly key: string;
  /** The collection's version at which `fields` or the contributing sources last changed. */
  readonly version: number;
  readonly fields: FieldValues;
  /** Milliseconds since 1970, UTC. */
  readonly firstSeenAt: number;
  readonly updatedAt: number;
  /** At most one for each source, in the order of their ids; never empty, as none of their `items` are. */
  readonly contributions: readonly Contribution[];
}

/** What one source says of one entry. All places are positions: see `positionOf`. */
export interface Contribution {
  readonly sourceId: string;
  /** Where the source first spoke of the entry. */
  readonly since: number;
  /** Where the source last spoke of it or saw it. */
  readonly touched: number;
  /** Start of the run that last said something of the entry, and of the one that had before. */
  readonly said: number;
  readonly saidBefore: number;
  /** In the order of `first`. */
  readonly items: readonly Item[];
  /** Under which the contribution is found when something may take it away. */
  readonly mark: Mark;
}

/** One datum that the source has said of the entry. */
export interface Item {
  /** In canonical form: equal contents have equal JSON. */
  readonly values: FieldValues;
  /** Where it was first seen, where it last became news, and where it was last seen. */
  readonly first: number;
  readonly news: number;
  readonly seen: number;
  /** When it was last seen: milliseconds since 1970, UTC. */
  readonly seenAt: number;
}

export interface Mark {
  readonly position: number;
  /** The time at `position` where a duration runs from it, else 0. */
  readonly at: number;
}
