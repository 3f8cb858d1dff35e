import type { EntryState } from '../../../platform/model/entry-state.ts';
import type {
  EntryPut,
  EntryRemoval,
  FoldCommit,
  FoldState,
  FoldStore,
  HistoryItem,
} from '../../../platform/ports/collection-store.ts';
import { type EntryStep, type FoldRules, foldEntry } from '../fold/fold.ts';

interface Held {
  /** As it is stored. */
  readonly stored: EntryState | undefined;
  readonly current: EntryState | undefined;
  /** Its last removal since it was read. */
  readonly removal?: EntryRemoval | undefined;
}

/**
 * The entries that are being folded, with what has become of them since they were read: several journal items
 * go into one commit, in which an entry is written once and its history in full.
 */
export class WorkingSet {
  state: FoldState;
  readonly #store: FoldStore;
  readonly #incarnation: string;
  readonly #entries = new Map<string, Held>();
  readonly #history: HistoryItem[] = [];

  constructor(store: FoldStore, incarnation: string, state: FoldState) {
    this.#store = store;
    this.#incarnation = incarnation;
    this.state = state;
  }

  get isUntouched(): boolean {
    return this.#entries.size === 0;
  }

  async read(keys: readonly string[]): Promise<void> {
    const missing = keys.filter((key) => !this.#entries.has(key));
    const found = await this.#store.entriesByKey(this.#incarnation, missing);
    for (const key of missing) {
      const stored = found.get(key);
      this.#entries.set(key, { stored, current: stored });
    }
  }

  /** Takes entries that the caller has just read from the store. */
  adopt(entries: readonly EntryState[]): void {
    for (const entry of entries) this.#entries.set(entry.key, { stored: entry, current: entry });
  }

  /** Folds one journal item into one entry. @param at The item's `receivedAt`. */
  fold(key: string, steps: readonly EntryStep[], rules: FoldRules, at: number): void {
    const held = this.#entries.get(key);
    if (!held) throw new Error(`Entry ${key} has not been read.`);
    const { stored, current } = held;
    const { contributions, change, fields } = foldEntry(current, steps, rules);
    if (change === 'REMOVED' && current) {
      const version = this.#nextVersion(key, null, at, -1);
      const { firstSeenAt } = current;
      const removal = { key, version, firstSeenAt, removedAt: at, stored };
      this.#entries.set(key, { stored, current: undefined, removal });
    } else if (change === 'UPSERTED') {
      const version = this.#nextVersion(key, fields, at, current ? 0 : 1);
      const { ordinal, firstSeenAt } = current ?? { ordinal: this.#nextOrdinal(), firstSeenAt: at };
      const entry = { ordinal, key, version, fields, firstSeenAt, updatedAt: at, contributions };
      this.#entries.set(key, { ...held, current: entry });
    } else if (current) {
      this.#entries.set(key, { ...held, current: { ...current, contributions } });
    }
  }

  /** What is to be written; the set is done for then. */
  commit(): FoldCommit {
    const puts: EntryPut[] = [];
    const removals: EntryRemoval[] = [];
    for (const { stored, current, removal } of this.#entries.values()) {
      if (current && current !== stored) puts.push({ entry: current, stored });
      else if (!current && removal) removals.push(removal);
    }
    return { state: this.state, puts, removals, history: this.#history };
  }

  #nextVersion(key: string, fields: HistoryItem['fields'], at: number, countsBy: number): number {
    const version = this.state.head + 1;
    this.#history.push({ version, key, fields, at });
    const entryCount = this.state.entryCount + countsBy;
    this.state = { ...this.state, head: version, entryCount, updatedAt: at };
    return version;
  }

  #nextOrdinal(): number {
    const ordinal = this.state.nextOrdinal;
    this.state = { ...this.state, nextOrdinal: ordinal + 1 };
    return ordinal;
  }
}
