import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Closeable } from '../../../platform/scope.ts';

export interface ChangeListener {
  /** The collection may have changed: read it. */
  onWake(): void;
  /** The collection is gone. */
  onGone(): void;
}

/** Hands the bus's one stream of changes to the readers of each collection, and wakes all of them at each resync. */
export class ChangeHub implements Closeable {
  readonly #clock: Clock;
  readonly #resyncMs: number;
  readonly #listeners = new Map<string, Set<ChangeListener>>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(clock: Clock, resyncMs: number) {
    this.#clock = clock;
    this.#resyncMs = resyncMs;
    this.#plan();
  }

  /** @returns Stops listening. */
  listen(incarnation: string, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(incarnation) ?? new Set();
    this.#listeners.set(incarnation, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(incarnation) === listeners) {
        this.#listeners.delete(incarnation);
      }
    };
  }

  wake(incarnation: string): void {
    for (const listener of [...(this.#listeners.get(incarnation) ?? [])]) listener.onWake();
  }

  wakeAll(): void {
    for (const incarnation of [...this.#listeners.keys()]) this.wake(incarnation);
  }

  gone(incarnation: string): void {
    for (const listener of [...(this.#listeners.get(incarnation) ?? [])]) listener.onGone();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.close();
    for (const incarnation of [...this.#listeners.keys()]) this.gone(incarnation);
  }

  #plan(): void {
    this.#timer = this.#clock.schedule(this.#resyncMs, () => {
      this.wakeAll();
      if (!this.#isClosed) this.#plan();
    });
  }
}
