import type { ObservedNode, ObservedPool } from '../model/cluster.ts';
import type { Isolation, Renderer } from '../model/source-spec.ts';
import type { Closeable } from '../scope.ts';

/**
 * What runs workers. A pool is a named set of equal workers, of which the runtime keeps as many alive as were
 * asked for; a task is one life of one worker. What a worker is (program, image, settings) the runtime was
 * told when it was opened.
 *
 * Each worker finds its own place in its environment: `POOL` and `TASK_ID`. It is asked to stop with
 * SIGTERM, and killed where it does not within a grace period.
 */
export interface Runtime extends Closeable {
  /** Whether every orchestrator finds the same workers here, as in a cluster; else each has its own. */
  readonly isShared: boolean;
  /** Reads what there is: never what an earlier call would have liked there to be. */
  observe(): Promise<ObservedRuntime>;
  /**
   * Idempotent. Resolves when the runtime has taken the action on; its workers come and go afterwards, and tell
   * by `watch`.
   *
   * @throws {RuntimeRefusal} No such image, no such network, no right to it: the message is for people.
   * @throws {UnavailableError} It does not answer.
   */
  apply(action: RuntimeAction): Promise<void>;
  /** Called when something may have changed. Carries no decision: observe. A listener that throws disturbs no other. */
  watch(listener: () => void): Closeable;
  /** Lets go of the runtime. An embedded one stops the workers it started first. */
  close(): Promise<void>;
}

export interface PoolSpec {
  /** Letters, digits, `-` and `_`. */
  readonly name: string;
  readonly isolation: Isolation;
  readonly render: Renderer;
  /** How many workers it should have. */
  readonly replicas: number;
}

export type RuntimeAction =
  /** Makes the pool, or makes it as given; one that is outdated has its workers replaced. */
  | { readonly kind: 'ensurePool'; readonly pool: PoolSpec }
  /** Stops the pool's workers and forgets it; nothing where there is none. */
  | { readonly kind: 'removePool'; readonly name: string };

export interface ObservedRuntime {
  readonly nodes: readonly ObservedNode[];
  readonly pools: readonly RuntimePool[];
}

export interface RuntimePool extends ObservedPool {
  /** False where another deployment, or a hand, made it: nobody here may change it. */
  readonly isOwned: boolean;
  /**
   * Whether its workers were started from an older program or older settings than this runtime's. False where the newer
   * ones were tried and taken back: `update` and `problem` say so, and they are not tried again.
   */
  readonly isOutdated: boolean;
  /** When the pool was last made or resized: ISO 8601, UTC. */
  readonly changedAt: string;
}
