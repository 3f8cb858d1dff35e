import type { Isolation, Renderer } from './source-spec.ts';

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

export const POOL_UPDATE_STATES = ['UPDATING', 'COMPLETED', 'PAUSED', 'ROLLING_BACK', 'ROLLED_BACK'] as const;
export type PoolUpdateState = (typeof POOL_UPDATE_STATES)[number];

/** How the last replacement of a pool's workers by newer ones went. */
export interface ObservedUpdate {
  readonly state: PoolUpdateState;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** What the runtime says of it. */
  readonly message: string | null;
}

export interface ObservedPool {
  readonly name: string;
  readonly isolation: Isolation;
  /** What its workers can read pages with. */
  readonly render: Renderer;
  /** How many workers it should have. */
  readonly replicas: number;
  readonly tasks: readonly ObservedTask[];
  /** Null where no worker was ever replaced by a newer one. */
  readonly update: ObservedUpdate | null;
  /** Why it has not all the workers it should have, or not the newest, as people are told: null where all is well. */
  readonly problem: string | null;
}

/** What the orchestrator last saw the runtime do. */
export interface ObservedCluster {
  readonly nodes: readonly ObservedNode[];
  readonly pools: readonly ObservedPool[];
  /** ISO 8601, UTC. */
  readonly observedAt: string;
}

/** The pool that serves all sources with `isolation: SHARED` and `render: HTTP`. */
export const SHARED_POOL = 'shared';

/** The pool that serves all sources with `isolation: SHARED` and `render: BROWSER`: its workers have a browser each. */
export const BROWSER_POOL = 'browser';

/** The pool that a source with `isolation: DEDICATED` has to itself. Its name says what its worker needs. */
export function dedicatedPool(sourceId: string, render: Renderer): string {
  return render === 'BROWSER' ? `${BROWSER_POOL}-source-${sourceId}` : `source-${sourceId}`;
}

/** What the workers of a pool of that name read pages with. */
export function renderOf(pool: string): Renderer {
  return pool === BROWSER_POOL || pool.startsWith(`${BROWSER_POOL}-`) ? 'BROWSER' : 'HTTP';
}
