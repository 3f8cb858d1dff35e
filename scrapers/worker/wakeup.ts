import type { Clock } from '../../platform/clock.ts';

/** Lets a loop wait for a time or for being woken. Being woken while it does not wait is not forgotten. */
export class Wakeup {
  readonly #clock: Clock;
  #isWoken = false;
  #resume: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#isWoken = true;
    this.#resume?.();
  }

  /** @param timeoutMs `Infinity` waits for `wake` alone. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#isWoken && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(timeoutMs) ? this.#clock.schedule(timeoutMs, resolve) : undefined;
        this.#resume = () => {
          timer?.close();
          resolve();
        };
      });
      this.#resume = undefined;
    }
    this.#isWoken = false;
  }
}
