import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type {
  BatchItem,
  DefineItem,
  ExpireItem,
  JournalItem,
  RunCompletedItem,
  SourceRemovedItem,
} from '../../../platform/model/journal.ts';
import { positionOf } from '../../../platform/model/journal.ts';
import type {
  CollectionStore,
  FoldLease,
  FoldState,
  SourceFilter,
} from '../../../platform/ports/collection-store.ts';
import { type EntryStep, expiringSources, type FoldRules, retainOf } from '../fold/fold.ts';
import { redefinition } from '../fold/redefinition.ts';
import { type BatchSteps, batchSteps } from './batch-steps.ts';
import { WorkingSet } from './working-set.ts';

export interface CollectionFoldOptions {
  /** Entries that one commit folds at the most: others wait as long. */
  readonly chunkEntries: number;
  readonly contributionItemsMax: number;
  /** Told how many items were beyond that. */
  readonly onItemsCut?: (count: number) => void;
}

export interface FoldedChunk {
  /** The head, where this chunk moved it. */
  readonly version: number | undefined;
  /** Whether there is more to fold than what may have been journaled meanwhile. */
  readonly hasMore: boolean;
  /** True where the collection is gone and nothing is left of it. */
  readonly isDropped: boolean;
  /** How many entries it went through. */
  readonly entries: number;
  /** When the items that it folded to the end were journaled: milliseconds since 1970. */
  readonly journaledAt: readonly number[];
}

/**
 * Folds one collection's journal, a bounded chunk at a time; each chunk is one commit. What a chunk did depends
 * on the journal only, not on where chunks end, so that folding anew from nothing gives the very same.
 */
export class CollectionFold {
  readonly #store: CollectionStore;
  readonly #incarnation: string;
  readonly #options: CollectionFoldOptions;
  #state: FoldState | undefined;
  /** Read from the journal and not folded to the end; the first may have been begun. */
  #items: JournalItem[] = [];
  /** Whether there was nothing behind them when they were read. */
  #isAtEnd = false;
  #begun: { readonly sequence: number; readonly steps: BatchSteps } | undefined;

  constructor(store: CollectionStore, incarnation: string, options: CollectionFoldOptions) {
    this.#store = store;
    this.#incarnation = incarnation;
    this.#options = options;
  }

  /** Forgets what it knows of the store: another holder may have folded since. */
  reset(): void {
    this.#state = undefined;
    this.#items = [];
    this.#begun = undefined;
  }

  /** As of the last chunk. */
  get state(): FoldState | undefined {
    return this.#state;
  }

  /** @throws {FoldLostError} */
  async foldChunk(lease: FoldLease): Promise<FoldedChunk> {
    const stored = await this.#store.foldState(this.#incarnation);
    if (!stored) {
      const isDropped = await this.#store.dropChunk(lease, this.#options.chunkEntries);
      return { version: undefined, hasMore: !isDropped, isDropped, entries: 0, journaledAt: [] };
    }
    const before = this.#state ?? stored;
    const set = new WorkingSet(this.#store, this.#incarnation, before);
    const { chunkEntries } = this.#options;
    this.#isAtEnd = false;
    const journaledAt: number[] = [];
    let room = chunkEntries;
    let entries = 0;
    while (room > 0) {
      const item = await this.#nextItem(set.state.sequence);
      if (!item) break;
      const folded = await this.#foldItem(item, set, room);
      if (!folded) break;
      room -= Math.max(1, folded.entries);
      entries += folded.entries;
      if (!folded.isDone) break;
      journaledAt.push(item.receivedAt);
      this.#items.shift();
      this.#begun = undefined;
      set.state = { ...set.state, sequence: item.sequence, progress: 0 };
    }
    const isIdle = set.state === before && set.isUntouched;
    try {
      if (!isIdle) await this.#store.commitFold(lease, set.commit());
    } catch (error) {
      this.reset();
      throw error;
    }
    this.#state = set.state;
    const version = set.state.head === before.head ? undefined : set.state.head;
    // What was journaled since then has woken the fold again.
    const hasMore = !isIdle && !(this.#items.length === 0 && this.#isAtEnd);
    return { version, hasMore, isDropped: false, entries, journaledAt };
  }

  async #nextItem(after: number): Promise<JournalItem | undefined> {
    if (this.#items.length === 0 && !this.#isAtEnd) {
      const { chunkEntries } = this.#options;
      this.#items = [...(await this.#store.readJournal(this.#incarnation, after, chunkEntries))];
      this.#isAtEnd = this.#items.reduce((sum, item) => sum + recordsOf(item), 0) < chunkEntries;
    }
    return this.#items[0];
  }

  /** @returns undefined where what came before must be committed first. */
  async #foldItem(item: JournalItem, set: WorkingSet, room: number): Promise<Folded | undefined> {
    if (item.kind === 'BATCH') return this.#foldBatch(item, set, room);
    // The others look entries up by what is stored of them.
    if (!set.isUntouched) return undefined;
    switch (item.kind) {
      case 'RUN_COMPLETED':
        return this.#foldCompletion(item, set, room);
      case 'SOURCE_REMOVED':
        return this.#foldRemoval(item, set, room);
      case 'EXPIRE':
        return this.#foldExpiry(item, set, room);
      case 'DEFINE':
        return this.#foldDefinition(item, set, room);
    }
  }

