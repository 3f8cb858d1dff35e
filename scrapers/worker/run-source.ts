import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import { linkAbort } from '../../platform/linked-abort.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RunReport } from '../../platform/model/run.ts';
import { pause } from '../fetchers/retry.ts';
import type { ScraperMetrics } from '../metrics.ts';
import { Delivery } from '../pipeline/deliver.ts';
import { decideOutcome } from '../pipeline/outcome.ts';
import { readSource } from '../pipeline/read-source.ts';
import { RunTally } from '../pipeline/tally.ts';
import { RunFailure } from '../run-failure.ts';
import type { ConfigurationApi } from './configuration-api.ts';
import type { SourceLease } from './held-source.ts';
import { ProgressReporter } from './progress.ts';
import type { Readers } from './readers.ts';

export interface RunSourceDeps {
  readonly api: ConfigurationApi;
  readonly datasource: ServiceClient;
  readonly readers: Readers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ScraperMetrics;
}

export interface RunSourceOptions {
  readonly runTimeoutMs: number;
  /** Percent of the last complete run's records. */
  readonly suspectBelow: number;
}

export interface RunTicket {
  readonly runId: string;
  readonly workerId: string;
  readonly lease: SourceLease;
}

/** How a run ended for the worker. */
export type RunEnd =
  | { readonly kind: 'reported'; readonly nextRunAt: string | null }
  /** The source is not ours any more. */
  | { readonly kind: 'lost' }
  /** Configuration knows better: that run cannot be. */
  | { readonly kind: 'refused' }
  /** The worker ended it. */
  | { readonly kind: 'stopped' };

/** Pause before a report is sent again, doubled each time up to the maximum. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 5_000;

/**
 * One run, from RUNNING to its report. Nothing is fetched before configuration has taken the RUNNING, so a worker
 * that has lost the source never reads it.
 *
 * @param signal Aborted where the worker must stop the run: nothing is sent from then on.
 */
export async function runSource(
  ticket: RunTicket,
  deps: RunSourceDeps,
  options: RunSourceOptions,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { api, clock, logger } = deps;
  const { runId, workerId, lease } = ticket;
  const tally = new RunTally();
  const startedAtMs = clock.now();
  const send = (report: RunReport, finishedAtMs: number | undefined) =>
    api.reportRun(
      { runId, sourceId: lease.sourceId, workerId, token: lease.token, startedAtMs, finishedAtMs, report },
      { signal },
    );
  try {
    await untilTaken(() => send(tally.report('RUNNING', null), undefined), clock, signal);
    const progress = new ProgressReporter(clock, () => send(tally.report('RUNNING', null), undefined));
    const report = await read(ticket, tally, progress, deps, options, signal);
    await progress.stop();
    const finishedAtMs = clock.now();
    const nextRunAt = await untilTaken(() => send(report, finishedAtMs), clock, signal);
    const { status, pages, records, quarantined, error } = report;
    const durationMs = finishedAtMs - startedAtMs;
    logger.info(
      { sourceId: lease.sourceId, runId, status, pages, records, quarantined, durationMs, error },
      'run ended',
    );
    return { kind: 'reported', nextRunAt };
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    if (!(error instanceof TributaryError)) throw error;
    const about = { sourceId: lease.sourceId, runId, code: error.code, reason: error.message };
    if (error.code !== 'BAD_USER_INPUT') {
      // Its user paused or removed it, or our lease went to another worker, who says so.
      logger.info(about, 'run ended, for its source has gone');
      return { kind: 'lost' };
    }
    logger.warn(about, 'run refused');
    return { kind: 'refused' };
  }
}

/** Reads and delivers; whatever the source is guilty of ends up in the report. */
async function read(
  { runId, lease }: RunTicket,
  tally: RunTally,
  progress: ProgressReporter,
  { datasource, readers, clock, logger, metrics }: RunSourceDeps,
  { runTimeoutMs, suspectBelow }: RunSourceOptions,
  signal: AbortSignal,
): Promise<RunReport> {
  const { spec, sourceId, token, baselineRecords } = lease;
  const { controller, signal: either, unlink } = linkAbort(signal);
  const timer = clock.schedule(runTimeoutMs, () => controller.abort(tookTooLong(runTimeoutMs)));
  const identity = { collection: spec.collection, sourceId, runId, token };
  const delivery = new Delivery({ client: datasource, clock, metrics }, identity, either);
  const decide = (failure: RunFailure | undefined) =>
    decideOutcome(
      {
        records: tally.records,
        quarantined: tally.quarantined,
        keyless: tally.keyless,
        failure,
        baselineRecords,
      },
      suspectBelow,
    );
  const guarded = async (work: () => Promise<RunFailure | undefined>) => {
    const failure = await work().catch((error) =>
      failureOf(error, signal, logger.child({ sourceId, runId })),
    );
    if (failure?.limit) metrics.limits.inc({ limit: failure.limit });
    return failure;
  };
  try {
    const failure = await guarded(async () => {
      const reader = await readers.open(spec);
      const sink = {
        async take(chunk: Parameters<Delivery['take']>[0]) {
          const wantsMore = await delivery.take(chunk);
          progress.tick();
          return wantsMore;
        },
      };
      return readSource(spec, { ...reader, sink, tally }, either);
    });
    let outcome = decide(failure);
    if (outcome.status === 'SUCCEEDED') {
      const incomplete = await guarded(async () => {
        await delivery.complete();
        return undefined;
      });
      if (incomplete) outcome = decide(incomplete);
    }
    if (outcome.status === 'SUSPECT') metrics.limits.inc({ limit: 'SUSPECT_BELOW' });
    return tally.report(outcome.status, outcome.error);
  } finally {
    metrics.quarantined.inc(tally.quarantined);
    timer.close();
    unlink();
  }
}

/** @returns What the run failed of. @throws What ends it without a report: lost leases and sources. */
function failureOf(error: unknown, signal: AbortSignal, logger: Logger): RunFailure {
  if (signal.aborted || error instanceof TributaryError) throw error;
  if (error instanceof RunFailure) return error;
  logger.error({ err: error }, 'run failed unexpectedly');
  return new RunFailure('INTERNAL', 'Something went wrong in the scraper; its log says what.', {
    cause: error,
  });
}

function tookTooLong(runTimeoutMs: number): RunFailure {
  const limit = 'RUN_TIMEOUT';
  const message = `The run took longer than ${runTimeoutMs / 1_000} seconds, the limit ${limit}.`;
  return new RunFailure('TIMEOUT', message, { limit });
}

/** Sends until it is taken. @throws What does not pass, or the signal's reason. */
async function untilTaken<T>(send: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TributaryError && error.retryable)) throw error;
    }
    await pause(clock, Math.min(RETRY_MS * 2 ** attempt, RETRY_MS_MAX), signal);
  }
}
