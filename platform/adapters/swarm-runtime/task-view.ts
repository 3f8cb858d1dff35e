import type { ObservedTask, TaskState } from '../../model/cluster.ts';
import { readable } from './engine-error.ts';
import type { EngineNode, EngineTask } from './engine-types.ts';
import { isoTime } from './rollouts.ts';

const STATES: Readonly<Record<string, TaskState>> = {
  new: 'PENDING',
  pending: 'PENDING',
  assigned: 'PENDING',
  accepted: 'PENDING',
  preparing: 'STARTING',
  ready: 'STARTING',
  starting: 'STARTING',
  running: 'RUNNING',
};

/** The task that should run in one place of a service, and those before it that swarm still remembers. */
export interface SlotView {
  readonly task: ObservedTask;
  /** When the places' earlier tasks ended by themselves, the latest first: ISO 8601, UTC. */
  readonly failures: readonly { readonly at: string; readonly error: string }[];
}

/** Tasks that should run, or are on their way out, in the order of their places. */
export function slotViews(
  tasks: readonly EngineTask[],
  nodes: ReadonlyMap<string, EngineNode>,
): readonly SlotView[] {
  const shown = tasks.filter((task) => isWanted(task) || isLeaving(task, nodes)).sort(byPlace);
  return shown.map((task) => {
    const earlier = tasks
      .filter((other) => other.Slot === task.Slot && madeMs(other) < madeMs(task))
      .sort((one, other) => madeMs(other) - madeMs(one));
    const failures = earlier.filter(hasFailed).map((other) => ({
      at: isoTime(other.Status.Timestamp),
      error: errorOf(other) ?? 'The worker ended.',
    }));
    const follows = earlier[0] && hasFailed(earlier[0]) ? (failures[0]?.error ?? null) : null;
    return { task: viewOf(task, follows, nodes), failures };
  });
}

/** What ended the newest of the tasks that ended by themselves; undefined where none did since then. */
export function newestFailure(tasks: readonly EngineTask[], since: string): string | undefined {
  const failed = tasks
    .filter((task) => hasFailed(task) && madeMs(task) >= Date.parse(since))
    .sort((one, other) => Date.parse(other.Status.Timestamp) - Date.parse(one.Status.Timestamp));
  return failed[0] && errorOf(failed[0]);
}

/** What ended the task, or keeps it from running, as people are told. */
function errorOf({ Status }: EngineTask): string | undefined {
  const said = readable(Status.Err ?? '').replace(/^task: /, '');
  const [, code, detail = ''] = /^non-zero exit \((\d+)\)(?:: (.*))?$/.exec(said) ?? [];
  if (detail.includes('unhealthy')) return 'The worker was stopped: it failed its health check.';
  if (code === '137') return 'The worker was killed (exit code 137): by hand, or for want of memory.';
  if (code !== undefined) return `The worker exited with code ${code}${detail && `: ${detail}`}.`;
  if (said !== '') return said;
  return Status.State === 'complete' ? 'The worker exited with code 0.' : undefined;
}

/** @param follows What ended the task before it, if that did not go because it was told to. */
function viewOf(
  task: EngineTask,
  follows: string | null,
  nodes: ReadonlyMap<string, EngineNode>,
): ObservedTask {
  const state = isWanted(task) ? (STATES[task.Status.State] ?? 'FAILED') : 'STOPPING';
  const isFine = state === 'RUNNING' || state === 'STOPPING';
  return {
    id: task.ID,
    node: nodes.get(task.NodeID ?? '')?.Description.Hostname ?? null,
    state,
    since: isoTime(task.Status.Timestamp),
    error: isFine ? null : (errorOf(task) ?? follows),
  };
}

function isWanted({ DesiredState }: EngineTask): boolean {
  return DesiredState === 'running' || DesiredState === 'ready';
}

/** Nobody knows of a worker on a lost node whether it runs: it does not count. */
function isLeaving({ Status, NodeID = '' }: EngineTask, nodes: ReadonlyMap<string, EngineNode>): boolean {
  return Status.State in STATES && NodeID !== '' && nodes.get(NodeID)?.Status.State === 'ready';
}

/** Ended by itself: one that was told to go has shut down. */
function hasFailed({ Status }: EngineTask): boolean {
  return Status.State === 'failed' || Status.State === 'rejected' || Status.State === 'complete';
}

function byPlace(one: EngineTask, other: EngineTask): number {
  return (one.Slot ?? 0) - (other.Slot ?? 0) || madeMs(one) - madeMs(other);
}

function madeMs({ CreatedAt }: EngineTask): number {
  return Date.parse(CreatedAt);
}
