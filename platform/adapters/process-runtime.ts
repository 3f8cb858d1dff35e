import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism, hostname, totalmem } from 'node:os';
import type { Clock } from '../clock.ts';
import { ClosedError } from '../errors.ts';
import { type IdFactory, randomId } from '../ids.ts';
import { Listeners } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import type { ObservedNode } from '../model/cluster.ts';
import type { ObservedRuntime, PoolSpec, Runtime, RuntimeAction, RuntimePool } from '../ports/runtime.ts';
import type { Closeable } from '../scope.ts';
import { ProcessSlot, type ProcessSlotOptions } from './process-slot.ts';

export interface ProcessRuntimeOptions extends Partial<ProcessSlotOptions> {
  /** The worker's program, as `child_process.spawn` takes it. */
  readonly command: { readonly file: string; readonly args: readonly string[] };
  /** All of the worker's settings: of our own environment it gets no more than `INHERITED`. */
  readonly env: Readonly<Record<string, string>>;
  /** Which of our outputs takes all of theirs: of what talks to people, stdout is not theirs. @default 2 */
  readonly output?: 1 | 2;
}

/** What programs need of the machine they run on, and holds no secrets. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS'] as const;

const DEFAULTS: ProcessSlotOptions = {
  // Long enough to hand leases back; with it the whole platform stops within 5 seconds.
  stopGraceMs: 3_000,
  // The first restart is quick, since the sources of the worker wait; a program that cannot run costs one
  // start in half a minute. Never given up: what broke it may mend.
  restartMs: 250,
  restartMsMax: 30_000,
  stableMs: 60_000,
};

/**
 * Runs workers as child processes. Each has an IPC channel to us and must exit when that closes: so none
 * outlives us, however we die. They stand in process groups of their own, so that Ctrl-C in the terminal reaches
 * us alone and we stop them in order.
 */
export async function openProcessRuntime(
  deps: { clock: Clock; logger: Logger; newId?: IdFactory },
  options: ProcessRuntimeOptions,
): Promise<Runtime> {
  return new ProcessRuntime(deps, options);
}

interface Pool {
  spec: PoolSpec;
  changedAtMs: number;
  readonly slots: Set<ProcessSlot>;
}

class ProcessRuntime implements Runtime {
  /** Nobody else sees our children. */
  readonly isShared = false;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #newId: IdFactory;
  readonly #options: ProcessRuntimeOptions & ProcessSlotOptions;
  readonly #pools = new Map<string, Pool>();
  readonly #listeners: Listeners<void>;
  /** Workers on their way out, those of removed pools included. */
  readonly #leaving = new Set<Promise<void>>();
  #isClosed = false;

  constructor(deps: { clock: Clock; logger: Logger; newId?: IdFactory }, options: ProcessRuntimeOptions) {
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#listeners = new Listeners(deps.logger, 'runtime');
    this.#newId = deps.newId ?? randomId;
    this.#options = { ...DEFAULTS, ...options };
  }

  async observe(): Promise<ObservedRuntime> {
    this.#assertOpen();
    return { nodes: [thisMachine()], pools: [...this.#pools.values()].map(observedPool) };
  }

  async apply(action: RuntimeAction): Promise<void> {
    this.#assertOpen();
    if (action.kind === 'ensurePool') this.#ensurePool(action.pool);
    else this.#removePool(action.name);
  }

  watch(listener: () => void): Closeable {
    this.#assertOpen();
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    for (const name of [...this.#pools.keys()]) this.#removePool(name);
    await Promise.all(this.#leaving);
  }

  #ensurePool(spec: PoolSpec): void {
    const pool = this.#pools.get(spec.name) ?? { spec, changedAtMs: this.#clock.now(), slots: new Set() };
    if (pool.spec.replicas !== spec.replicas) pool.changedAtMs = this.#clock.now();
    pool.spec = spec;
    this.#pools.set(spec.name, pool);
    const staying = [...pool.slots].filter((slot) => !slot.isStopping);
    for (let count = staying.length; count < spec.replicas; count++)
      pool.slots.add(this.#openSlot(spec.name));
    // The youngest go: they hold the fewest sources.
    for (const slot of staying.slice(spec.replicas)) this.#stop(pool, slot);
    this.#listeners.tell();
  }

  #removePool(name: string): void {
    const pool = this.#pools.get(name);
    if (!pool) return;
    this.#pools.delete(name);
    for (const slot of pool.slots) this.#stop(pool, slot);
    this.#listeners.tell();
  }

  #openSlot(pool: string): ProcessSlot {
    return new ProcessSlot(
      {
        clock: this.#clock,
        logger: this.#logger.child({ pool }),
        newId: this.#newId,
        launch: (taskId) => this.#launch(pool, taskId),
        onChange: () => this.#listeners.tell(),
      },
      this.#options,
      hostname(),
    );
  }

  #stop(pool: Pool, slot: ProcessSlot): void {
    const leaving = slot.stop().then(() => {
      this.#leaving.delete(leaving);
      pool.slots.delete(slot);
      this.#listeners.tell();
    });
    this.#leaving.add(leaving);
  }

  #launch(pool: string, taskId: string): ChildProcess {
    const { command, env, output = 2 } = this.#options;
    const inherited = INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return spawn(command.file, command.args, {
      env: { ...Object.fromEntries(inherited), ...env, POOL: pool, TASK_ID: taskId },
      stdio: ['ignore', output, output, 'ipc'],
      detached: true,
    });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError('The runtime');
  }
}

function observedPool({ spec, slots, changedAtMs }: Pool): RuntimePool {
  return {
    ...spec,
    tasks: [...slots].map((slot) => slot.task),
    update: null,
    problem: null,
    isOwned: true,
    // Its workers die with it, so they are all of its own making.
    isOutdated: false,
    changedAt: new Date(changedAtMs).toISOString(),
  };
}

function thisMachine(): ObservedNode {
  return {
    hostname: hostname(),
    role: 'manager',
    availability: 'active',
    state: 'ready',
    resources: { cpus: availableParallelism(), memory: totalmem() },
  };
}
