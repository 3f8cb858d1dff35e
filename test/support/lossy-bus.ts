import { MemoryBus } from '../../platform/adapters/memory-bus.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { Bus, Topic, Topics } from '../../platform/ports/bus.ts';
import type { Closeable } from '../../platform/scope.ts';

/** A bus that loses what is published while it is away, as one between processes does in an outage. */
export class LossyBus implements Bus {
  isAway = false;
  readonly #bus = new MemoryBus(silentLogger);
  readonly #gapListeners = new Set<() => void>();

  get gapListenerCount(): number {
    return this.#gapListeners.size;
  }

  async publish<T extends Topic>(topic: T, message: Topics[T]): Promise<void> {
    if (!this.isAway) await this.#bus.publish(topic, message);
  }

  subscribe<T extends Topic>(topic: T, listener: (message: Topics[T]) => void): Promise<Closeable> {
    return this.#bus.subscribe(topic, listener);
  }

  onGap(listener: () => void): Closeable {
    const own = () => listener();
    this.#gapListeners.add(own);
    return { close: () => void this.#gapListeners.delete(own) };
  }

  /** Delivers again, and says that messages may have been lost. */
  comeBack(): void {
    this.isAway = false;
    for (const listener of [...this.#gapListeners]) listener();
  }

  close(): void {
    this.#bus.close();
  }
}