  /** Progress counts the batch's entries. */
  async #foldBatch(item: BatchItem, set: WorkingSet, room: number): Promise<Folded> {
    const rules = this.#rules(set);
    if (this.#begun?.sequence !== item.sequence) {
      this.#begun = { sequence: item.sequence, steps: batchSteps(item, rules.definition) };
    }
    const { byKey, hasStrays } = this.#begun.steps;
    const from = set.state.progress;
    const chunk = byKey.slice(from, from + room);
    await set.read(chunk.map(([key]) => key));
    for (const [key, steps] of chunk) set.fold(key, steps, rules, item.receivedAt);
    const progress = from + chunk.length;
    set.state = { ...set.state, progress, hasStrays: set.state.hasStrays || hasStrays };
    return { entries: chunk.length, isDone: progress >= byKey.length };
  }

  async #foldCompletion(item: RunCompletedItem, set: WorkingSet, room: number): Promise<Folded> {
    const { sourceId } = item;
    if (retainOf(this.#rules(set).definition, sourceId) !== 'LATEST_RUN') return { entries: 0, isDone: true };
    const run = positionOf(item.run);
    return this.#foldSource(item, set, room, { touchedBefore: run }, { kind: 'VANISH', sourceId, run });
  }

  async #foldRemoval(item: SourceRemovedItem, set: WorkingSet, room: number): Promise<Folded> {
    return this.#foldSource(item, set, room, {}, { kind: 'DISOWN', sourceId: item.sourceId });
  }

  async #foldExpiry(item: ExpireItem, set: WorkingSet, room: number): Promise<Folded> {
    for (const { id: sourceId, retainMs } of expiringSources(this.#rules(set).definition)) {
      const until = item.receivedAt - retainMs;
      const step = { kind: 'EXPIRE', sourceId, until } as const;
      const { entries } = await this.#foldSource(item, set, room, { seenUntil: until }, step);
      // The next source's entries may be the same ones: they are looked up once these are committed.
      if (entries > 0) return { entries, isDone: false };
    }
    return { entries: 0, isDone: true };
  }

  /** The step takes the entries out of what is looked for, so that there is no progress to be kept. */
  async #foldSource(
    item: JournalItem,
    set: WorkingSet,
    room: number,
    which: SourceFilter,
    step: EntryStep & { readonly sourceId: string },
  ): Promise<Folded> {
    const entries = await this.#store.entriesOfSource(this.#incarnation, step.sourceId, which, room);
    set.adopt(entries);
    for (const { key } of entries) set.fold(key, [step], this.#rules(set), item.receivedAt);
    return { entries: entries.length, isDone: entries.length < room };
  }

  /** Progress is the ordinal up to which entries are computed by the new definition. */
  async #foldDefinition(item: DefineItem, set: WorkingSet, room: number): Promise<Folded> {
    const { definition } = item;
    const from = set.state.definition;
    const change = from && redefinition(from, definition, set.state.hasStrays);
    if (from && change?.touchesEntries) {
      const rules = this.#rulesOf(definition);
      const entries = await this.#store.entriesBehind(this.#incarnation, set.state.progress, room);
      set.adopt(entries);
      for (const { key } of entries) set.fold(key, [{ kind: 'REDEFINE', from }], rules, item.receivedAt);
      const progress = entries.at(-1)?.ordinal ?? set.state.progress;
      set.state = { ...set.state, progress };
      if (entries.length === room) return { entries: entries.length, isDone: false };
    }
    const hasStrays = set.state.hasStrays || (change?.makesStrays ?? false);
    set.state = { ...set.state, definition, hasStrays };
    return { entries: 0, isDone: true };
  }

  #rules(set: WorkingSet): FoldRules {
    const { definition } = set.state;
    if (!definition) throw new Error(`Collection ${this.#incarnation} has items before its definition.`);
    return this.#rulesOf(definition);
  }

  #rulesOf(definition: CollectionDefinition): FoldRules {
    const { contributionItemsMax: itemsMax, onItemsCut } = this.#options;
    return { definition, itemsMax, onItemsCut };
  }
}

/** As `readJournal` counts them. */
function recordsOf(item: JournalItem): number {
  return item.kind === 'BATCH' ? Math.max(1, item.records.length + item.seenKeys.length) : 1;
}

interface Folded {
  readonly entries: number;
  readonly isDone: boolean;
}
