import { setTimeout as pause } from 'node:timers/promises';
import { MongoBulkWriteError } from 'mongodb';
import { ClosedError, UnavailableError } from '../../errors.ts';
import { type Appended, CollectionGoneError } from '../../ports/collection-store.ts';
import type { Append, Found, Step } from './deliveries.ts';
import { type ItemHead, itemKey, type JournalCollections, type JournalDocument } from './journal-schema.ts';
import type { JournalState } from './journal-state.ts';
import { JournalTail } from './journal-tail.ts';

interface Waiting {
  readonly append: Append;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
  found?: { readonly told: Found; readonly source: unknown } | undefined;
  /** Whether the journal was read to its end since it came. */
  hasTail?: boolean;
}

interface Tried {
  readonly waiting: Waiting;
  readonly document: JournalDocument;
  readonly isLast: boolean;
  readonly undo: () => void;
}

/** Appends that wait for one collection: a second's work; whoever comes later is to come again. */
const WAITING_MAX = 500;

/** Items written in one go, and their payloads' characters: a hundredth of a second's work, one message. */
const GROUP_ITEMS_MAX = 64;
const GROUP_LENGTH_MAX = 4 * 1_024 * 1_024;

/** How often others may be first with a sequence before an append is given up. Each time, one of them goes on. */
const CONFLICTS_MAX = 64;

/** The longest pause where what took a sequence is not to be seen yet: servers tell it once a majority has it. */
const PAUSE_MS_MAX = 32;

/** How long a collection is taken to be shared since another process was last seen to append to it. */
const SHARED_MS = 1_000;

/** Items that a start reads behind what is stored: some milliseconds' work. */
const UNSTORED_MAX = 256;

/** After this time all is stored though it be less: a collection that is idle is to be pruned as well. */
const STORE_AFTER_MS = 1_000;

/**
 * How long what was read of the journal may be relied upon unseen. Items are kept for longer than that, so what
 * is appended at a sequence that others have filled meets their items, and is refused.
 */
const FRESH_MS = 10_000;

/**
 * Appends to the journal of one collection, which other processes append to as well: whoever has read all up to its last
 * item, and is the first to insert the next, has decided by the whole of it. Appends of this process go one after the other.
 */
export class JournalAppender {
  readonly #tables: JournalCollections;
  readonly #tail: JournalTail;
  readonly #c: number;
  readonly #writer: string;
  readonly #waiting: Waiting[] = [];
  #state: JournalState | undefined;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #conflicts = 0;
  /** Whether the journal was not read since our last write. */
  #isBehindOwn = false;
  #sharedUntilMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #storing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** What whoever comes from here on is refused with. */
  #ended: Error | undefined;

  /** @param writer Names this process among those that append. */
  constructor(tables: JournalCollections, c: number, writer: string) {
    this.#tables = tables;
    this.#tail = new JournalTail(tables, c);
    this.#c = c;
    this.#writer = writer;
  }

