import { IANAZone } from 'luxon';
import { periodMsOf, readCron } from '../schedule.ts';
import type { ScheduleDraft } from './draft.ts';
import type { Problem } from './problem.ts';

export function scheduleProblems(schedule: ScheduleDraft, everyMsMin: number, nowMs: number): Problem[] {
  const { every, cron, timezone } = schedule;
  const problems: Problem[] = [];
  if (every !== null && cron !== null) {
    problems.push({
      field: 'every',
      code: 'SCHEDULE_CONFLICT',
      message: 'A source has either "every" or "cron": leave one of them out.',
    });
  }
  if (every !== null) problems.push(...everyProblems(every, everyMsMin));
  problems.push(...timezoneProblems(cron, timezone));
  const isZoneGood = timezone === null || IANAZone.isValidZone(timezone);
  if (cron !== null) problems.push(...cronProblems(cron, isZoneGood ? timezone : null, everyMsMin, nowMs));
  return problems;
}

function everyProblems(every: string, everyMsMin: number): Problem[] {
  const periodMs = periodMsOf(every);
  if (periodMs === undefined) {
    return [
      {
        field: 'every',
        code: 'INVALID_DURATION',
        message: `"${every}" is no ISO 8601 duration of at most ten years. Write PT5M for five minutes, P1D for a day.`,
      },
    ];
  }
  return periodMs < everyMsMin ? [tooFrequent('every', everyMsMin)] : [];
}

function timezoneProblems(cron: string | null, timezone: string | null): Problem[] {
  const problem = (message: string): Problem[] => [{ field: 'timezone', code: 'INVALID_TIMEZONE', message }];
  if (timezone === null) return [];
  if (cron === null) return problem('A time zone goes with "cron" only: leave it out.');
  if (IANAZone.isValidZone(timezone)) return [];
  return problem(`"${timezone}" is no IANA time zone. Write something like Europe/Berlin or UTC.`);
}

function cronProblems(cron: string, timezone: string | null, everyMsMin: number, nowMs: number): Problem[] {
  const read = readCron(cron, timezone ?? 'UTC', nowMs);
  if ('problem' in read) {
    return [
      {
        field: 'cron',
        code: 'INVALID_CRON',
        message: `"${cron}" is no cron line that can be used: ${read.problem}. Write something like "0 6 * * MON-FRI".`,
      },
    ];
  }
  return read.shortestMs < everyMsMin ? [tooFrequent('cron', everyMsMin)] : [];
}

function tooFrequent(field: string, everyMsMin: number): Problem {
  return {
    field,
    code: 'TOO_FREQUENT',
    limit: 'EVERY_MIN',
    message: `A source may run at most every ${everyMsMin / 1_000} s here. Give it more time between runs.`,
  };
}
