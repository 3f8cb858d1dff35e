import type { Clock, Timer } from '../clock.ts';
import { ClosedError } from '../errors.ts';
import { reasonOf } from '../failure-log.ts';
import type { Logger } from '../logger.ts';
import type { Closeable } from '../scope.ts';

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
  #next: Promise<void> | undefined;
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
    // A pass that fails is said and made again by the loop itself.
    this.sync().catch(() => {});
  }

  /**
   * Resolves when a pass has ended that began after this call.
   *
   * @throws What that pass threw; it is made again later anyway. {ClosedError} There is none any more.
   */
  sync(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(new ClosedError('The loop'));
    if (!this.#running) return this.#start();
    // The pass that runs may have read before the call: all who call meanwhile share one more.
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.sync();
      });
    return this.#next;
  }

  /** Resolves when the pass that runs has ended; none is begun afterwards. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#timer?.close();
    await this.#running?.catch(() => {});
  }

  #start(): Promise<void> {
    this.#timer?.close();
    this.#running = this.#once().finally(() => {
      this.#running = undefined;
      if (this.#stop.signal.aborted) return;
      const retryMs = Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MS_MAX);
      const pauseMs = this.#failures > 0 ? Math.min(retryMs, this.#options.resyncMs) : this.#options.resyncMs;
      this.#timer = this.#clock.schedule(pauseMs, () => this.wake());
    });
    return this.#running;
  }

  async #once(): Promise<void> {
    const { what } = this.#options;
    try {
      await this.#pass(this.#stop.signal);
      if (this.#failures >= FAILURES_TO_WARN) this.#logger.info(what, 'following again');
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      // Said once: that it goes on failing is no news.
      if (this.#failures === FAILURES_TO_WARN && !this.#stop.signal.aborted) {
        this.#logger.warn({ ...what, ...reasonOf(error) }, 'following failed, trying again');
      }
      throw error;
    }
  }
}
