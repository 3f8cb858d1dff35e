import type { Clock } from '../../platform/clock.ts';
import type { HostBudget, HostTurn } from '../../platform/ports/host-budget.ts';
import type { ScraperMetrics } from '../metrics.ts';
import { RunFailure } from '../run-failure.ts';
import type { Fetcher } from './fetcher.ts';

/** Counts what comes of each attempt at a page. */
export function countingFetcher(fetcher: Fetcher, { pages, pageBytes }: ScraperMetrics): Fetcher {
  return {
    async fetch(request, signal) {
      try {
        const page = await fetcher.fetch(request, signal);
        pages.inc({ outcome: 'OK' });
        pageBytes.inc(page.bytes);
        return page;
      } catch (error) {
        // Whoever stopped it knows why.
        if (error instanceof RunFailure && !signal.aborted) pages.inc({ outcome: error.code });
        throw error;
      }
    },
    close: () => fetcher.close(),
  };
}

/**
 * Measures how long requests wait for their turns, and how long these last.
 *
 * @param steadyClock Never goes back and never jumps.
 */
export function measuredBudget(
  budget: HostBudget,
  { turnWait, requestDuration }: ScraperMetrics,
  steadyClock: Clock,
): HostBudget {
  return {
    async take(host, signal): Promise<HostTurn> {
      const askedAtMs = steadyClock.now();
      const turn = await budget.take(host, signal);
      const beganAtMs = steadyClock.now();
      turnWait.observe((beganAtMs - askedAtMs) / 1_000);
      let isReleased = false;
      return {
        release() {
          if (!isReleased) requestDuration.observe((steadyClock.now() - beganAtMs) / 1_000);
          isReleased = true;
          turn.release();
        },
      };
    },
    pause: (host, pauseMs) => budget.pause(host, pauseMs),
    close: () => budget.close(),
  };
}
