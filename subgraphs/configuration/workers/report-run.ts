import { z } from 'zod';
import { BadUserInputError, StaleTokenError } from '../../../platform/errors.ts';
import type { FieldMiss, QuarantinedRecord, Run, RunError, RunReport } from '../../../platform/model/run.ts';
import type { Source } from '../../../platform/model/source.ts';
import { apply, type CommandContext, openRuns, untilCommitted } from '../commands/context.ts';
import type { ReportRunInput } from '../generated.ts';
import { fieldMissShape, quarantinedRecordShape, readShape, runErrorShape } from '../report-shapes.ts';
import { newRun, reportedRun } from '../run-life.ts';
import { runTransition } from '../run-transitions.ts';
import { finished, started } from '../source-life.ts';

/**
 * Moves a run on as its worker says. Saying the same again changes nothing.
 *
 * @throws {StaleTokenError} The worker does not hold the source by this token now.
 * @throws {BadUserInputError} The run is over, or is another source's.
 */
export async function reportRun(
  context: CommandContext,
  input: ReportRunInput,
): Promise<{ readonly nextRunAt: number | null }> {
  const report = reportOf(input);
  const source = await untilCommitted(() => takeReport(context, input, report));
  if (source.lastRunId === input.runId) {
    await context.store.pruneRuns(input.sourceId, context.limits.runsKept);
  }
  return { nextRunAt: source.nextRunAt };
}

/** @returns The source with the report taken in; undefined where something else was committed in between. */
async function takeReport(
  context: CommandContext,
  input: ReportRunInput,
  report: RunReport,
): Promise<Source | undefined> {
  const { store, clock, announcer, metrics } = context;
  const now = clock.now();
  const source = await heldSource(context, input, now);
  const known = await store.run(input.runId);
  if (known && known.sourceId !== input.sourceId) {
    throw new BadUserInputError(`Run ${input.runId} is not a run of source ${input.sourceId}.`);
  }
  // Another machine's clock may go ahead of ours; the schedule goes by ours.
  const startedAt = Math.min(Date.parse(input.startedAt), now);
  const finishedAt = input.finishedAt ? Math.min(Date.parse(input.finishedAt), now) : now;
  const run: Run =
    known ??
    newRun(input.runId, { sourceId: input.sourceId, revision: source.revision }, 'SCHEDULE', startedAt);

  switch (runTransition(known?.status, report.status)) {
    case 'START': {
      const { running: former } = await openRuns(store, source);
      return apply(context, started(source, { run, former, startedAt }, report, now));
    }
    case 'PROGRESS': {
      const next = reportedRun(run, report, { startedAt, finishedAt: null });
      const committed = await store.commit({ source, runs: [next] });
      if (committed) announcer.run(next);
      else metrics.commitConflicts.inc();
      return committed && source;
    }
    case 'FINISH':
      return apply(context, finished(source, run, report, { startedAt, finishedAt }, now));
    case 'REPEAT':
      return source;
    case 'REFUSE':
      throw new BadUserInputError(
        `Run ${input.runId} is ${known?.status ?? 'unknown'} and cannot become ${report.status}.`,
      );
  }
}

async function heldSource(context: CommandContext, input: ReportRunInput, now: number): Promise<Source> {
  const { store } = context;
  const source = await store.source(input.sourceId);
  const worker = await store.worker(input.workerId);
  const isHolder = source?.workerId === input.workerId && worker !== undefined && worker.leaseUntil > now;
  if (isHolder && source.token === input.token) return source;
  // A worker that holds the source anew and speaks by its old token has not heard of the new one: tell it again.
  if (isHolder) await apply(context, { source, tellsWorker: true });
  throw new StaleTokenError(input.sourceId, input.token);
}

function reportOf(input: ReportRunInput): RunReport {
  return {
    status: input.status,
    pages: input.pages ?? 0,
    bytes: input.bytes ?? 0,
    records: input.records ?? 0,
    quarantined: input.quarantined ?? 0,
    quarantinedRecords: readShape<QuarantinedRecord[]>(
      z.array(quarantinedRecordShape),
      input.quarantinedRecords ?? [],
      'quarantinedRecords',
    ),
    misses: readShape<FieldMiss[]>(z.array(fieldMissShape), input.misses ?? [], 'misses'),
    error: readShape<RunError | null>(runErrorShape.nullable(), input.error ?? null, 'error'),
  };
}
