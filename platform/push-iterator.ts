import { TributaryError } from './errors.ts';

export interface PushIteratorOptions {
  /** Called once when the reader leaves, or overflow makes it leave; not where `end` or `fail` said so. */
  readonly onReturn?: () => void;
  /** Values that wait for the reader at the most. @default unbounded: whoever pushes bounds it */
  readonly bufferMax?: number;
  /** Gives the error that a reader who lets the buffer overflow meets. @default a retryable RATE_LIMITED */
  readonly onOverflow?: () => Error;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };

/**
 * An async iterator that is pushed to. Unlike an async generator's, its `return()` takes effect at once, also
 * while a `next()` is pending: a source behind it is released when its reader leaves, not at the next value.
 *
 * Values pushed before `end` or `fail` are still read; `return` drops them.
 */
export class PushIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #options: PushIteratorOptions;
  readonly #values: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PushIteratorOptions = {}) {
    this.#options = options;
  }

  /** Ignored once closed. */
  push(value: T): void {
    if (this.#isClosed) return;
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve({ value, done: false });
    } else if (this.#values.length < (this.#options.bufferMax ?? Number.POSITIVE_INFINITY)) {
      this.#values.push(value);
    } else {
      this.fail(this.#options.onOverflow?.() ?? overflowError());
      this.#options.onReturn?.();
    }
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE);
  }

  /** The next read behind the buffered values rejects with the error, those after it are done. */
  fail(error: unknown): void {
    if (this.#isClosed) return;
    const waiter = this.#waiters.shift();
    if (waiter) waiter.reject(error);
    else this.#failure = { error };
    this.end();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) return Promise.resolve({ value: this.#values.shift() as T, done: false });
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#isClosed) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    const wasClosed = this.#isClosed;
    this.end();
    this.#values.length = 0;
    this.#failure = undefined;
    if (!wasClosed) this.#options.onReturn?.();
    return Promise.resolve(DONE);
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

function overflowError(): Error {
  return new TributaryError('RATE_LIMITED', 'The reader was too slow for what it asked to follow.', {
    retryable: true,
  });
}
