import type { CollectionDefinition } from '../../model/collection-definition.ts';
import type {
  ItemHead,
  MarkDocument,
  RunDeliveries,
  SourceDeliveries,
  SourceDocument,
} from './journal-schema.ts';

/** What is known by now, and not stored yet. */
export interface Unstored {
  readonly mark: Omit<MarkDocument, 'pruned'>;
  readonly sources: readonly SourceDocument[];
}

/** What a collection's journal says up to its item `last`: all that decides what may be appended behind it. */
export class JournalState {
  readonly #c: number;
  readonly #sources: Map<string, SourceDeliveries>;
  #last: number;
  #receivedAt: number;
  #definition: CollectionDefinition | undefined;
  #leaving: readonly string[];
  #isGone: boolean;
  #storedTo: number;
  #changed = new Set<string>();

  constructor(c: number, mark: MarkDocument | undefined, sources: readonly SourceDocument[]) {
    this.#c = c;
    this.#sources = new Map(sources.map(({ sourceId, s, token, run }) => [sourceId, { s, token, run }]));
    this.#last = mark?.s ?? 0;
    this.#receivedAt = mark?.at ?? 0;
    this.#definition = mark?.definition;
    this.#leaving = mark?.leaving ?? [];
    this.#isGone = mark?.isGone ?? false;
    this.#storedTo = this.#last;
  }

  get last(): number {
    return this.#last;
  }

  get receivedAt(): number {
    return this.#receivedAt;
  }

  get definition(): CollectionDefinition | undefined {
    return this.#definition;
  }

  /** Sources whose removal is the next to be journaled. */
  get leaving(): readonly string[] {
    return this.#leaving;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The same object for as long as no item says anything new of the source. */
  source(sourceId: string): SourceDeliveries | undefined {
    return this.#sources.get(sourceId);
  }

  /**
   * Takes the item behind the last.
   * @returns Takes it back; what was taken later must be taken back before.
   */
  apply(item: ItemHead): () => void {
    const before = {
      last: this.#last,
      receivedAt: this.#receivedAt,
      definition: this.#definition,
      leaving: this.#leaving,
      isGone: this.#isGone,
    };
    this.#last = item.s;
    this.#receivedAt = item.at;
    const undoSource = this.#applyBody(item);
    return () => {
      undoSource?.();
      this.#last = before.last;
      this.#receivedAt = before.receivedAt;
      this.#definition = before.definition;
      this.#leaving = before.leaving;
      this.#isGone = before.isGone;
    };
  }

  /** How many items are not stored yet. */
  get unstored(): number {
    return this.#last - this.#storedTo;
  }

  /** Counts as stored from here on: where storing it fails, `giveBack` says so. */
  takeUnstored(): Unstored {
    const sources = [...this.#changed].flatMap((sourceId) => {
      const source = this.#sources.get(sourceId);
      return source ? [{ _id: `${this.#c}/${sourceId}`, c: this.#c, sourceId, ...source }] : [];
    });
    const mark = {
      _id: `${this.#c}`,
      c: this.#c,
      s: this.#last,
      at: this.#receivedAt,
      definition: this.#definition,
      leaving: this.#leaving,
      isGone: this.#isGone,
    };
    this.#changed = new Set();
    this.#storedTo = this.#last;
    return { mark, sources };
  }

  giveBack({ mark, sources }: Unstored): void {
    for (const { sourceId } of sources) this.#changed.add(sourceId);
    this.#storedTo = Math.min(this.#storedTo, mark.s - 1);
  }

  #applyBody(item: ItemHead): (() => void) | undefined {
    switch (item.kind) {
      case 'BATCH':
      case 'RUN_COMPLETED':
      case 'LEASE':
        return this.#applyDelivery(item);
      case 'DEFINE':
        this.#leaving = [...this.#leaving, ...takenOut(this.#definition, item.definition)];
        this.#definition = item.definition;
        return;
      case 'SOURCE_REMOVED':
        this.#leaving = this.#leaving.filter((sourceId) => sourceId !== item.sourceId);
        return;
      case 'GONE':
        this.#isGone = true;
        return;
      case 'EXPIRE':
        return;
    }
  }

  #applyDelivery(item: Delivered): (() => void) | undefined {
    const { sourceId } = item;
    const before = this.#sources.get(sourceId);
    // What was stored of a source may be newer than the mark.
    if (before && before.s >= item.s) return;
    this.#sources.set(sourceId, {
      s: item.s,
      token: Math.max(before?.token ?? 0, item.token),
      run: item.kind === 'LEASE' ? before?.run : runBehind(before?.run, item),
    });
    this.#changed.add(sourceId);
    return () => {
      if (before) this.#sources.set(sourceId, before);
      else this.#sources.delete(sourceId);
    };
  }
}

type Delivered = Extract<ItemHead, { readonly kind: 'BATCH' | 'RUN_COMPLETED' | 'LEASE' }>;

function runBehind(
  before: RunDeliveries | undefined,
  item: Exclude<Delivered, { readonly kind: 'LEASE' }>,
): RunDeliveries {
  const run = before?.id === item.runId ? before : { id: item.runId, first: item.run, batches: 0 };
  if (item.kind === 'BATCH') return { ...run, batches: run.batches + 1 };
  return { ...run, completed: item.s };
}

/** Sources that a definition takes out with their data, and the one before did not. */
function takenOut(before: CollectionDefinition | undefined, after: CollectionDefinition): string[] {
  return after.sources
    .filter((source) => source.removed === 'DELETE')
    .filter(({ id }) => before?.sources.find((source) => source.id === id)?.removed !== 'DELETE')
    .map(({ id }) => id);
}
