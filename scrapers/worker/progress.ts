import type { Clock } from '../../platform/clock.ts';

/** Between two reports of a run that goes on, in milliseconds: often enough to watch, too seldom to matter. */
const INTERVAL_MS = 2_000;

/** Reports a run's progress now and then. What does not arrive is said by the next report. */
export class ProgressReporter {
  readonly #clock: Clock;
  readonly #send: () => Promise<unknown>;
  #sentAtMs: number;
  #sending: Promise<unknown> | undefined;

  constructor(clock: Clock, send: () => Promise<unknown>) {
    this.#clock = clock;
    this.#send = send;
    this.#sentAtMs = clock.now();
  }

  /** There is progress. Never waits, never throws. */
  tick(): void {
    if (this.#sending || this.#clock.now() - this.#sentAtMs < INTERVAL_MS) return;
    this.#sentAtMs = this.#clock.now();
    this.#sending = this.#send()
      .catch(() => {})
      .finally(() => {
        this.#sending = undefined;
      });
  }

  /** Resolves when nothing is on its way any more, so that no progress arrives behind the run's end. */
  async stop(): Promise<void> {
    await this.#sending;
  }
}
