/**
 * An async iterator that asks for a value only when its reader wants one, and waits to be woken where there is
 * none. `return` ends it at once, also while the reader waits; an async generator would first wait for the next
 * value.
 */
export class PullIterator<T> implements AsyncIterableIterator<T> {
  readonly #pull: () => T | undefined;
  readonly #onEnd: () => void;
  #waiting: (() => void)[] = [];
  #isEnded = false;

  /** @param pull The next value, or undefined where there is none now. */
  constructor(pull: () => T | undefined, onEnd: () => void) {
    this.#pull = pull;
    this.#onEnd = onEnd;
  }

  /** Says that there may be a value now. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd();
    this.wake();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (!this.#isEnded) {
      const value = this.#tryPull();
      if (value !== undefined) return { value, done: false };
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    this.end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tryPull(): T | undefined {
    try {
      return this.#pull();
    } catch (error) {
      this.end();
      throw error;
    }
  }
}
