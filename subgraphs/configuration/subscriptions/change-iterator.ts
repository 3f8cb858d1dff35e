import { PushIterator } from '../../../platform/push-iterator.ts';
import { Scope } from '../../../platform/scope.ts';

/** Different things that wait for one slow reader: every source of a full installation; ids only, so some megabytes. */
const WAITING_MAX = 50_000;

/**
 * Follows things that change, by id: each read gives the state of the thing that has waited longest, as it
 * is at that moment. A thing that changes again while it waits is read once.
 */
export class ChangeIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #ids: PushIterator<string>;
  readonly #waiting = new Set<string>();
  readonly #read: (id: string) => Promise<T | undefined> | T | undefined;
  readonly #onReturn: () => void;

  /** @param read Gives undefined where there is nothing to tell of it. */
  constructor(read: (id: string) => Promise<T | undefined> | T | undefined, onReturn: () => void) {
    this.#read = read;
    this.#onReturn = onReturn;
    this.#ids = new PushIterator({ bufferMax: WAITING_MAX, onReturn });
  }

  push(id: string): void {
    if (this.#waiting.has(id)) return;
    this.#waiting.add(id);
    this.#ids.push(id);
  }

  /** Ends it: its reader learns that it was not told all, and follows anew. */
  fail(error: unknown): void {
    this.#ids.fail(error);
    this.#onReturn();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const result = await this.#ids.next();
      if (result.done) return result;
      this.#waiting.delete(result.value);
      const value = await this.#readOrEnd(result.value);
      if (value !== undefined) return { value, done: false };
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.#ids.return();
    return { value: undefined, done: true };
  }

  /** Whoever meets an error here never calls `return`. */
  async #readOrEnd(id: string): Promise<T | undefined> {
    try {
      return await this.#read(id);
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** Opens what feeds an iterator; whatever was opened is closed when its reader leaves. */
export async function openChanges<T>(
  read: (id: string) => Promise<T | undefined> | T | undefined,
  open: (changes: Pick<ChangeIterator<T>, 'push' | 'fail'>, opened: Scope) => Promise<void>,
): Promise<ChangeIterator<T>> {
  const opened = new Scope();
  const close = () => void opened.close().catch(() => {});
  const changes = new ChangeIterator<T>(read, close);
  try {
    await open(changes, opened);
  } catch (error) {
    close();
    throw error;
  }
  return changes;
}
