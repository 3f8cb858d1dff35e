import type { ObservedUpdate } from '../../model/cluster.ts';
import type { FailedRollout } from './rollouts.ts';
import type { SlotView } from './task-view.ts';

export interface PoolView {
  readonly replicas: number;
  readonly slots: readonly SlotView[];
  readonly update: ObservedUpdate | null;
  /** What was tried last and taken back. */
  readonly failed: FailedRollout | undefined;
  /** ISO 8601, UTC. */
  readonly changedAt: string;
}

/** A worker that has lived this long has come up well; one that is missing for longer is missed. In milliseconds. */
const SETTLED_MS = 30_000;

/** Why a pool has not all the workers it should have, or not the newest; null where all is well, or just begun. */
export function problemOf(pool: PoolView, nowMs: number): string | null {
  return takenBack(pool) ?? failing(pool, nowMs) ?? paused(pool) ?? missing(pool, nowMs);
}

function takenBack({ failed }: PoolView): string | null {
  if (!failed) return null;
  const why = failed.reason ?? failed.update.message;
  return `The newest workers failed and were taken back${why ? `: ${why}` : '.'}`;
}

/** What the workers that should run say, the most frequent first; a worker between two failures says it, too. */
function failing({ slots }: PoolView, nowMs: number): string | null {
  const errors = slots.flatMap(({ task, failures }) => {
    if (task.state === 'STOPPING') return [];
    if (task.state !== 'RUNNING') return task.error === null ? [] : [task.error];
    const isYoung = nowMs - Date.parse(task.since) < SETTLED_MS;
    const [last, before] = failures;
    const isLoop = last && before && Date.parse(task.since) - Date.parse(before.at) < 2 * SETTLED_MS;
    return isYoung && isLoop ? [last.error] : [];
  });
  const counts = new Map<string, number>();
  for (const error of errors) counts.set(error, (counts.get(error) ?? 0) + 1);
  const [first] = [...counts].sort(([, one], [, other]) => other - one);
  return first?.[0] ?? null;
}

function paused({ update }: PoolView): string | null {
  if (update?.state !== 'PAUSED') return null;
  return `The replacement of the workers has stopped${update.message ? `: ${update.message}` : '.'}`;
}

/** Starting takes its time, and as long as it takes an image to come is no problem that anybody could tell. */
function missing({ replicas, slots, changedAt }: PoolView, nowMs: number): string | null {
  const staying = slots.map(({ task }) => task).filter(({ state }) => state !== 'STOPPING');
  const running = staying.filter(({ state }) => state === 'RUNNING').length;
  const since = Math.max(Date.parse(changedAt), ...staying.map((task) => Date.parse(task.since)));
  if (running >= replicas || nowMs - since < SETTLED_MS) return null;
  return `${running} of ${replicas} workers run.`;
}
