import type { Clock } from '../clock.ts';
import { ClosedError, RuntimeRefusal } from '../errors.ts';
import type { IdFactory } from '../ids.ts';
import { Listeners } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import type { ObservedRuntime, PoolSpec, Runtime, RuntimeAction } from '../ports/runtime.ts';
import type { Closeable } from '../scope.ts';
import { SwarmEngine } from './swarm-runtime/engine.ts';
import type { EngineNode, EngineService, EngineTask } from './swarm-runtime/engine-types.ts';
import { serviceNamePrefix } from './swarm-runtime/names.ts';
import { type EngineState, observedRuntime, ownPool } from './swarm-runtime/observe.ts';
import type { SwarmRuntimeOptions } from './swarm-runtime/options.ts';
import { SwarmPools } from './swarm-runtime/pools.ts';
import { Rollouts } from './swarm-runtime/rollouts.ts';
import { specHash } from './swarm-runtime/service-spec.ts';
import { Settling } from './swarm-runtime/settling.ts';
import { newestFailure } from './swarm-runtime/task-view.ts';
import { EventWatcher } from './swarm-runtime/watcher.ts';

export type { SwarmRuntimeOptions } from './swarm-runtime/options.ts';

/**
 * Runs workers as services of a Docker Swarm, one for each pool. Swarm keeps as many tasks as it was told, wherever
 * there is room: we say what should be, and never touch a single task. Workers outlive us.
 *
 * @throws {ConfigError} The URL names no engine, or its certificates are not there. That none answers is no reason:
 *   it is asked again with each call.
 */
export async function openSwarmRuntime(
  deps: { clock: Clock; logger: Logger; newId?: IdFactory },
  options: SwarmRuntimeOptions,
): Promise<Runtime> {
  return new SwarmRuntime(deps, options);
}

class SwarmRuntime implements Runtime {
  /** Whoever leads finds the same services. */
  readonly isShared = true;
  readonly #clock: Clock;
  readonly #options: SwarmRuntimeOptions;
  readonly #engine: SwarmEngine;
  readonly #rollouts = new Rollouts();
  readonly #pools: SwarmPools;
  readonly #listeners: Listeners<void>;
  readonly #settling: Settling;
  readonly #events: EventWatcher;
  #isClosed = false;

  constructor(deps: { clock: Clock; logger: Logger }, options: SwarmRuntimeOptions) {
    const { clock, logger } = deps;
    this.#clock = clock;
    this.#options = options;
    this.#engine = new SwarmEngine({ clock, logger }, options);
    this.#pools = new SwarmPools({ engine: this.#engine, clock, rollouts: this.#rollouts }, options);
    this.#listeners = new Listeners(logger, 'runtime');
    const onChange = () => this.#listeners.tell();
    this.#settling = new Settling({ clock, look: () => this.observe(), onChange });
    this.#events = new EventWatcher({ engine: this.#engine, clock, logger, onChange }, options.keyPrefix);
  }

  async observe(): Promise<ObservedRuntime> {
    this.#assertOpen();
    const state = await this.#look();
    this.#noteRollouts(state);
    const observed = observedRuntime(state, {
      keyPrefix: this.#options.keyPrefix,
      nowMs: this.#clock.now(),
      specHash: (pool) => hashOf(pool, this.#options),
      failedRollout: (pool, hash) => this.#rollouts.failedOf(pool, hash),
    });
    this.#pools.noteSeen(observed.pools.filter(({ isOwned }) => isOwned).map(({ name }) => name));
    if (!this.#isClosed) this.#settling.note(observed);
    return observed;
  }

  async apply(action: RuntimeAction): Promise<void> {
    this.#assertOpen();
    if (action.kind === 'ensurePool') await this.#pools.ensure(action.pool);
    else await this.#pools.remove(action.name);
    this.#settling.stir();
  }

  watch(listener: () => void): Closeable {
    this.#assertOpen();
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#settling.close();
    this.#events.close();
    this.#engine.close();
  }

  async #look(): Promise<EngineState> {
    const filters = { name: [serviceNamePrefix(this.#options.keyPrefix)] };
    const [services, tasks, nodes] = await this.#engine.call((docker, abortSignal) =>
      Promise.all([
        docker.listServices({ filters, abortSignal }),
        // Tasks go by the names of their services.
        docker.listTasks({ filters, abortSignal }),
        docker.listNodes({ abortSignal }),
      ]),
    );
    return {
      services: services as unknown as EngineService[],
      tasks: tasks as EngineTask[],
      nodes: nodes as EngineNode[],
    };
  }

  #noteRollouts({ services, tasks }: EngineState): void {
    for (const service of services) {
      const pool = ownPool(service, this.#options.keyPrefix);
      const since = service.UpdateStatus?.StartedAt;
      if (!pool || since === undefined) continue;
      const own = tasks.filter((task) => task.ServiceID === service.ID);
      this.#rollouts.noteSeen(pool.name, service, newestFailure(own, since));
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError('The runtime');
  }
}

/** @returns undefined where such a pool could not be made: it is as new as it can be. */
function hashOf(pool: PoolSpec, options: SwarmRuntimeOptions): string | undefined {
  try {
    return specHash(pool, options);
  } catch (error) {
    if (error instanceof RuntimeRefusal) return;
    throw error;
  }
}
