import {
  QUARANTINED_RECORDS_MAX,
  type Run,
  type RunReport,
  type RunTrigger,
  WORKER_LOST,
} from '../../platform/model/run.ts';

/** Values from birth to end of a run, none of which decides anything. */

const NOTHING_READ = {
  pages: 0,
  bytes: 0,
  records: 0,
  quarantined: 0,
  quarantinedRecords: [],
  misses: [],
  error: null,
} as const;

export function newRun(
  id: string,
  { sourceId, revision }: { sourceId: string; revision: number },
  trigger: RunTrigger,
  queuedAt: number,
): Run {
  return {
    id,
    sourceId,
    trigger,
    revision,
    status: 'QUEUED',
    queuedAt,
    startedAt: null,
    finishedAt: null,
    ...NOTHING_READ,
  };
}

/** Fields that a run's misses are kept for: no source has more. */
const MISSES_MAX = 1_000;

/** The run as its worker reports it, be it the first that is heard of it. */
export function reportedRun(
  run: Run,
  report: RunReport,
  { startedAt, finishedAt }: { startedAt: number; finishedAt: number | null },
): Run {
  return {
    ...run,
    ...report,
    quarantinedRecords: report.quarantinedRecords.slice(0, QUARANTINED_RECORDS_MAX),
    misses: report.misses.slice(0, MISSES_MAX),
    startedAt: run.startedAt ?? startedAt,
    finishedAt,
  };
}

export function cancelledRun(run: Run, now: number): Run {
  return { ...run, status: 'CANCELLED', finishedAt: now };
}

/** A run whose worker is gone: nobody knows what it came to. */
export function lostRun(run: Run, now: number): Run {
  return failedRun(
    run,
    now,
    'The worker that read the source fell silent. The source is read again at once.',
  );
}

/** A run that its worker left for another, without a word on how it ended. */
export function abandonedRun(run: Run, now: number): Run {
  return failedRun(run, now, 'The worker began another run before it had said how this one ended.');
}

function failedRun(run: Run, now: number, message: string): Run {
  return { ...run, status: 'FAILED', finishedAt: now, error: { code: WORKER_LOST, message, url: null } };
}
