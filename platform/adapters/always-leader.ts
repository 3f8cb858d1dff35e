import { ClosedError } from '../errors.ts';
import { createLogger, type Logger } from '../logger.ts';
import type { Leadership } from '../ports/leadership.ts';
import type { Closeable } from '../scope.ts';

/** Leadership of a process that has no rivals: it leads until it is closed. */
export class AlwaysLeader implements Leadership {
  readonly #logger: Logger;
  readonly #listeners = new Set<(isLeader: boolean) => void>();
  #isClosed = false;

  constructor(logger: Logger = createLogger('leadership', 'error')) {
    this.#logger = logger;
  }

  isLeader(): boolean {
    return !this.#isClosed;
  }

  isOtherLeading(): boolean {
    return false;
  }

  watch(listener: (isLeader: boolean) => void): Closeable {
    if (this.#isClosed) throw new ClosedError('The leadership');
    // A listener of its own for each call, so that the same function can listen twice.
    const own = (isLeader: boolean) => this.#call(listener, isLeader);
    this.#listeners.add(own);
    own(true);
    return { close: () => void this.#listeners.delete(own) };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#listeners) listener(false);
    this.#listeners.clear();
  }

  #call(listener: (isLeader: boolean) => void, isLeader: boolean): void {
    try {
      listener(isLeader);
    } catch (error) {
      this.#logger.error({ err: error }, 'leadership listener failed');
    }
  }
}
