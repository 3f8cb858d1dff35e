import type { Clock, Timer } from '../../platform/clock.ts';
import { DueQueue } from './due-queue.ts';
import type { HeldSource } from './held-source.ts';
import { ReadyQueue } from './ready-queue.ts';

export interface SchedulerOptions {
  /** Runs at once. */
  readonly runsMax: number;
  /** Of them on one host. May change. */
  readonly hostRunsMax: () => number;
}

/** The wall clock may be set: no wait is longer than this, so that a jump is noticed. In milliseconds. */
const WAIT_MS_MAX = 60_000;

/**
 * Starts sources when they are due and there is a place: queued runs first, hosts in turns. One timer serves all
 * sources. A source that runs is not started again before its run has ended.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #start: (source: HeldSource) => Promise<void>;
  readonly #due = new DueQueue<HeldSource>();
  readonly #ready: ReadyQueue<HeldSource>;
  readonly #running = new Map<HeldSource, Promise<void>>();
  readonly #dropped = new WeakSet<HeldSource>();
  #timer: Timer | undefined;
  #isStopped = false;

  /** @param start Runs a source to its end; never rejects. */
  constructor(
    { clock, start }: { clock: Clock; start: (source: HeldSource) => Promise<void> },
    options: SchedulerOptions,
  ) {
    this.#clock = clock;
    this.#start = start;
    this.#ready = new ReadyQueue({ placesMax: options.runsMax, hostPlacesMax: options.hostRunsMax });
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Takes a source in, or takes note that it is due at another time. Call `serve` when all are told. */
  plan(source: HeldSource): void {
    if (this.#running.has(source)) return;
    this.#due.delete(source);
    if (source.queuedRunId !== null) this.#ready.add(source, source.host, true);
    else if (source.dueAtMs === undefined) this.#ready.delete(source);
    else if (source.dueAtMs <= this.#clock.now()) this.#ready.add(source, source.host, false);
    else {
      this.#ready.delete(source);
      this.#due.set(source, source.dueAtMs);
    }
  }

  /** Forgets a source; its run, where one goes on, has been told to stop. */
  drop(source: HeldSource): void {
    this.#dropped.add(source);
    this.#due.delete(source);
    this.#ready.delete(source);
  }

  /** Starts what is due and has a place, and sets the timer for the next. */
  serve(): void {
    this.#timer?.close();
    this.#timer = undefined;
    if (this.#isStopped) return;
    const nowMs = this.#clock.now();
    for (let source = this.#due.take(nowMs); source; source = this.#due.take(nowMs)) {
      this.#ready.add(source, source.host, false);
    }
    for (let turn = this.#ready.take(); turn; turn = this.#ready.take()) this.#run(turn.item, turn.leave);
    const { nextAtMs } = this.#due;
    if (nextAtMs === undefined) return;
    const waitMs = Math.min(Math.max(0, nextAtMs - nowMs), WAIT_MS_MAX);
    this.#timer = this.#clock.schedule(waitMs, () => this.serve());
  }

  /** Starts nothing any more. @returns Resolves when all runs have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.close();
    await Promise.all(this.#running.values());
  }

  #run(source: HeldSource, leave: () => void): void {
    const run = this.#start(source).then(() => {
      this.#running.delete(source);
      leave();
      if (!this.#dropped.has(source)) this.plan(source);
      this.serve();
    });
    this.#running.set(source, run);
  }
}
