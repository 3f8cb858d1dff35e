import type { Isolation } from './source-spec.ts';

export type TaskState = 'PENDING' | 'STARTING' | 'RUNNING' | 'STOPPING' | 'FAILED';

export interface ObservedNode {
  readonly hostname: string;
  readonly role: string;
  readonly availability: string;
  readonly state: string;
  readonly resources: { readonly cpus: number; readonly memory: number };
}

export interface ObservedTask {
  readonly id: string;
  readonly node: string | null;
  readonly state: TaskState;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly error: string | null;
}

export interface ObservedPool {
  readonly name: string;
  readonly isolation: Isolation;
  /** How many workers it should have. */
  readonly replicas: number;
  readonly tasks: readonly ObservedTask[];
}

/** What the orchestrator last saw the runtime do. */
export interface ObservedCluster {
  readonly nodes: readonly ObservedNode[];
  readonly pools: readonly ObservedPool[];
  /** ISO 8601, UTC. */
  readonly observedAt: string;
}

/** The pool that serves all sources with `isolation: SHARED`. */
export const SHARED_POOL = 'shared';

/** The pool that a source with `isolation: DEDICATED` has to itself. */
export function dedicatedPool(sourceId: string): string {
  return `source-${sourceId}`;
}
