import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import { Metrics } from '../../platform/metrics.ts';
import { scraperMetrics } from '../metrics.ts';
import { RunFailure } from '../run-failure.ts';
import { parseRetryAfter, statusFailure } from './classify.ts';
import { createRetryingFetcher, retryPauseMs } from './retry.ts';

const OPTIONS = { retriesMax: 3, intervalMs: 1_000, retryAfterMsMax: 60_000 };
const passing = (retryAfterMs?: number) =>
  new RunFailure('HTTP_STATUS', 'busy', { url: 'https://a.example:8080/x', retryable: true, retryAfterMs });

describe('retryPauseMs', () => {
  it.each<[string, RunFailure, attempt: number, random: number, number | undefined]>([
    ['first retry', passing(), 1, 0.5, 1_000],
    ['doubles', passing(), 3, 0.5, 4_000],
    ['spread down', passing(), 1, 0, 500],
    ['spread up', passing(), 1, 1, 1_500],
    ['enough of it', passing(), 4, 0.5, undefined],
    ['as the site asks', passing(7_000), 1, 0.5, 7_000],
    ['longer than the site asks', passing(100), 3, 0.5, 4_000],
    ['the site asks too much', passing(61_000), 1, 0.5, undefined],
    ['for good', new RunFailure('HTTP_STATUS', 'not found'), 1, 0.5, undefined],
  ])('%s', (_, failure, attempt, random, expected) => {
    expect(retryPauseMs(failure, attempt, OPTIONS, random)).toBe(expected);
  });

  it('grows no further than half a minute by itself', () => {
    expect(retryPauseMs(passing(), 20, { ...OPTIONS, retriesMax: 20 }, 0.5)).toBe(30_000);
  });
});

describe('the retrying fetcher', () => {
  const page = { url: 'https://a.example/', text: '', bytes: 0 };
  const request = { url: 'https://a.example/', format: 'HTML' as const };

  function fetcherOf(outcomes: (RunFailure | typeof page)[]) {
    const clock = new ManualClock();
    const paused: [string, number][] = [];
    let attempts = 0;
    const fetcher = createRetryingFetcher(
      {
        fetcher: {
          async fetch() {
            attempts += 1;
            const outcome = outcomes.shift();
            if (outcome instanceof RunFailure) throw outcome;
            return outcome as typeof page;
          },
          close() {},
        },
        budget: {
          take: async () => ({ release() {} }),
          pause: async (host, pauseMs) => void paused.push([host, pauseMs]),
          close() {},
        },
        clock,
        metrics: scraperMetrics(new Metrics()),
        random: () => 0.5,
      },
      OPTIONS,
    );
    return { fetcher, clock, paused, attempts: () => attempts };
  }

  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('waits longer each time, and gives the page that comes in the end', async () => {
    const { fetcher, clock, attempts } = fetcherOf([passing(), passing(), page]);
    const fetching = fetcher.fetch(request, new AbortController().signal);
    await settle();
    clock.advance(999);
    await settle();
    expect(attempts()).toBe(1);
    clock.advance(1);
    await settle();
    expect(attempts()).toBe(2);
    clock.advance(2_000);
    expect(await fetching).toBe(page);
  });

  it('spares the host for everybody where it asks for it', async () => {
    const { fetcher, clock, paused } = fetcherOf([passing(5_000), page]);
    const fetching = fetcher.fetch(request, new AbortController().signal);
    await settle();
    expect(paused).toEqual([['a.example:8080', 5_000]]);
    clock.advance(5_000);
    expect(await fetching).toBe(page);
  });

  it('stops waiting when it is told to', async () => {
    const { fetcher, attempts } = fetcherOf([passing(), page]);
    const controller = new AbortController();
    const fetching = fetcher.fetch(request, controller.signal);
    await settle();
    controller.abort(new Error('enough'));
    await expect(fetching).rejects.toThrow('enough');
    expect(attempts()).toBe(1);
  });
});

describe('statusFailure', () => {
  it.each([
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
    [501, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [410, false],
    [304, false],
  ])('%i: another attempt may help: %s', (status, retryable) => {
    expect(statusFailure(status, 'https://a.example/', undefined)).toMatchObject({
      code: 'HTTP_STATUS',
      retryable,
      message: expect.stringContaining(String(status)),
    });
  });
});

describe('parseRetryAfter', () => {
  const now = Date.UTC(2026, 10, 20, 8);
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Fri, 20 Nov 2026 08:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 07:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%j', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});
