import type { Timer } from '../../clock.ts';

export interface Waiter {
  /** The turn has come. */
  readonly grant: () => void;
  readonly reject: (reason: unknown) => void;
}

/** What this worker has to do with a host. Times are of its own clock, in milliseconds. */
export class HostState {
  readonly name: string;
  readonly waiting = new Map<string, Waiter>();
  readonly held = new Set<string>();
  /** Given back, or no longer waiting, and Redis does not know yet. */
  readonly gone = new Set<string>();
  /** When the last turn of this worker began. */
  begunAtMs = Number.NEGATIVE_INFINITY;
  /** Whether Redis may not know of it. */
  isBeginningUntold = false;
  pausedUntilMs = Number.NEGATIVE_INFINITY;
  timer: Timer | undefined;
  /** The question that is under way, and the one that follows it. */
  asking: Promise<void> = Promise.resolve();
  askingNext: Promise<void> | undefined;
  /** Turns and places that Redis was told of. */
  readonly #told = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  get isIdle(): boolean {
    return this.waiting.size === 0 && this.held.size === 0 && this.gone.size === 0 && !this.askingNext;
  }

  grant(id: string, nowMs: number): void {
    const waiter = this.waiting.get(id);
    if (!waiter) return;
    this.waiting.delete(id);
    this.held.add(id);
    this.begunAtMs = nowMs;
    waiter.grant();
  }

  /** Gives a turn back, or a place in the queue. */
  leave(id: string): void {
    this.waiting.delete(id);
    this.held.delete(id);
    if (this.#told.delete(id)) this.gone.add(id);
  }

  /** To be called before Redis is told of all there is. */
  markTold(): void {
    for (const id of this.held) this.#told.add(id);
    for (const id of this.waiting.keys()) this.#told.add(id);
  }

  stopTimer(): void {
    this.timer?.close();
    this.timer = undefined;
  }
}
