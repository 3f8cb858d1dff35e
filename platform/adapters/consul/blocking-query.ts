import type { Clock } from '../../clock.ts';
import { askConsul, type ConsulCall } from '../../consul.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Closeable } from '../../scope.ts';

/** How long Consul holds a question while nothing changes: what a connection that died silently stays unnoticed. */
const WAIT_MS = 30_000;
/** Consul adds up to a sixteenth of the wait, so that not all who wait are answered at once; the rest is the way. */
const ANSWER_TIMEOUT_MS = WAIT_MS + WAIT_MS / 16 + 3_000;

/** Between two questions, however fast the answers: a state that changes all the time is read this often. */
const PAUSE_MS = 20;
/** After a failed question, doubled with each further one up to the maximum: Consul's return is noticed soon. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 2_000;
/** A connection that breaks once is no reason for a warning: half a second without an answer is. */
const FAILURES_TO_WARN = 4;

export interface BlockingQueryDeps<T> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The question, given to the driver with the options of this one call. */
  readonly ask: (options: ConsulCall) => Promise<T | undefined>;
  /**
   * Called with each answer, whether or not it differs from the last.
   *
   * @param isReturn It is the first after an outage, or Consul's state began anew: it may not have heard of
   *   everything yet that it knew before.
   */
  readonly onAnswer: (data: T | undefined, isReturn: boolean) => void;
}

/**
 * Keeps one question open to Consul, which answers when its state has changed. After a failure it asks without
 * the index: another server may count its states otherwise.
 *
 * @see https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export class BlockingQuery<T> implements Closeable {
  readonly #deps: BlockingQueryDeps<T>;
  readonly #what: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** @param what Named in logs. */
  constructor(deps: BlockingQueryDeps<T>, what: string) {
    this.#deps = deps;
    this.#what = what;
    this.#running = this.#run();
  }

  /** Resolves when the question that was open is given up, which is at once. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger, ask, onAnswer } = this.#deps;
    const { signal } = this.#stop;
    let index = 0n;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const waiting = index > 0n ? { after: { index, waitMs: WAIT_MS } } : {};
        const answer = await askConsul(ask, { signal, timeoutMs: ANSWER_TIMEOUT_MS, ...waiting });
        const isReset = answer.index < index;
        if (failures >= FAILURES_TO_WARN) logger.info({ watched: this.#what }, 'consul answers again');
        onAnswer(answer.data, isReset || failures > 0);
        failures = 0;
        // An index that went back says nothing of what follows it: the next question starts from nothing.
        index = isReset ? 0n : answer.index;
        await this.#pause(PAUSE_MS);
      } catch (error) {
        if (signal.aborted) return;
        index = 0n;
        failures++;
        if (failures === FAILURES_TO_WARN) {
          const reason = messageOf(error);
          logger.warn({ watched: this.#what, reason }, 'consul does not answer: what it said last is kept');
        }
        await this.#pause(Math.min(RETRY_MS * 2 ** (failures - 1), RETRY_MS_MAX));
      }
    }
  }

  #pause(pauseMs: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const end = () => {
        timer.close();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#deps.clock.schedule(pauseMs, end);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
    });
  }
}