  /** @throws What `decide` refuses with. @throws {UnavailableError} Too much waits, or others were always first. */
  append(append: Append): Promise<Appended> {
    if (this.#ended) throw this.#ended;
    if (this.#waiting.length >= WAITING_MAX) {
      throw new UnavailableError(`${WAITING_MAX} appends wait for the collection.`);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ append, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Stores what is known, up to the journal's end. */
  async settle(): Promise<void> {
    await this.append({
      nowMs: 0,
      decide: ({ last }) => ({
        does: 'ANSWER',
        outcome: { sequence: last, isDuplicate: true },
        wantsTail: true,
      }),
      isToStore: true,
    });
    await this.#storing;
  }

  /** What is being written is waited for, what waits is refused, and what is known is stored. */
  async close(): Promise<void> {
    this.#ended ??= new ClosedError('The journal');
    await this.#running;
    this.#store();
    await this.#storing;
  }

  /** The collection is gone: nothing more is appended or stored. */
  discard(error: CollectionGoneError): void {
    this.#ended ??= error;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        if (this.#ended) throw this.#ended;
        await this.#step();
      } catch (error) {
        // Whether it was written is not known; and what waits would only wait for the same.
        this.#confirmedAtMs = Number.NEGATIVE_INFINITY;
        this.#refuse(error);
      }
      if (this.#state && this.#state.unstored >= UNSTORED_MAX) this.#store();
    }
    this.#running = undefined;
    if (this.#state && this.#state.unstored > 0 && !this.#ended) this.#timer ??= this.#storeLater();
  }

  async #step(): Promise<void> {
    const state = await this.#fresh();
    const group = this.#gather(state);
    if (group.length > 0) return this.#insert(group);
    const [first] = this.#waiting;
    if (!first) return;
    const step = this.#decide(state, first);
    if (step.does === 'LOOK_UP') return this.#lookUp(state, first);
    if (step.does !== 'ANSWER') return;
    if (step.wantsTail && !first.hasTail) {
      await this.#follow();
      first.hasTail = true;
      return;
    }
    this.#waiting.shift();
    if (first.append.isToStore) this.#store();
    if (step.outcome instanceof Error) first.reject(step.outcome);
    else first.resolve(step.outcome);
  }

  #decide(state: JournalState, { append, found }: Waiting): Step {
    const isOfNow = found && (found.told.item || found.source === sourceOf(state, append));
    return append.decide(state, isOfNow ? found.told : undefined);
  }

  /** Appends that can be written now, as if those before were: up to the first that answers without, or must ask. */
  #gather(state: JournalState): Tried[] {
    const group: Tried[] = [];
    let length = 0;
    for (const waiting of this.#waiting) {
      const step = this.#decide(state, waiting);
      if (step.does !== 'JOURNAL') break;
      const { name, body, isLast } = step;
      const s = state.last + 1;
      const place = { _id: itemKey(this.#c, s), name, c: this.#c, s, writer: this.#writer };
      const at = Math.max(state.receivedAt, waiting.append.nowMs);
      const document: JournalDocument = { ...place, at, ...body };
      group.push({ waiting, document, isLast, undo: state.apply(document) });
      length += body.kind === 'BATCH' ? body.payload.length : 0;
      if (!isLast || group.length >= GROUP_ITEMS_MAX || length >= GROUP_LENGTH_MAX) break;
    }
    return group;
  }

  async #insert(group: readonly Tried[]): Promise<void> {
    const beganAtMs = performance.now();
    try {
      await this.#tables.items.insertMany(group.map(({ document }) => document));
    } catch (error) {
      const inserted = insertedBeforeConflict(error);
      for (const { undo } of group.slice(inserted ?? 0).reverse()) undo();
      if (inserted === undefined) throw error;
      this.#written(group.slice(0, inserted));
      await this.#conflict(group.slice(inserted));
      return;
    }
    if (performance.now() - this.#confirmedAtMs > FRESH_MS && (await this.#isForgotten(group))) {
      this.#state = undefined;
      return;
    }
    this.#confirmedAtMs = beganAtMs;
    this.#isBehindOwn = true;
    this.#conflicts = 0;
    this.#written(group);
  }

  /** After a long sleep in the middle of it: where others were there, and are forgotten, it is taken back. */
  async #isForgotten(group: readonly Tried[]): Promise<boolean> {
    const first = group[0]?.document.s ?? 0;
    if ((await this.#tail.pruned()) < first) return false;
    const ids = group.map(({ document }) => document._id);
    await this.#tables.items.deleteMany({ _id: { $in: ids }, writer: this.#writer });
    return true;
  }

  #written(group: readonly Tried[]): void {
    for (const { waiting, document, isLast } of group) {
      if (!isLast) continue;
      this.#waiting.shift();
      waiting.resolve({ sequence: document.s, isDuplicate: false });
    }
  }

  /**
   * The first of the group was refused. Either its sequence is taken, which the journal's tail tells: by another
   * process, or by ourselves, where the driver sent it twice. Or what it says was journaled long ago.
   */
  async #conflict(group: readonly Tried[]): Promise<void> {
    this.#conflicts += 1;
    if (this.#conflicts > CONFLICTS_MAX) {
      this.#conflicts = 0;
      throw new UnavailableError('Other replicas were always first to append to the collection.');
    }
    const tail = await this.#follow();
    const state = this.#state;
    if (!state) return;
    const byKey = new Map(tail.map((head) => [head._id, head]));
    const taken = group.findIndex(({ document }) => !isSame(document, byKey.get(document._id)));
    const own = taken === -1 ? group.length : taken;
    this.#written(group.slice(0, own));
    const others = group.slice(own);
    const byName = new Map(tail.map((head) => [head.name, head]));
    for (const { waiting, document } of others) {
      const item = document.name !== undefined && byName.get(document.name);
      if (item) this.#found(state, waiting, { item, isBegun: true });
    }
    const [first] = others;
    if (!first || byKey.has(first.document._id)) return;
    await this.#lookUp(state, first.waiting);
    if (this.#conflicts > 2) await pause(Math.random() * Math.min(2 ** this.#conflicts, PAUSE_MS_MAX));
  }

  async #lookUp(state: JournalState, waiting: Waiting): Promise<void> {
    const { lookUp } = waiting.append;
    if (!lookUp) return;
    const { name, begins } = lookUp;
    const [item, begun] = await Promise.all([
      this.#tables.items.findOne({ name }, { projection: { c: 1, s: 1 } }),
      this.#tables.items.findOne({ begins }, { projection: { _id: 1 } }),
    ]);
    this.#found(state, waiting, { item: item ?? undefined, isBegun: begun !== null });
  }

