import type { Filter } from 'mongodb';
import type { EntryState } from '../../model/entry-state.ts';
import type { SourceFilter } from '../../ports/collection-store.ts';
import { entryOf } from './images.ts';
import { type EntryDocument, entryDocumentId, type FoldCollections } from './schema.ts';
import { readInWindows } from './windows.ts';

/** What a fold reads of an entry: without what is there for indexes. */
const STATE = { _id: 0, c: 0, n: 0, u: 0, d: 0 } as const;

/** Entries of a collection as far as commits are applied, for its fold. */
export class MongoEntries {
  readonly #entries: FoldCollections['entries'];

  constructor({ entries }: Pick<FoldCollections, 'entries'>) {
    this.#entries = entries;
  }

  async byKey(collection: number, keys: readonly string[]): Promise<EntryState[]> {
    if (keys.length === 0) return [];
    const ids = keys.map((key) => entryDocumentId(collection, key));
    return statesOf(await this.#entries.find({ _id: { $in: ids } }, { projection: STATE }).toArray());
  }

  /** @param nextOrdinal Of the collection: there is nothing from there on. */
  async behind(
    collection: number,
    ordinal: number,
    nextOrdinal: number,
    limit: number,
  ): Promise<EntryState[]> {
    const range = { after: ordinal, through: nextOrdinal - 1, limit };
    const found = await readInWindows(range, ({ after, through, limit: count }) =>
      this.#entries
        .find({ c: collection, o: { $gt: after, $lte: through } }, { projection: STATE })
        .sort({ o: 1 })
        .limit(count)
        .toArray(),
    );
    return statesOf(found);
  }

  async ofSource(
    collection: number,
    sourceId: string,
    which: SourceFilter,
    limit: number,
  ): Promise<EntryState[]> {
    const found = await this.#entries
      .find(sourceFilter(collection, sourceId, which), { projection: STATE })
      .sort({ o: 1 })
      .limit(limit)
      .allowDiskUse()
      .toArray();
    return statesOf(found);
  }

  /** The source's entries in the order of their ordinals, by the ids of their documents. */
  async idsOfSource(
    collection: number,
    sourceId: string,
    which: SourceFilter,
    limit: number,
  ): Promise<string[]> {
    const found = await this.#entries
      .find(sourceFilter(collection, sourceId, which), { projection: { o: 1 } })
      .sort({ o: 1 })
      .limit(limit)
      .allowDiskUse()
      .toArray();
    return found.map(({ _id }) => _id);
  }

  /** Those of the given documents that are of the source, by their ids. */
  async ofSourceById(
    collection: number,
    sourceId: string,
    which: SourceFilter,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, EntryState>> {
    const filter = { ...sourceFilter(collection, sourceId, which), _id: { $in: [...ids] } };
    const found = await this.#entries.find(filter).toArray();
    return new Map(
      found.flatMap((document) => {
        const entry = entryOf(document);
        return entry ? [[document._id, entry] as const] : [];
      }),
    );
  }

  /**
   * An index gives the oldest first, and the next look finds none before it. Where a server takes them in another
   * order, halving the time that is left finds it.
   */
  async oldestSeenAt(collection: number, sourceId: string): Promise<number | undefined> {
    let [from, oldest] = [Number.MIN_SAFE_INTEGER, Number.POSITIVE_INFINITY];
    for (;;) {
      const older = await this.#anySeenAt(collection, sourceId, from, oldest);
      if (older === undefined) return oldest === Number.POSITIVE_INFINITY ? undefined : oldest;
      if (oldest !== Number.POSITIVE_INFINITY) {
        const middle = Math.floor((from + older) / 2);
        const before = await this.#anySeenAt(collection, sourceId, from, middle);
        if (before === undefined) from = middle;
        oldest = before ?? older;
      } else {
        oldest = older;
      }
    }
  }

  /** When one of the source's contributions was last seen, if in [from, before). */
  async #anySeenAt(
    collection: number,
    sourceId: string,
    from: number,
    before: number,
  ): Promise<number | undefined> {
    const seen = { s: sourceId, t: { $gte: from, $lt: before } };
    const filter = { c: collection, d: { $exists: true, $elemMatch: seen } };
    const found = await this.#entries.findOne(filter, { projection: { d: 1 } });
    return found?.d?.find(({ s }) => s === sourceId)?.t;
  }
}

function sourceFilter(
  collection: number,
  sourceId: string,
  { touchedBefore, seenUntil }: SourceFilter,
): Filter<EntryDocument> {
  const touched = touchedBefore === undefined ? {} : { t: { $lt: touchedBefore } };
  const filter: Filter<EntryDocument> = { c: collection, u: { $elemMatch: { s: sourceId, ...touched } } };
  if (seenUntil === undefined) return filter;
  const due = { d: { $exists: true, $elemMatch: { s: sourceId, t: { $lte: seenUntil } } } };
  // One of the two finds them; the server should not have to choose.
  return touchedBefore === undefined ? { c: collection, ...due } : { ...filter, ...due };
}

function statesOf(documents: readonly EntryDocument[]): EntryState[] {
  return documents.flatMap((document) => entryOf(document) ?? []);
}
