import { ClosedError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Bus, Topic, Topics } from '../ports/bus.ts';
import type { Closeable } from '../scope.ts';

/** Bus within one process: listeners are called in order, in a microtask of their own. */
export class MemoryBus implements Bus {
  readonly #logger: Logger;
  readonly #listeners = new Map<Topic, Set<(message: never) => void>>();
  #isClosed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  async publish<T extends Topic>(topic: T, message: Topics[T]): Promise<void> {
    if (this.#isClosed) throw new ClosedError('The bus');
    const listeners = [...(this.#listeners.get(topic) ?? [])];
    for (const listener of listeners) queueMicrotask(() => this.#call(topic, listener, message));
  }

  async subscribe<T extends Topic>(topic: T, listener: (message: Topics[T]) => void): Promise<Closeable> {
    if (this.#isClosed) throw new ClosedError('The bus');
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    // A listener of its own for each call, so that the same function can listen twice.
    const own = (message: never) => listener(message);
    listeners.add(own);
    return { close: () => void listeners.delete(own) };
  }

  /** Nothing is ever lost between a publisher and a listener of one process. */
  onGap(): Closeable {
    if (this.#isClosed) throw new ClosedError('The bus');
    return { close() {} };
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
  }

  #call<T extends Topic>(topic: T, listener: (message: never) => void, message: Topics[T]): void {
    if (!this.#listeners.get(topic)?.has(listener)) return;
    try {
      listener(message as never);
    } catch (error) {
      this.#logger.error({ err: error, topic }, 'bus listener failed');
    }
  }
}
