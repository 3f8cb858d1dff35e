import type { Timer } from '../../../platform/clock.ts';
import { createFailureLog } from '../../../platform/failure-log.ts';
import { type Closeable, Scope } from '../../../platform/scope.ts';
import { createLevelTrigger } from '../level-trigger.ts';
import { awaitsWorker, sourceProblem } from '../source-problem.ts';
import { createPacedTrigger } from './paced-trigger.ts';
import type { WakeDeps } from './wakes.ts';

export interface ProblemWatchDeps extends WakeDeps {
  readonly clusterStaleMs: number;
}

/** Between looks that events ask for: each follower of a source reads for itself, and a problem is no matter of a blink. */
const PAUSE_MS = 1_000;
/** Between looks while the source waits for a worker: some problems come by nothing happening. */
const WAITING_MS = 5_000;

/**
 * Watches for a source's problem to come, to go or to become another.
 *
 * @param onChange Called then; the problem is for the caller to read.
 */
export async function watchProblem(
  { bus, store, clock, logger, clusterStaleMs }: ProblemWatchDeps,
  sourceId: string,
  onChange: () => void,
): Promise<Closeable> {
  const scope = new Scope();
  const failureLog = createFailureLog(logger, "looking for a source's problem");
  let isClosed = false;
  let again: Timer | undefined;

  const read = async (): Promise<string | null> => {
    const source = await store.source(sourceId);
    again?.close();
    if (!source || !awaitsWorker(source)) return null;
    // Whoever has left meanwhile wants no more looks.
    if (!isClosed) again = clock.schedule(WAITING_MS, () => look());
    return sourceProblem(source, await store.cluster(), clock.now(), clusterStaleMs);
  };
  let known = await read();
  const check = createLevelTrigger(
    async () => {
      const problem = await read();
      if (problem !== known && !isClosed) onChange();
      known = problem;
      failureLog.succeeded();
    },
    (error) => {
      failureLog.failed(error, { sourceId });
      again?.close();
      if (!isClosed) again = clock.schedule(WAITING_MS, () => look());
    },
  );
  const look = () => void check();

  scope.defer(() => {
    isClosed = true;
    again?.close();
  });
  try {
    const { trigger } = scope.use(createPacedTrigger(clock, PAUSE_MS, look));
    scope.use(await bus.subscribe('cluster.changed', trigger));
    scope.use(
      await bus.subscribe('sources.changed', (message) => {
        if (message.sourceId === sourceId) trigger();
      }),
    );
    scope.use(bus.onGap(trigger));
  } catch (error) {
    await scope.close().catch(() => {});
    throw error;
  }
  return scope;
}
