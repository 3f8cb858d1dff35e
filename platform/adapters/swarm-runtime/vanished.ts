import type { Clock } from '../../clock.ts';

/**
 * How long a service that somebody else removed stays away. `docker stack rm` removes the services of a stack one after
 * the other, workers before their orchestrator, which goes some seconds later: what it made in between would be left
 * behind.
 */
export const VANISHED_MS = 5_000;

/** Which pools had a service a moment ago, and have none although we did not remove it. */
export class Vanished {
  readonly #clock: Clock;
  readonly #there = new Set<string>();
  readonly #goneAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param pools All that there are now. */
  note(pools: readonly string[]): void {
    const now = this.#clock.now();
    for (const pool of this.#there) {
      if (!pools.includes(pool)) this.#goneAt.set(pool, now);
    }
    this.#there.clear();
    for (const pool of pools) {
      this.#there.add(pool);
      this.#goneAt.delete(pool);
    }
    for (const [pool, goneAt] of this.#goneAt) if (now - goneAt >= VANISHED_MS) this.#goneAt.delete(pool);
  }

  /** We removed it ourselves. */
  forget(pool: string): void {
    this.#there.delete(pool);
    this.#goneAt.delete(pool);
  }

  has(pool: string): boolean {
    const goneAt = this.#goneAt.get(pool);
    return goneAt !== undefined && this.#clock.now() - goneAt < VANISHED_MS;
  }
}
