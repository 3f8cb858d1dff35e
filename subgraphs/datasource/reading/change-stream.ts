import type { ChangeCursor } from '../../../platform/model/cursor.ts';
import type { ChangePage } from '../../../platform/model/record.ts';
import { type ChangeStore, CollectionGoneError } from '../../../platform/ports/collection-store.ts';
import type { ChangeHub } from './change-hub.ts';

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };

/**
 * Changes of a collection behind a cursor, without end until the collection is gone. The reader pulls: what
 * happens while it does not ask is read together when it does, so that a slow one costs no memory. `return()`
 * takes effect at once, also while a `next()` is waiting.
 */
export class ChangeStream implements AsyncIterableIterator<ChangePage, undefined> {
  readonly #store: ChangeStore;
  readonly #incarnation: string;
  readonly #pageMax: number;
  readonly #stopListening: () => void;
  #after: ChangeCursor;
  #resetHead: number | undefined;
  #isDone = false;
  #isWoken = true;
  #wait: (() => void) | undefined;
  /** Reads one after the other, however they are asked for. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    { store, hub }: { readonly store: ChangeStore; readonly hub: ChangeHub },
    options: { readonly incarnation: string; readonly after: ChangeCursor; readonly pageMax: number },
  ) {
    this.#store = store;
    this.#incarnation = options.incarnation;
    this.#after = options.after;
    this.#pageMax = options.pageMax;
    this.#stopListening = hub.listen(options.incarnation, {
      onWake: () => this.#wake(),
      onGone: () => this.#end(),
    });
  }

  next(): Promise<IteratorResult<ChangePage, undefined>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  async return(): Promise<IteratorResult<ChangePage, undefined>> {
    this.#end();
    return DONE;
  }

  async throw(error: unknown): Promise<IteratorResult<ChangePage, undefined>> {
    this.#end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  async #next(): Promise<IteratorResult<ChangePage, undefined>> {
    while (!this.#isDone) {
      if (!this.#isWoken) await new Promise<void>((resolve) => (this.#wait = resolve));
      if (this.#isDone) break;
      this.#isWoken = false;
      const page = await this.#read();
      if (this.#isDone || !page) break;
      // Behind a full page there may be more that no event will tell of.
      if (page.version < page.head) this.#isWoken = true;
      if (page.reset || page.changes.length > 0) return { value: page, done: false };
    }
    return DONE;
  }

  /** @returns undefined where the collection is gone. */
  async #read(): Promise<ChangePage | undefined> {
    try {
      const page = await this.#store.changesSince(this.#incarnation, {
        incarnation: this.#after.incarnation,
        version: this.#after.version,
        limit: this.#pageMax,
        resetHead: this.#resetHead,
      });
      if (page.reset) this.#resetHead = page.head;
      if (this.#resetHead !== undefined && page.version >= this.#resetHead) this.#resetHead = undefined;
      this.#after = { incarnation: page.incarnation, version: page.version };
      return page;
    } catch (error) {
      this.#end();
      if (error instanceof CollectionGoneError) return undefined;
      throw error;
    }
  }

  #wake(): void {
    this.#isWoken = true;
    this.#wait?.();
    this.#wait = undefined;
  }

  #end(): void {
    this.#isDone = true;
    this.#stopListening();
    this.#wait?.();
    this.#wait = undefined;
  }
}
