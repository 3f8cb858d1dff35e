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
  /** Start of the run that last said something of the entry, or just saw it. */
  readonly touched: number;
  /** Start of the run that last said something of it, and of the one that had before; 0 where none had. */
  readonly said: number;
  readonly saidBefore: number;
  /** In the order of `first`. */
  readonly items: readonly Item[];
  /** When its oldest item was last seen, where items are retained by time: then the first falls due. */
  readonly oldestSeenAt: number | undefined;
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
