import type { Clock } from '../../platform/clock.ts';
import type { HostBudget } from '../../platform/ports/host-budget.ts';
import type { ScraperMetrics } from '../metrics.ts';
import { RunFailure } from '../run-failure.ts';
import type { Fetcher, Page, PageRequest } from './fetcher.ts';

export interface RetryOptions {
  /** After the first attempt. */
  readonly retriesMax: number;
  /** Before the first retry; doubled with each. */
  readonly intervalMs: number;
  /** A site that asks for more is left alone: the attempt's failure stands. */
  readonly retryAfterMsMax: number;
}

/** Between two attempts at the most, in milliseconds, where the site did not ask for more. */
const PAUSE_MS_MAX = 30_000;

/**
 * How long to wait before the next attempt.
 *
 * @param attempt How many there have been, from 1.
 * @param random From 0 to 1: spreads workers that failed together.
 * @returns undefined where there should be none.
 */
export function retryPauseMs(
  failure: RunFailure,
  attempt: number,
  options: RetryOptions,
  random: number,
): number | undefined {
  if (!failure.retryable || attempt > options.retriesMax) return undefined;
  const { retryAfterMs = 0 } = failure;
  if (retryAfterMs > options.retryAfterMsMax) return undefined;
  const backoffMs = Math.min(options.intervalMs * 2 ** (attempt - 1), PAUSE_MS_MAX);
  return Math.max(retryAfterMs, backoffMs * (0.5 + random));
}

/** Makes several attempts of one, with pauses that grow; a host that asked to wait is spared by all. */
export function createRetryingFetcher(
  {
    fetcher,
    budget,
    clock,
    metrics,
    random = Math.random,
  }: {
    fetcher: Fetcher;
    budget: HostBudget;
    clock: Clock;
    metrics: ScraperMetrics;
    random?: () => number;
  },
  options: RetryOptions,
): Fetcher {
  return {
    async fetch(request: PageRequest, signal: AbortSignal): Promise<Page> {
      for (let attempt = 1; ; attempt++) {
        try {
          return await fetcher.fetch(request, signal);
        } catch (error) {
          if (!(error instanceof RunFailure)) throw error;
          const { url, retryAfterMs } = error;
          if (url !== undefined && retryAfterMs !== undefined) {
            await budget.pause(new URL(url).host, Math.min(retryAfterMs, options.retryAfterMsMax));
          }
          const pauseMs = retryPauseMs(error, attempt, options, random());
          // Of what is thrown, whoever reports the run counts the bound.
          const limit = pauseMs === undefined ? exhausted(error, options) : error.limit;
          if (limit) metrics.limits.inc({ limit });
          if (pauseMs === undefined) throw error;
          metrics.retries.inc();
          await pause(clock, pauseMs, signal);
        }
      }
    },
    close: () => fetcher.close(),
  };
}

/** The bound that keeps us from another attempt; undefined where none would help. */
function exhausted(failure: RunFailure, { retryAfterMsMax }: RetryOptions): string | undefined {
  if (!failure.retryable) return undefined;
  return (failure.retryAfterMs ?? 0) > retryAfterMsMax ? 'RETRY_AFTER_MAX' : 'RETRIES_MAX';
}

/** @throws The signal's reason, as soon as it is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.close();
      reject(signal.reason);
    };
    const timer = clock.schedule(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
