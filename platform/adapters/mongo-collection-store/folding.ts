import type { Collection, Filter } from 'mongodb';
import type { EntryState } from '../../model/entry-state.ts';
import {
  type FoldCommit,
  type FoldLease,
  FoldLostError,
  type FoldState,
  type FoldStore,
  type SourceFilter,
} from '../../ports/collection-store.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import { type CommitLog, foldStateOf } from './commit-log.ts';
import { MongoEntries } from './entries.ts';
import { FoldSession } from './fold-session.ts';
import { FoldLeases } from './leases.ts';
import { type FoldCollections, idsOf } from './schema.ts';
import { SourceWork } from './source-work.ts';

/** What is left of a collection elsewhere. @returns Whether nothing is. */
export type DropRest = (collection: CatalogueEntry, limit: number) => Promise<boolean>;

interface Held {
  readonly token: number;
  session?: FoldSession | undefined;
  work?: SourceWork | undefined;
}

/**
 * The folds of this process: the lease of each, and what is known under it. Entries are read for folding: only
 * whoever holds the fold is told of those that are committed and not applied yet.
 */
export class MongoFolds implements FoldStore {
  readonly #collections: FoldCollections;
  readonly #catalogue: Catalogue;
  readonly #log: CommitLog;
  readonly #dropRest: DropRest;
  readonly #leases: FoldLeases;
  readonly #entries: MongoEntries;
  readonly #held = new Map<number, Held>();

  constructor(collections: FoldCollections, catalogue: Catalogue, log: CommitLog, dropRest: DropRest) {
    this.#collections = collections;
    this.#catalogue = catalogue;
    this.#log = log;
    this.#dropRest = dropRest;
    this.#leases = new FoldLeases(collections);
    this.#entries = new MongoEntries(collections);
  }

