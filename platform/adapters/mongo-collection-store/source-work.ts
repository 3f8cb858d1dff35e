import type { EntryState } from '../../model/entry-state.ts';
import type { EntryPut, SourceFilter } from '../../ports/collection-store.ts';
import type { MongoEntries } from './entries.ts';

/**
 * Entries that are looked for in one go, more than any chunk has. To look for them goes through all that are left,
 * and sorts them.
 */
const LIST_ENTRIES = 20_000;

type SourceEntries = Pick<MongoEntries, 'idsOfSource' | 'ofSourceById'>;

/**
 * The entries of a source that a long change goes through, chunk by chunk: remembered, as to look for the next ones
 * anew would cost each chunk as much as there is left to do.
 */
export class SourceWork {
  readonly sourceId: string;
  readonly which: SourceFilter;
  readonly #entries: SourceEntries;
  readonly #listEntries: number;
  readonly #collection: number;
  #ids: readonly string[] = [];
  #isWhole = false;

  constructor(
    entries: SourceEntries,
    collection: number,
    sourceId: string,
    which: SourceFilter,
    listEntries = LIST_ENTRIES,
  ) {
    this.#entries = entries;
    this.#collection = collection;
    this.sourceId = sourceId;
    this.which = which;
    this.#listEntries = listEntries;
  }

  isOf(sourceId: string, which: SourceFilter): boolean {
    return (
      sourceId === this.sourceId &&
      which.touchedBefore === this.which.touchedBefore &&
      which.seenUntil === this.which.seenUntil
    );
  }

  /** Whether a commit brings entries in that it may not know of. */
  isExtendedBy(puts: readonly EntryPut[]): boolean {
    const { touchedBefore = Number.POSITIVE_INFINITY, seenUntil } = this.which;
    return puts.some(({ entry }) =>
      entry.contributions.some(
        ({ sourceId, touched, oldestSeenAt = Number.POSITIVE_INFINITY }) =>
          sourceId === this.sourceId &&
          touched < touchedBefore &&
          (seenUntil === undefined || oldestSeenAt <= seenUntil),
      ),
    );
  }

  /** Those that are still to be done, in the order of their ordinals; to be called with all commits applied. */
  async next(limit: number): Promise<EntryState[]> {
    const found: EntryState[] = [];
    const foundIds: string[] = [];
    while (found.length < limit) {
      if (this.#ids.length === 0) {
        if (this.#isWhole) break;
        if (found.length > 0) return this.#anew(limit);
        await this.#look();
        if (this.#ids.length === 0) break;
      }
      const ids = this.#ids.slice(0, limit - found.length);
      this.#ids = this.#ids.slice(ids.length);
      const entries = await this.#entries.ofSourceById(this.#collection, this.sourceId, this.which, ids);
      for (const id of ids) {
        const entry = entries.get(id);
        if (!entry) continue;
        found.push(entry);
        foundIds.push(id);
      }
    }
    // They are done only once they are committed.
    this.#ids = [...foundIds, ...this.#ids];
    return found;
  }

  async #anew(limit: number): Promise<EntryState[]> {
    this.#ids = [];
    return this.next(limit);
  }

  async #look(): Promise<void> {
    const { sourceId, which } = this;
    this.#ids = await this.#entries.idsOfSource(this.#collection, sourceId, which, this.#listEntries);
    this.#isWhole = this.#ids.length < this.#listEntries;
  }
}
