import type { ObservedCluster, ObservedPool } from '../../platform/model/cluster.ts';
import { isLive, poolOf, type Source } from '../../platform/model/source.ts';

/** A worker that starts, and a source that was just added, get this long before anything is said of them. */
const MOMENT_MS = 10_000;

/** A source that is due is taken within a lease where a worker can take it: longer than that is no accident. */
const TAKEN_MS_MAX = 60_000;

/** Whether workers may read it and none does. */
export function awaitsWorker(source: Source): boolean {
  return isLive(source) && source.workerId === null;
}

/** Whether nobody has reported the cluster for so long that what it says of workers may not be so any more. */
export function isForgotten({ observedAt }: ObservedCluster, nowMs: number, staleMs: number): boolean {
  return nowMs - Date.parse(observedAt) >= staleMs;
}

/**
 * Why nothing reads a source that should be read, as people are told, with the way out. Pure: it changes with the source,
 * with the cluster and, up to a minute after both, with time.
 *
 * @param cluster As last reported; undefined before the first report.
 * @param staleMs Age from which a report counts for nothing.
 * @returns null where all is well, or will be in a moment.
 */
export function sourceProblem(
  source: Source,
  cluster: ObservedCluster | undefined,
  nowMs: number,
  staleMs: number,
): string | null {
  if (!awaitsWorker(source)) return null;
  const isNew = nowMs - source.updatedAt < MOMENT_MS;
  if (!cluster) return isNew ? null : 'Nobody has looked after the workers yet: is an orchestrator running?';
  if (isForgotten(cluster, nowMs, staleMs)) {
    return `Nobody has looked after the workers since ${cluster.observedAt}: is an orchestrator running?`;
  }
  const name = poolOf(source.spec);
  const pool = cluster.pools.find((candidate) => candidate.name === name);
  if (!pool) {
    const isSeen = Date.parse(cluster.observedAt) >= source.updatedAt;
    return isSeen && !isNew ? MISSING : null;
  }
  if (!pool.tasks.some(({ state }) => state === 'RUNNING')) {
    return pool.problem ?? whyNoneRuns(pool, source, nowMs);
  }
  const waitedMs = nowMs - dueAt(source);
  if (pool.problem !== null) return waitedMs >= MOMENT_MS ? pool.problem : null;
  return waitedMs >= TAKEN_MS_MAX ? LEFT_ALONE : null;
}

const MISSING = 'The worker that should read it has not been started: the log of the orchestrator says why.';
const LEFT_ALONE =
  'The workers that run have not taken it. They may be full (POOL_REPLICAS_MAX, WORKER_CAPACITY), or not reach configuration.';

/** The last error of a task says most. Without one, workers that are on their way get a moment. */
function whyNoneRuns({ tasks }: ObservedPool, { updatedAt }: Source, nowMs: number): string | null {
  const byAge = [...tasks].sort((a, b) => Date.parse(b.since) - Date.parse(a.since));
  const error = byAge.find((task) => task.error)?.error;
  if (error) return `No worker that could read it runs: ${error.replace(/[.\s]+$/, '')}.`;
  const coming = byAge.filter(({ state }) => state === 'PENDING' || state === 'STARTING');
  const waitingSince = coming.at(-1) ?? byAge.at(0);
  const sinceMs = Math.max(updatedAt, waitingSince ? Date.parse(waitingSince.since) : 0);
  if (nowMs - sinceMs < MOMENT_MS) return null;
  return 'No worker that could read it runs yet: `cluster` shows how far they are.';
}

/** Since when somebody should have taken it: what nobody ever has, from the beginning; else when it is to be read next. */
function dueAt({ token, updatedAt, nextRunAt }: Source): number {
  return token === 0 || nextRunAt === null ? updatedAt : Math.max(nextRunAt, updatedAt);
}
