import { Cron } from 'croner';
import { Duration } from 'luxon';
import type { ScheduleSpec } from '../../platform/model/source-spec.ts';

/** Longer periods are mistakes, and soon leave what a date can say. In milliseconds: ten years. */
const PERIOD_MS_MAX = 3_653 * 24 * 3_600_000;

/**
 * When a source runs next, after a run that started at `fromMs`: at a fixed rate from that start, or at the next
 * time that its cron line names. Slots that have passed by `nowMs` are not made up for: the first one
 * that has not is next.
 *
 * @returns Milliseconds since 1970; null where the cron line names no time any more.
 */
export function nextRunAt(schedule: ScheduleSpec, fromMs: number, nowMs: number): number | null {
  if (schedule.cron !== undefined) {
    const next = cronOf(schedule.cron, schedule.timezone).nextRun(new Date(Math.max(fromMs, nowMs)));
    return next ? next.getTime() : null;
  }
  const periodMs = periodMsOf(schedule.every);
  if (periodMs === undefined) return null;
  const missed = Math.max(0, Math.ceil((nowMs - fromMs) / periodMs) - 1);
  return fromMs + (missed + 1) * periodMs;
}

/**
 * The length of an ISO 8601 duration. A month counts as 30 days and a year as 365: for months of the calendar
 * there is cron.
 *
 * @returns undefined where it is none, not positive or longer than `PERIOD_MS_MAX`.
 */
export function periodMsOf(duration: string): number | undefined {
  const ms = Duration.fromISO(duration).toMillis();
  return ms > 0 && ms <= PERIOD_MS_MAX ? ms : undefined;
}

/** How many of a cron line's next slots are looked at for its shortest pause: a day of minutes has its pattern. */
const SLOTS_COMPARED = 60;

/**
 * Reads a cron line of five or six fields.
 *
 * @returns The shortest pause between its next slots, or what is wrong with it.
 */
export function readCron(
  cron: string,
  timezone: string,
  nowMs: number,
): { readonly shortestMs: number } | { readonly problem: string } {
  const fieldCount = cron.trim().split(/\s+/).length;
  if (fieldCount !== 5 && fieldCount !== 6) {
    return { problem: `it has ${fieldCount} fields instead of five or six` };
  }
  try {
    const slots = cronOf(cron, timezone).nextRuns(SLOTS_COMPARED, new Date(nowMs));
    if (slots.length === 0) return { problem: 'it names a time that never comes' };
    const pauses = slots.slice(1).map((slot, index) => slot.getTime() - (slots[index] as Date).getTime());
    return { shortestMs: Math.min(...pauses, Number.POSITIVE_INFINITY) };
  } catch (error) {
    return { problem: (error as Error).message.replace(/^CronPattern: /, '') };
  }
}

function cronOf(cron: string, timezone: string): Cron {
  return new Cron(cron, { timezone, paused: true, mode: '5-or-6-parts' });
}
