import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRunAt, periodMsOf, readCron } from './schedule.ts';

const at = (time: string) => Date.parse(`2026-03-${time}Z`);
const MINUTE_MS = 60_000;

describe('the next run', () => {
  it.each([
    ['counts from the last start, however long the run took', '01T10:00:00', '01T10:03:00', '01T10:05:00'],
    ['is due now where its slot has just come', '01T10:00:00', '01T10:05:00', '01T10:05:00'],
    ['leaves out slots that a long run missed', '01T10:00:00', '01T10:12:00', '01T10:15:00'],
    ['leaves out a night of slots', '01T10:00:00', '02T09:59:59', '02T10:00:00'],
    ['goes by the start where the clock went back since', '01T10:00:00', '01T09:00:00', '01T10:05:00'],
  ])('%s', (_, from, now, next) => {
    expect(nextRunAt({ every: 'PT5M' }, at(from), at(now))).toBe(at(next));
  });

  it.each([
    ['UTC', '0 6 * * *', '01T05:00:00', '01T06:00:00'],
    ['Europe/Berlin', '0 6 * * *', '01T04:00:00', '01T05:00:00'],
    // Summer time begins on 29 March 2026.
    ['Europe/Berlin', '0 6 * * *', '28T12:00:00', '29T04:00:00'],
    ['UTC', '*/10 * * * * *', '01T05:00:01', '01T05:00:10'],
    ['UTC', '0 6 * * MON-FRI', '06T07:00:00', '09T06:00:00'],
  ])('comes in zone %s by cron line %s after %s', (timezone, cron, now, next) => {
    expect(nextRunAt({ cron, timezone }, at('01T00:00:00'), at(now))).toBe(at(next));
  });

  it('is none where a cron line names no time any more', () => {
    expect(nextRunAt({ cron: '0 0 30 2 *', timezone: 'UTC' }, 0, 0)).toBeNull();
  });

  it('is never past, never more than a period away, and always on the grid of the last start', () => {
    const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(
        instant,
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 1, max: 1e5 }),
        (from, late, minutes) => {
          const periodMs = minutes * MINUTE_MS;
          const next = nextRunAt({ every: `PT${minutes}M` }, from, from + late);
          if (next === null) throw new Error('none');
          expect(next).toBeGreaterThanOrEqual(from + late);
          expect(next - from).toBeGreaterThanOrEqual(periodMs);
          expect((next - from) % periodMs).toBe(0);
          expect(next - (from + late)).toBeLessThanOrEqual(periodMs);
        },
      ),
    );
  });
});

describe('a period', () => {
  it.each([
    ['PT5M', 300_000],
    ['PT0.5S', 500],
    ['P1D', 86_400_000],
    ['P1M', 30 * 86_400_000],
    ['P1W', 7 * 86_400_000],
  ])('%s has %i ms', (text, ms) => {
    expect(periodMsOf(text)).toBe(ms);
  });

  it.each(['', '5 minutes', 'PT', 'P', 'PT0S', '-PT5M', 'P11Y', 'PT1e9S', '300'])('is not %j', (text) => {
    expect(periodMsOf(text)).toBeUndefined();
  });
});

describe('a cron line', () => {
  const now = at('01T00:00:00');

  it.each([
    ['*/5 * * * *', 300_000],
    ['* * * * * *', 1_000],
    ['*/30 * * * * *', 30_000],
    ['0,10 * * * *', 600_000],
    ['0 6 1 1 *', 365 * 86_400_000],
  ])('%s pauses at least %i ms', (cron, shortestMs) => {
    expect(readCron(cron, 'UTC', now)).toEqual({ shortestMs });
  });

  it.each([
    ['', 'fields'],
    ['* * * *', '4 fields'],
    ['* * * * * * 2027', '7 fields'],
    ['@daily', '1 fields'],
    ['2027-01-01T00:00:00', '1 fields'],
    ['61 * * * *', ''],
    ['a b c d e', ''],
    ['0 0 30 2 *', 'never comes'],
  ])('is not %j', (cron, reason) => {
    expect(readCron(cron, 'UTC', now)).toEqual({ problem: expect.stringContaining(reason) });
  });
});
