import type { Logger } from './logger.ts';
import type { Closeable } from './scope.ts';

/** Those who want to be told of something. One that throws disturbs no other. */
export class Listeners<T> {
  readonly #logger: Logger;
  readonly #what: string;
  readonly #listeners = new Set<(value: T) => void>();

  /** @param what Named in logs. */
  constructor(logger: Logger, what: string) {
    this.#logger = logger;
    this.#what = what;
  }

  /** Calls the listener at once with what is known, if it is said. */
  add(listener: (value: T) => void, ...known: readonly [] | readonly [T]): Closeable {
    // One of its own for each call, so that the same function can listen twice.
    const own = (value: T) => this.#call(listener, value);
    this.#listeners.add(own);
    for (const value of known) own(value);
    return { close: () => void this.#listeners.delete(own) };
  }

  tell(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }

  clear(): void {
    this.#listeners.clear();
  }

  #call(listener: (value: T) => void, value: T): void {
    try {
      listener(value);
    } catch (error) {
      this.#logger.error({ err: error, watched: this.#what }, 'listener failed');
    }
  }
}
