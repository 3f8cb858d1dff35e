import type { Clock, Timer } from '../../../platform/clock.ts';
import { createFailureLog } from '../../../platform/failure-log.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { apply, type CommandContext, untilCommitted } from '../commands/context.ts';
import { createLevelTrigger } from '../level-trigger.ts';
import { workerLost } from '../source-life.ts';

/** How long an ended worker is remembered, so that it cannot come back under its old id: longer than any nap. */
const ENDED_KEPT_MS = 24 * 3_600_000;

/** Ends the runs of an ended worker and frees its sources: one by one where a run is going on, else all at once. */
async function freeWorker(context: CommandContext, workerId: string, isReleased: boolean): Promise<void> {
  const { store, clock, announcer, metrics } = context;
  const running = await store.runningSources(workerId);
  for (const { spec } of running) {
    await untilCommitted<true>(async () => {
      const source = await store.source(spec.id);
      const run = source?.runningRunId ? await store.run(source.runningRunId) : undefined;
      if (source?.workerId !== workerId || !run) return true;
      return (await apply(context, workerLost(source, run, isReleased, clock.now()))) && true;
    });
  }
  const idle = await store.freeSources(workerId);
  announcer.sources(idle);
  if (!isReleased) metrics.lostLeases.inc(running.length + idle.length);
}

/** A worker gives its leases back: others may claim at once. */
export async function releaseWorker(context: CommandContext, workerId: string): Promise<void> {
  const { store, clock, announcer } = context;
  await store.endWorker(workerId, clock.now());
  await freeWorker(context, workerId, true);
  announcer.cluster();
  announcer.previews(await store.freePreviews(clock.now()));
}

/** Frees what workers hold whose lease has run out. @returns Ids of those that held sources. */
export async function freeExpiredWorkers(context: CommandContext): Promise<readonly string[]> {
  const { store, clock, announcer, metrics } = context;
  const now = clock.now();
  const { endedCount, holderIds } = await store.endExpiredWorkers(now, now - ENDED_KEPT_MS);
  if (holderIds.length > 0) metrics.limits.inc({ limit: 'LEASE' }, holderIds.length);
  for (const workerId of holderIds) await freeWorker(context, workerId, false);
  if (endedCount > 0 || holderIds.length > 0) announcer.cluster();
  announcer.previews(await store.freePreviews(now));
  return holderIds;
}

/** Looks for expired workers all the time, so that a source never waits for somebody to ask for it. */
export function watchLeases(
  context: CommandContext,
  { clock, logger }: { clock: Clock; logger: Logger },
  everyMs: number,
): Closeable {
  const failureLog = createFailureLog(logger, 'lease check');
  const check = createLevelTrigger(
    async () => {
      const ended = await freeExpiredWorkers(context);
      if (ended.length > 0) logger.warn({ workerIds: ended }, 'workers lost, their sources freed');
      failureLog.succeeded();
    },
    (error) => failureLog.failed(error),
  );
  let timer: Timer;
  let checked = Promise.resolve();
  const plan = () => {
    timer = clock.schedule(everyMs, () => {
      checked = check();
      plan();
    });
  };
  plan();
  return {
    async close() {
      timer.close();
      await checked;
    },
  };
}
