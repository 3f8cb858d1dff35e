import type { Clock } from '../../../platform/clock.ts';
import { TributaryError } from '../../../platform/errors.ts';
import type { IdFactory } from '../../../platform/ids.ts';
import type { Run } from '../../../platform/model/run.ts';
import type { Source } from '../../../platform/model/source.ts';
import type { SourceChange, SourceStore } from '../../../platform/ports/source-store.ts';
import type { Announcer } from '../announcer.ts';
import type { ConfigurationMetrics } from '../metrics.ts';
import type { NameCheck } from '../platform-names.ts';
import { isFinal } from '../run-transitions.ts';
import type { OpenRuns } from '../source-life.ts';
import type { DraftLimits } from '../validation/draft-problems.ts';
import type { Problem } from '../validation/problem.ts';

/** What every command works with. */
export interface CommandContext {
  readonly store: SourceStore;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly newId: IdFactory;
  readonly checkNames: NameCheck;
  readonly limits: CommandLimits;
  readonly metrics: ConfigurationMetrics;
}

export interface CommandLimits extends DraftLimits {
  readonly sourcesMax: number;
  readonly runsKept: number;
}

/** Nothing was done, and why. */
export interface Refused {
  readonly userErrors: readonly Problem[];
}

export interface Changed {
  readonly source: Source;
  readonly userErrors: readonly [];
}

export function refused(...userErrors: readonly Problem[]): Refused {
  return { userErrors };
}

export function notFound(): Refused {
  return refused({
    field: 'id',
    code: 'NOT_FOUND',
    message: 'There is no source with this id; it may have been removed. `sources` lists those there are.',
  });
}

/** Far more than writers of one source come together. */
const ATTEMPTS_MAX = 50;

/**
 * Reads, decides and commits, again from the start where something else was committed in between.
 *
 * @param attempt Resolves to undefined where its commit met a conflict.
 */
export async function untilCommitted<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < ATTEMPTS_MAX; count++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new TributaryError('INTERNAL_SERVER_ERROR', 'The source changes too fast. Try again.', {
    retryable: true,
  });
}

/** @returns The source as stored; undefined where the commit met a conflict. */
export async function apply(context: CommandContext, change: SourceChange): Promise<Source | undefined> {
  const { store, announcer, metrics } = context;
  const committed = await store.commit(change);
  if (!committed) {
    metrics.commitConflicts.inc();
    return undefined;
  }
  announcer.change(change, committed);
  for (const run of change.runs ?? []) if (isFinal(run.status)) noteEnd(metrics, run);
  return { ...change.source, version: committed.version };
}

function noteEnd(
  { runs, runDuration, runRecords }: ConfigurationMetrics,
  { status, startedAt, finishedAt, records }: Run,
): void {
  runs.inc({ status });
  // One that was cancelled while it waited has read nothing.
  if (startedAt === null || finishedAt === null) return;
  runDuration.observe(Math.max(0, finishedAt - startedAt) / 1_000);
  runRecords.observe(records);
}

export async function openRuns(store: SourceStore, source: Source): Promise<OpenRuns> {
  const read = async (id: string | null): Promise<Run | undefined> =>
    id === null ? undefined : store.run(id);
  return { queued: await read(source.queuedRunId), running: await read(source.runningRunId) };
}
