import type { ObservedNode, ObservedTask } from '../../model/cluster.ts';
import type { ObservedRuntime, PoolSpec, RuntimePool } from '../../ports/runtime.ts';
import type { EngineNode, EngineService, EngineTask } from './engine-types.ts';
import { LABELS, serviceName, serviceNamePrefix } from './names.ts';
import { problemOf } from './problem.ts';
import { type FailedRollout, isoTime, updateOf } from './rollouts.ts';
import { slotViews } from './task-view.ts';

/** All that the engine says of one moment. */
export interface EngineState {
  /** Those whose names begin as ours do. */
  readonly services: readonly EngineService[];
  /** Of those services, and maybe of others; also the ended ones that swarm still remembers. */
  readonly tasks: readonly EngineTask[];
  readonly nodes: readonly EngineNode[];
}

export interface ObserveContext {
  readonly keyPrefix: string;
  readonly nowMs: number;
  /** What the pool's service would be labelled with if it were made now; undefined where it could not be made. */
  readonly specHash: (pool: PoolSpec) => string | undefined;
  readonly failedRollout: (pool: string, hash: string) => FailedRollout | undefined;
}

export function observedRuntime(state: EngineState, context: ObserveContext): ObservedRuntime {
  const nodes = new Map(state.nodes.map((node) => [node.ID, node]));
  const tasks = new Map<string, EngineTask[]>();
  for (const task of state.tasks) {
    const known = tasks.get(task.ServiceID);
    if (known) known.push(task);
    else tasks.set(task.ServiceID, [task]);
  }
  return {
    nodes: state.nodes.map(observedNode).sort((one, other) => compare(one.hostname, other.hostname)),
    pools: state.services
      .map((service) => observedPool(service, tasks.get(service.ID) ?? [], nodes, context))
      .sort((one, other) => compare(one.name, other.name)),
  };
}

/** @returns undefined where the service is not ours. */
export function ownPool({ Spec }: EngineService, keyPrefix: string): PoolSpec | undefined {
  const labels = Spec.Labels ?? {};
  const name = labels[LABELS.pool];
  if (labels[LABELS.platform] !== keyPrefix || name === undefined) return;
  // A copy of one of ours has its labels, and another name.
  if (Spec.Name !== serviceName(keyPrefix, name)) return;
  return {
    name,
    isolation: labels[LABELS.isolation] === 'DEDICATED' ? 'DEDICATED' : 'SHARED',
    render: labels[LABELS.render] === 'BROWSER' ? 'BROWSER' : 'HTTP',
    replicas: replicasOf(Spec),
  };
}

function observedPool(
  service: EngineService,
  tasks: readonly EngineTask[],
  nodes: ReadonlyMap<string, EngineNode>,
  { keyPrefix, nowMs, specHash, failedRollout }: ObserveContext,
): RuntimePool {
  const slots = slotViews(tasks, nodes);
  const labels = service.Spec.Labels ?? {};
  const own = ownPool(service, keyPrefix);
  const seen = { tasks: slots.map(({ task }): ObservedTask => task), update: updateOf(service.UpdateStatus) };
  if (!own) {
    const name = (service.Spec.Name ?? '').slice(serviceNamePrefix(keyPrefix).length);
    const spec: PoolSpec = { name, isolation: 'SHARED', render: 'HTTP', replicas: replicasOf(service.Spec) };
    const changedAt = isoTime(service.CreatedAt);
    return { ...spec, ...seen, problem: null, isOwned: false, isOutdated: false, changedAt };
  }
  const hash = specHash(own);
  const failed = hash === undefined ? undefined : failedRollout(own.name, hash);
  const update = seen.update ?? failed?.update ?? null;
  const changedAt = labels[LABELS.changedAt] ?? isoTime(service.CreatedAt);
  return {
    ...own,
    ...seen,
    update,
    problem: problemOf({ replicas: own.replicas, slots, update, failed, changedAt }, nowMs),
    isOwned: true,
    isOutdated: hash !== undefined && hash !== labels[LABELS.spec] && failed === undefined,
    changedAt,
  };
}

function replicasOf({ Mode }: EngineService['Spec']): number {
  return Mode?.Replicated?.Replicas ?? 0;
}

function observedNode({ Spec, Description, Status }: EngineNode): ObservedNode {
  const { NanoCPUs = 0, MemoryBytes = 0 } = Description.Resources;
  return {
    hostname: Description.Hostname,
    role: Spec.Role,
    availability: Spec.Availability,
    state: Status.State,
    resources: { cpus: NanoCPUs / 1e9, memory: MemoryBytes },
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
