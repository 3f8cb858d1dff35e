import type { ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { IdFactory } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { ObservedTask, TaskState } from '../model/cluster.ts';

export interface ProcessSlotOptions {
  /** How long a worker has between SIGTERM and SIGKILL, in milliseconds. */
  readonly stopGraceMs: number;
  /** Pause before a crashed worker is started again, doubled with each crash up to the maximum. */
  readonly restartMs: number;
  readonly restartMsMax: number;
  /** A worker that lived this long has come up well: its next crash counts as the first. */
  readonly stableMs: number;
}

interface ProcessSlotDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: IdFactory;
  /** Starts the program. May throw where the system cannot. */
  readonly launch: (taskId: string) => ChildProcess;
  readonly onChange: () => void;
}

/**
 * The place of one worker in a pool: keeps one process alive until it is stopped. Each process is a task of
 * its own; the slot shows the current one, or, while it waits to start again, the one that failed.
 */
export class ProcessSlot {
  readonly #deps: ProcessSlotDeps;
  readonly #options: ProcessSlotOptions;
  #task: ObservedTask;
  #child: ChildProcess | undefined;
  #restart: Timer | undefined;
  #kill: Timer | undefined;
  #crashes = 0;
  #startedAtMs = 0;
  #stopped: PromiseWithResolvers | undefined;

  constructor(deps: ProcessSlotDeps, options: ProcessSlotOptions, hostname: string) {
    this.#deps = deps;
    this.#options = options;
    this.#task = { id: deps.newId(), node: hostname, state: 'PENDING', since: this.#now(), error: null };
    this.#start();
  }

  get task(): ObservedTask {
    return this.#task;
  }

  get isStopping(): boolean {
    return this.#stopped !== undefined;
  }

  /** Resolves when the process is gone, which takes `stopGraceMs` at the most. */
  stop(): Promise<void> {
    if (this.#stopped) return this.#stopped.promise;
    this.#stopped = withResolvers();
    this.#restart?.close();
    if (this.#child) {
      this.#move('STOPPING');
      this.#child.kill('SIGTERM');
      this.#kill = this.#deps.clock.schedule(this.#options.stopGraceMs, () => this.#child?.kill('SIGKILL'));
    } else {
      this.#stopped.resolve();
    }
    return this.#stopped.promise;
  }

  #start(): void {
    this.#startedAtMs = this.#deps.clock.now();
    this.#move('STARTING');
    let child: ChildProcess;
    try {
      child = this.#deps.launch(this.#task.id);
    } catch (error) {
      this.#onEnd(`could not be started: ${messageOf(error)}`);
      return;
    }
    this.#child = child;
    child.once('spawn', () => {
      if (!this.isStopping) this.#move('RUNNING');
    });
    // Also follows a failed kill or send; only a process that never was has no pid.
    child.on('error', (error) => {
      if (child.pid === undefined) this.#onEnd(`could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) =>
      this.#onEnd(signal ? `was killed by ${signal}` : `exited with code ${code}`),
    );
  }

  #onEnd(how: string): void {
    this.#child = undefined;
    this.#kill?.close();
    if (this.#stopped) {
      this.#stopped.resolve();
      return;
    }
    const { clock, logger, newId } = this.#deps;
    const hasBeenStable = clock.now() - this.#startedAtMs >= this.#options.stableMs;
    this.#crashes = hasBeenStable ? 1 : this.#crashes + 1;
    const restartMs = Math.min(
      this.#options.restartMs * 2 ** (this.#crashes - 1),
      this.#options.restartMsMax,
    );
    logger.warn({ taskId: this.#task.id, how, crashes: this.#crashes, restartMs }, 'worker ended by itself');
    const times = this.#crashes > 1 ? ` (${this.#crashes} times in a row)` : '';
    this.#move('FAILED', `The worker ${how}${times}.`);
    this.#restart = clock.schedule(restartMs, () => {
      this.#task = { ...this.#task, id: newId() };
      this.#start();
    });
  }

  #move(state: TaskState, error: string | null = null): void {
    this.#task = { ...this.#task, state, since: this.#now(), error };
    this.#deps.onChange();
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString();
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
