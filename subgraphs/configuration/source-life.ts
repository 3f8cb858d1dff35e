import type { Run, RunReport, RunTrigger } from '../../platform/model/run.ts';
import { type DataDisposal, isLive, poolOf, type Source } from '../../platform/model/source.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { SourceChange } from '../../platform/ports/source-store.ts';
import { abandonedRun, cancelledRun, lostRun, newRun, reportedRun } from './run-life.ts';
import { isFinal } from './run-transitions.ts';
import { nextRunAt } from './schedule.ts';

/**
 * What each thing that happens to a source makes of it and of its runs. Pure: the caller reads before and
 * commits after, so that source and runs never tell different stories.
 */
export type SourceStep = Pick<SourceChange, 'source' | 'runs' | 'tellsWorker'>;

/** The runs of a source that wait or run now. */
export interface OpenRuns {
  readonly queued: Run | undefined;
  readonly running: Run | undefined;
}

/** A new source, with a run that waits for the first worker to come. */
export function created(spec: SourceSpec, incarnation: string, runId: string, now: number): SourceStep {
  const source: Source = {
    spec,
    incarnation,
    revision: 1,
    readRevision: 1,
    isPaused: false,
    isFailing: false,
    removed: null,
    createdAt: now,
    updatedAt: now,
    nextRunAt: nextRunAt(spec.schedule, now, now),
    queuedRunId: null,
    runningRunId: null,
    lastRunId: null,
    baselineRecords: null,
    workerId: null,
    token: 0,
    version: 0,
  };
  return queued(source, 'CREATED', runId, now);
}

/** @param source With no run queued. */
export function queued(source: Source, trigger: RunTrigger, runId: string, now: number): SourceStep {
  const run = newRun(runId, { sourceId: source.spec.id, revision: source.revision }, trigger, now);
  return { source: { ...source, queuedRunId: runId, lastRunId: runId }, runs: [run], tellsWorker: true };
}

/** A changed spec. Where it changes what is read, a run shows it; where it changes the pool, the worker goes. */
export function updated(
  before: Source,
  spec: SourceSpec,
  open: OpenRuns,
  runId: string,
  now: number,
): SourceStep {
  const revision = before.revision + 1;
  const isReadAnew = readsDifferently(before.spec, spec);
  const isMoved = poolOf(before.spec) !== poolOf(spec);
  const isRescheduled = JSON.stringify(before.spec.schedule) !== JSON.stringify(spec.schedule);
  const source: Source = {
    ...before,
    spec,
    revision,
    updatedAt: now,
    ...(isReadAnew ? { readRevision: revision, baselineRecords: null } : {}),
    ...(isRescheduled ? { nextRunAt: nextRunAt(spec.schedule, now, now) } : {}),
  };
  const step = isMoved
    ? withoutWorker(source, { queued: undefined, running: open.running }, now)
    : { source };
  if (!isReadAnew) return { ...step, tellsWorker: true };
  if (!isLive(before)) return { ...step, source: { ...step.source, nextRunAt: now } };
  if (open.queued) {
    // It has not begun, so it reads what is now to be read.
    return { ...step, runs: [...(step.runs ?? []), { ...open.queued, revision }], tellsWorker: true };
  }
  const next = queued(step.source, 'UPDATED', runId, now);
  return { ...next, runs: [...(step.runs ?? []), ...(next.runs ?? [])] };
}

/** Whether runs of one spec say nothing of what runs of the other will find. */
function readsDifferently(one: SourceSpec, other: SourceSpec): boolean {
  const reading = ({ url, format, render, records, fields, pagination }: SourceSpec) =>
    JSON.stringify([url, format, render, records, fields, pagination?.next, pagination?.limit]);
  return reading(one) !== reading(other);
}

export function paused(source: Source, open: OpenRuns, now: number): SourceStep {
  return withoutWorker({ ...source, isPaused: true, updatedAt: now }, open, now);
}

/** Due where a run was missed or cancelled meanwhile. */
export function resumed(source: Source, now: number): SourceStep {
  return { source: { ...source, isPaused: false, updatedAt: now } };
}

export function removed(source: Source, data: DataDisposal, open: OpenRuns, now: number): SourceStep {
  const { source: left, runs } = withoutWorker({ ...source, removed: data, updatedAt: now }, open, now);
  return { source: { ...left, nextRunAt: null }, ...(runs ? { runs } : {}) };
}

/** The worker loses its lease, and what it was about is cancelled; a source that goes on is due. */
function withoutWorker(source: Source, { queued, running }: OpenRuns, now: number): SourceStep {
  const cancelled = [queued, running].filter((run) => run !== undefined).map((run) => cancelledRun(run, now));
  return {
    source: {
      ...source,
      workerId: null,
      ...(queued ? { queuedRunId: null } : {}),
      ...(running ? { runningRunId: null } : {}),
      ...(cancelled.length > 0 ? { nextRunAt: now } : {}),
    },
    runs: cancelled,
  };
}

/**
 * A worker reports that a run began, be it the queued one or one that its schedule started. A run that was still
 * going on is over by that: the worker that holds the source has no other.
 */
export function started(
  source: Source,
  { run, former, startedAt }: { run: Run; former: Run | undefined; startedAt: number },
  report: RunReport,
  now: number,
): SourceStep {
  return {
    source: {
      ...source,
      runningRunId: run.id,
      queuedRunId: source.queuedRunId === run.id ? null : source.queuedRunId,
      lastRunId: lastRunId(source, run),
      nextRunAt: nextRunAt(source.spec.schedule, startedAt, now),
    },
    runs: [
      ...(former ? [abandonedRun(former, now)] : []),
      reportedRun(run, report, { startedAt, finishedAt: null }),
    ],
  };
}

/** A worker reports the run's end. The next run is counted from this one's start. */
export function finished(
  source: Source,
  run: Run,
  report: RunReport,
  { startedAt, finishedAt }: { startedAt: number; finishedAt: number },
  now: number,
): SourceStep {
  const end = reportedRun(run, report, { startedAt, finishedAt });
  const { status } = end;
  const isGood = status === 'SUCCEEDED' || status === 'PARTIAL';
  // A run that its worker broke off said nothing of the source: another is to read it.
  const isDue = status === 'CANCELLED';
  return {
    source: {
      ...source,
      runningRunId: source.runningRunId === run.id ? null : source.runningRunId,
      queuedRunId: source.queuedRunId === run.id ? null : source.queuedRunId,
      lastRunId: lastRunId(source, run),
      isFailing: status === 'FAILED' || (source.isFailing && !isGood),
      baselineRecords:
        status === 'SUCCEEDED' && run.revision >= source.readRevision ? end.records : source.baselineRecords,
      nextRunAt: isDue ? now : nextRunAt(source.spec.schedule, end.startedAt ?? startedAt, now),
    },
    runs: [end],
  };
}

/** A run that the schedule started is the source's youngest when it is first heard of. */
function lastRunId(source: Source, run: Run): string | null {
  return run.trigger === 'SCHEDULE' && run.startedAt === null ? run.id : source.lastRunId;
}

/** The worker's lease has ended while the run was going on: it is over, and the source due again at once. */
export function workerLost(source: Source, run: Run, isReleased: boolean, now: number): SourceStep {
  const end = isFinal(run.status) ? run : isReleased ? cancelledRun(run, now) : lostRun(run, now);
  return {
    source: {
      ...source,
      workerId: null,
      runningRunId: null,
      nextRunAt: now,
      isFailing: source.isFailing || end.status === 'FAILED',
    },
    runs: [end],
  };
}
