import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Closeable } from '../../../platform/scope.ts';

/** Pause after a failed pass, doubled with each further one up to the maximum: upstream's restart is noticed soon. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;

/** A service that starts or is a moment behind another is no reason for a warning: half a second of failing is. */
const FAILURES_TO_WARN = 4;

export interface FollowLoopOptions {
  /** Named in logs. */
  readonly what: Readonly<Record<string, string>>;
  /** Pause after which a pass is made though nobody asked for it. */
  readonly resyncMs: number;
}

/**
 * Makes passes over upstream's state, one at a time: when woken, after a failure, and on a timer. However many
 * wakes come during a pass, they cost one more.
 */
export class FollowLoop implements Closeable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pass: (signal: AbortSignal) => Promise<void>;
  readonly #options: FollowLoopOptions;
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #failures = 0;

  constructor(
    { clock, logger }: { clock: Clock; logger: Logger },
    pass: (signal: AbortSignal) => Promise<void>,
    options: FollowLoopOptions,
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#pass = pass;
    this.#options = options;
  }

  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#isWoken = true;
    if (!this.#running) this.#start();
  }

  /** Resolves when upstream has been asked after this call, or could not be. */
  async sync(): Promise<void> {
    this.wake();
    await this.#running;
  }

  /** Resolves when the pass that runs has ended; none is begun afterwards. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#timer?.close();
    await this.#running;
  }

  #start(): void {
    this.#timer?.close();
    this.#running = this.#passes().finally(() => {
      this.#running = undefined;
      if (this.#stop.signal.aborted) return;
      const retryMs = Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MS_MAX);
      const pauseMs = this.#failures > 0 ? Math.min(retryMs, this.#options.resyncMs) : this.#options.resyncMs;
      this.#timer = this.#clock.schedule(pauseMs, () => this.wake());
    });
  }

  async #passes(): Promise<void> {
    do {
      this.#isWoken = false;
      try {
        await this.#pass(this.#stop.signal);
        if (this.#failures >= FAILURES_TO_WARN) this.#logger.info(this.#options.what, 'following again');
        this.#failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#failures++;
        // Said once: that it goes on failing is no news.
        if (this.#failures === FAILURES_TO_WARN)
          this.#logger.warn({ ...this.#options.what, err: error }, 'following failed, trying again');
        return;
      }
    } while (this.#isWoken && !this.#stop.signal.aborted);
  }
}