  #found(state: JournalState, waiting: Waiting, told: Found): void {
    waiting.found = { told, source: sourceOf(state, waiting.append) };
  }

  async #fresh(): Promise<JournalState> {
    const isFresh = performance.now() - this.#confirmedAtMs < FRESH_MS;
    // Where others append, too, the next sequence is likely taken. Reading first is cheaper than being refused, and
    // fair: whoever wrote last would else be the first again and again.
    const isLikelyTaken = this.#isBehindOwn && performance.now() < this.#sharedUntilMs;
    if (!this.#state || !isFresh || isLikelyTaken) await this.#follow();
    if (!this.#state) throw new UnavailableError('The journal is being pruned: try again.');
    return this.#state;
  }

  async #follow(): Promise<readonly ItemHead[]> {
    const beganAtMs = performance.now();
    const hadState = this.#state !== undefined;
    let tail: readonly ItemHead[] | undefined;
    // Loaded anew where it was pruned meanwhile; once more, where that happened again.
    for (let loads = 0; !tail && loads < 3; loads++) {
      this.#state ??= await this.#tail.load();
      tail = await this.#tail.follow(this.#state);
      if (!tail) this.#state = undefined;
    }
    if (this.#state) this.#confirmedAtMs = beganAtMs;
    this.#isBehindOwn = false;
    const isOthers = hadState && tail?.some(({ writer }) => writer !== this.#writer);
    if (isOthers) this.#sharedUntilMs = beganAtMs + SHARED_MS;
    return tail ?? [];
  }

  #refuse(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Only where nothing is being tried: the state holds what is journaled, and nothing else. */
  #store(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const state = this.#state;
    // What is gone is being dropped.
    if (!state || state.unstored <= 0 || state.isGone || this.#ended instanceof CollectionGoneError) return;
    const unstored = state.takeUnstored();
    this.#storing = this.#storing
      .then(() => this.#tail.store(unstored))
      // The journal has it all: a start only has more to read.
      .catch(() => state.giveBack(unstored));
  }

  #storeLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      // Else the run itself plans it, at its end.
      if (!this.#running) this.#store();
    }, STORE_AFTER_MS).unref();
  }
}

function sourceOf(state: JournalState, { lookUp }: Append): unknown {
  return lookUp && state.source(lookUp.sourceId);
}

/** Whether an item is the one that was tried, by the same process. */
function isSame(tried: JournalDocument, item: ItemHead | undefined): boolean {
  return item?.writer === tried.writer && item.kind === tried.kind && item.name === tried.name;
}

/**
 * Codes of a sequence or name that is taken: a duplicate key; or a write conflict, by which compatible servers refuse
 * one of two that write the same at once.
 */
const CONFLICT_CODES: ReadonlySet<unknown> = new Set([11_000, 112]);

/** How many were inserted before one that is taken; undefined where it is not known what is stored. */
function insertedBeforeConflict(error: unknown): number | undefined {
  if (!(error instanceof MongoBulkWriteError) || !CONFLICT_CODES.has(error.code)) return undefined;
  return error.result.getWriteConcernError() ? undefined : error.insertedCount;
}
