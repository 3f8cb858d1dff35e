/** Time as the services see it: passed in, so that tests advance it instead of sleeping. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Calls back once after `delayMs`, unless closed before. */
  schedule(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  close(): void;
}

/** setTimeout's own limit; longer waits are made of several. */
const DELAY_MS_MAX = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    let remainingMs = Math.max(0, delayMs);
    let handle: NodeJS.Timeout;
    const wait = () => {
      const stepMs = Math.min(remainingMs, DELAY_MS_MAX);
      remainingMs -= stepMs;
      handle = setTimeout(() => (remainingMs > 0 ? wait() : callback()), stepMs);
    };
    wait();
    return { close: () => clearTimeout(handle) };
  },
};

/** Milliseconds since the process began, which setting the machine's time does not change. */
export const steadyClock: Clock = {
  now: () => performance.now(),
  schedule: systemClock.schedule,
};

/** A clock that stands still until told. */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers: { atMs: number; callback: () => void }[] = [];

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return {
      close: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** How many timers are waiting. */
  get pending(): number {
    return this.#timers.length;
  }

  /** When the waiting timers fall due. */
  get dueAtMs(): readonly number[] {
    return this.#timers.map(({ atMs }) => atMs);
  }

  /** Moves time on and calls what falls due, in its order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)
        .at(0);
      if (!due) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    this.#nowMs = untilMs;
  }
}
