import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { ObservedPool, ObservedUpdate, PoolUpdateState } from '../platform/model/cluster.ts';

/** Writes down what becomes of pools: each thing once, however often it is seen. */
export interface PoolLog {
  note(pools: readonly ObservedPool[]): void;
  /** Of what was seen until now nothing is known: somebody else looked meanwhile. */
  forget(): void;
}

/**
 * A problem that is gone for less than this is not over, in milliseconds: a worker that crashes again and again has
 * one, then none, then the same.
 */
const PROBLEM_OVER_AFTER_MS = 60_000;

const UPDATES: Readonly<Record<PoolUpdateState, readonly ['info' | 'warn', string]>> = {
  UPDATING: ['info', 'workers are being replaced by newer ones'],
  COMPLETED: ['info', 'workers were replaced by newer ones'],
  PAUSED: ['warn', 'workers are no more being replaced by newer ones, since these fail'],
  ROLLING_BACK: ['warn', 'newer workers failed, and are being taken back'],
  ROLLED_BACK: ['warn', 'newer workers failed, and were taken back'],
};

interface NotedProblem {
  readonly problem: string;
  /** Since when it was not seen; undefined while it is. */
  goneSinceMs: number | undefined;
}

/** @param onRolledBack Called once for each replacement of workers that was seen to be taken back. */
export function createPoolLog(
  { clock, logger }: { clock: Clock; logger: Logger },
  onRolledBack: () => void,
): PoolLog {
  const problems = new Map<string, NotedProblem>();
  const updates = new Map<string, ObservedUpdate | null>();

  function noteProblem({ name: pool, problem }: ObservedPool): void {
    const noted = problems.get(pool);
    if (problem !== null) {
      if (noted?.problem !== problem) logger.warn({ pool, problem }, 'pool has a problem');
      problems.set(pool, { problem, goneSinceMs: undefined });
    } else if (noted) {
      noted.goneSinceMs ??= clock.now();
      if (clock.now() - noted.goneSinceMs < PROBLEM_OVER_AFTER_MS) return;
      logger.info({ pool }, 'pool has no problem any more');
      problems.delete(pool);
    }
  }

  function noteUpdate({ name: pool, update }: ObservedPool): void {
    const noted = updates.get(pool);
    updates.set(pool, update);
    if (!update || (noted?.state === update.state && noted.startedAt === update.startedAt)) return;
    // What was over before we first looked is no news, and was counted by whoever looked then.
    if (noted === undefined && update.state !== 'UPDATING' && update.state !== 'ROLLING_BACK') return;
    const [level, message] = UPDATES[update.state];
    logger[level]({ pool, update }, message);
    if (update.state === 'ROLLED_BACK') onRolledBack();
  }

  return {
    note(pools) {
      const names = new Set(pools.map(({ name }) => name));
      for (const known of [problems, updates]) {
        for (const name of known.keys()) if (!names.has(name)) known.delete(name);
      }
      for (const pool of pools) {
        noteProblem(pool);
        noteUpdate(pool);
      }
    },
    forget() {
      problems.clear();
      updates.clear();
    },
  };
}
