import { PushIterator } from '../../../platform/push-iterator.ts';
import type { Closeable } from '../../../platform/scope.ts';

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

  /** @param read Gives undefined where there is nothing to tell of it. */
  constructor(read: (id: string) => Promise<T | undefined> | T | undefined, onReturn: () => void) {
    this.#read = read;
    this.#ids = new PushIterator({ bufferMax: WAITING_MAX, onReturn });
  }

  push(id: string): void {
    if (this.#waiting.has(id)) return;
    this.#waiting.add(id);
    this.#ids.push(id);
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const result = await this.#ids.next();
      if (result.done) return result;
      this.#waiting.delete(result.value);
      const value = await this.#read(result.value);
      if (value !== undefined) return { value, done: false };
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.#ids.return();
    return { value: undefined, done: true };
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
  open: (push: (id: string) => void) => Promise<readonly Closeable[]>,
): Promise<ChangeIterator<T>> {
  let sources: readonly Closeable[] = [];
  const changes = new ChangeIterator<T>(read, () => {
    for (const source of sources) void source.close();
  });
  sources = await open((id) => changes.push(id));
  return changes;
}