  async acquireFold(
    incarnation: string,
    holder: string,
    ttlMs: number,
    nowMs: number,
  ): Promise<FoldLease | undefined> {
    const collection = await this.#catalogue.find(incarnation);
    if (!collection) return undefined;
    const token = await this.#leases.acquire(collection.number, holder, ttlMs, nowMs);
    if (token === undefined) return undefined;
    if (this.#held.get(collection.number)?.token !== token) this.#held.set(collection.number, { token });
    // What the holder before has committed is in the entries now, and nothing of it comes any more.
    return (await this.#session(collection.number)) && { incarnation, token };
  }

  async releaseFold({ incarnation, token }: FoldLease): Promise<void> {
    const collection = await this.#catalogue.known(incarnation);
    if (!collection) return;
    const held = this.#held.get(collection.number);
    if (held?.token === token) {
      this.#held.delete(collection.number);
      // What cannot be applied now is applied by whoever folds next.
      await held.session?.applier.finish().catch(() => {});
    }
    await this.#leases.release(collection.number, token);
  }

  async foldState(incarnation: string): Promise<FoldState | undefined> {
    const collection = await this.#catalogue.known(incarnation);
    if (!collection || collection.isDeleted) return undefined;
    const session = await this.#session(collection.number);
    return session?.state ?? foldStateOf((await this.#log.tip(collection.number)).tip);
  }

  async entriesByKey(incarnation: string, keys: readonly string[]): Promise<ReadonlyMap<string, EntryState>> {
    const found = new Map<string, EntryState>();
    const collection = await this.#catalogue.known(incarnation);
    if (!collection) return found;
    const session = this.#held.get(collection.number)?.session;
    const applied: string[] = [];
    for (const key of keys) {
      const entry = session ? session.applier.pending(key) : 'APPLIED';
      if (entry === 'APPLIED') applied.push(key);
      else if (entry) found.set(key, entry);
    }
    for (const entry of await this.#entries.byKey(collection.number, applied)) found.set(entry.key, entry);
    return found;
  }

  async entriesBehind(incarnation: string, ordinal: number, limit: number): Promise<readonly EntryState[]> {
    const collection = await this.#catalogue.known(incarnation);
    if (!collection) return [];
    const held = await this.#applied(collection.number);
    const { nextOrdinal } = held?.session?.state ?? (await this.#log.tip(collection.number)).tip.state;
    return this.#entries.behind(collection.number, ordinal, nextOrdinal, limit);
  }

  async entriesOfSource(
    incarnation: string,
    sourceId: string,
    which: SourceFilter,
    limit: number,
  ): Promise<readonly EntryState[]> {
    const collection = await this.#catalogue.known(incarnation);
    if (!collection) return [];
    const held = await this.#applied(collection.number);
    if (held?.work?.isOf(sourceId, which)) return held.work.next(limit);
    const found = await this.#entries.ofSource(collection.number, sourceId, which, limit);
    if (held) {
      const isMore = found.length === limit;
      held.work = isMore ? new SourceWork(this.#entries, collection.number, sourceId, which) : undefined;
    }
    return found;
  }

  async oldestSeenAt(incarnation: string, sourceId: string): Promise<number | undefined> {
    const collection = await this.#catalogue.known(incarnation);
    if (!collection) return undefined;
    await this.#applied(collection.number);
    return this.#entries.oldestSeenAt(collection.number, sourceId);
  }

  async commitFold({ incarnation, token }: FoldLease, commit: FoldCommit): Promise<void> {
    const collection = await this.#catalogue.known(incarnation);
    const held = collection && this.#held.get(collection.number);
    // What the commit follows from is what this session told, and no other.
    if (!collection || !held?.session || held.token !== token) throw new FoldLostError(incarnation);
    const { number } = collection;
    try {
      if (!(await held.session.commit(commit))) {
        this.#held.delete(number);
        throw new FoldLostError(incarnation);
      }
    } catch (error) {
      // Whether it was done, the log tells.
      this.#forget(held);
      throw error;
    }
    if (held.work?.isExtendedBy(commit.puts)) held.work = undefined;
  }

  async dropChunk({ incarnation, token }: FoldLease, limit: number): Promise<boolean> {
    const collection = await this.#catalogue.find(incarnation);
    if (!collection) return true;
    const { number } = collection;
    if (!(await this.#leases.isHeld(number, token))) throw new FoldLostError(incarnation);
    // A log that has not been applied could not be read any more once a part of it is dropped.
    if (!(await this.#session(number))) throw new FoldLostError(incarnation);
    await this.#applied(number);
    if (!(await this.#dropOwn(number, limit)) || !(await this.#dropRest(collection, limit))) return false;
    await this.#collections.folds.deleteOne({ _id: number });
    await this.#catalogue.remove(incarnation);
    this.#held.delete(number);
    return true;
  }

  /** Waits until what this process has committed is applied, or cannot be. */
  async caughtUp(number: number): Promise<void> {
    await this.#held.get(number)?.session?.applier.caughtUp();
  }

  /** Sequence up to which each collection is folded, and will be whatever happens. */
  async foldedUpTo(numbers: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { folds } = this.#collections;
    const found = await folds.find({ _id: { $in: [...numbers] } }, { projection: { state: 1 } }).toArray();
    const sequences = new Map(found.map(({ _id, state }) => [_id, state?.sequence ?? 0]));
    // What is committed counts, though it may not be applied yet; of others' folds it is soon.
    for (const [number, { session }] of this.#held) {
      if (session && sequences.has(number)) sequences.set(number, session.state.sequence);
    }
    return sequences;
  }

  async close(): Promise<void> {
    const sessions = [...this.#held.values()].flatMap(({ session }) => session ?? []);
    this.#held.clear();
    await Promise.all(sessions.map(({ applier }) => applier.finish().catch(() => {})));
  }

  /** Opens one where there is none. @returns undefined where this process does not hold the fold. */
  async #session(number: number): Promise<FoldSession | undefined> {
    const held = this.#held.get(number);
    if (!held || held.session) return held?.session;
    const session = await FoldSession.open(this.#collections, this.#log, number, held.token);
    if (this.#held.get(number) !== held) return undefined;
    if (session) held.session = session;
    else this.#held.delete(number);
    return session;
  }

  /** What is held of a fold, with all that it committed applied. */
  async #applied(number: number): Promise<Held | undefined> {
    const held = this.#held.get(number);
    try {
      await held?.session?.applier.idle();
    } catch (error) {
      if (held) this.#forget(held);
      throw error;
    }
    return held;
  }

  #forget(held: Held): void {
    held.session = undefined;
    held.work = undefined;
  }

  async #dropOwn(number: number, limit: number): Promise<boolean> {
    const { commits, parts, entries } = this.#collections;
    const dropped = await Promise.all([
      dropSome(entries, number, limit),
      dropSome(commits, number, limit),
      dropSome(parts, number, limit),
    ]);
    return dropped.every((count) => count < limit);
  }
}

async function dropSome<T extends { _id: string }>(from: Collection<T>, number: number, limit: number) {
  const range = { _id: idsOf(number) } as Filter<T>;
  const found = await from
    .find(range, { projection: { _id: 1 } })
    .limit(limit)
    .toArray();
  const ids = found.map(({ _id }) => _id);
  if (ids.length > 0) await from.deleteMany({ _id: { $in: ids } } as unknown as Filter<T>);
  return ids.length;
}
