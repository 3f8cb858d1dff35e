import type { EntryState } from '../../platform/model/entry-state.ts';
import type {
  CollectionStore,
  EntryPut,
  EntryRemoval,
  FoldCommit,
  FoldState,
  HistoryItem,
} from '../../platform/ports/collection-store.ts';
import { contributionOf, definitionOf, NOW } from './collection-store-builders.ts';

export const INCARNATION = 'books-1';

/** Makes the commits of a fold out of thin air: the same ones however often, on whatever store. */
export class ScriptedFold {
  readonly #entries = new Map<string, EntryState>();
  #state: FoldState = {
    sequence: 0,
    progress: 0,
    definition: definitionOf(),
    head: 0,
    entryCount: 0,
    nextOrdinal: 1,
    updatedAt: undefined,
    hasStrays: false,
  };
  #puts = new Map<string, EntryPut>();
  #removals: EntryRemoval[] = [];
  #history: HistoryItem[] = [];

  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Adds an entry, or gives it other fields. An entry that went in this commit does not come back in it. */
  change(key: string, title: string): this {
    if (this.#removals.some((removal) => removal.key === key)) return this;
    const before = this.#entries.get(key);
    const version = this.#next(key, { title }, before ? 0 : 1);
    const ordinal = before?.ordinal ?? this.#state.nextOrdinal;
    if (!before) this.#state = { ...this.#state, nextOrdinal: ordinal + 1 };
    const at = NOW + version;
    const firstSeenAt = before?.firstSeenAt ?? at;
    const contributions = [contributionOf('library', version, at), contributionOf('shop', version)];
    const fields = { title };
    return this.#put({ ordinal, key, version, fields, firstSeenAt, updatedAt: at, contributions });
  }

  /** A run saw it again as it was. */
  seeAgain(key: string, run: number): this {
    const before = this.#entries.get(key);
    if (!before) return this;
    return this.#put({
      ...before,
      contributions: [contributionOf('library', run, NOW + run), contributionOf('shop', run)],
    });
  }

  remove(key: string): this {
    const entry = this.#entries.get(key);
    if (!entry) return this;
    const stored = this.#puts.has(key) ? this.#puts.get(key)?.stored : entry;
    this.#puts.delete(key);
    this.#entries.delete(key);
    const version = this.#next(key, null, -1);
    const { firstSeenAt } = entry;
    this.#removals.push({ key, version, firstSeenAt, removedAt: NOW + version, stored });
    return this;
  }

  commit(): FoldCommit {
    this.#state = { ...this.#state, sequence: this.#state.sequence + 1 };
    const commit = {
      state: this.#state,
      puts: [...this.#puts.values()],
      removals: this.#removals,
      history: this.#history,
    };
    this.#puts = new Map();
    this.#removals = [];
    this.#history = [];
    return commit;
  }

  #put(entry: EntryState): this {
    const { key } = entry;
    const stored = this.#puts.has(key) ? this.#puts.get(key)?.stored : this.#entries.get(key);
    this.#puts.set(key, { entry, stored });
    this.#entries.set(key, entry);
    return this;
  }

  #next(key: string, fields: HistoryItem['fields'], countsBy: number): number {
    const version = this.#state.head + 1;
    this.#history.push({ version, key, fields, at: NOW + version });
    const entryCount = this.#state.entryCount + countsBy;
    this.#state = { ...this.#state, head: version, entryCount, updatedAt: NOW + version };
    return version;
  }
}

/** All that a store tells of a collection, in pages of whatever size. */
export async function everythingOf(store: CollectionStore, incarnation = INCARNATION) {
  const entries = await store.entriesBehind(incarnation, 0, 10_000);
  const keys = [...entries.map(({ key }) => key), 'nothing'];
  const of = (sourceId: string, which = {}) => store.entriesOfSource(incarnation, sourceId, which, 10_000);
  return {
    state: await store.foldState(incarnation),
    status: await store.status(incarnation),
    entries,
    byKey: [...(await store.entriesByKey(incarnation, keys)).values()].sort((a, b) => a.ordinal - b.ordinal),
    ofShop: await of('shop'),
    early: await of('shop', { touchedBefore: 8 }),
    due: await of('library', { seenUntil: NOW + 9 }),
    oldest: await store.oldestSeenAt(incarnation, 'library'),
    history: await store.history(incarnation, 0, 10_000),
    changes: await store.changesSince(incarnation, { incarnation, version: 0, limit: 10_000 }),
    later: await store.changesSince(incarnation, { incarnation, version: 3, limit: 3 }),
    anew: await store.changesSince(incarnation, { incarnation: undefined, version: 0, limit: 10_000 }),
  };
}

/** Numbers in [0, below): the same ones for the same seed. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    // A linear congruential generator: good enough to mix commands.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
