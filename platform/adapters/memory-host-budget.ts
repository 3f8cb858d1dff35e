import type { Clock, Timer } from '../clock.ts';
import { ClosedError } from '../errors.ts';
import type { HostBudget, HostBudgetOptions, HostTurn } from '../ports/host-budget.ts';

interface Waiter {
  readonly resolve: (turn: HostTurn) => void;
  readonly reject: (reason: unknown) => void;
}

interface Host {
  active: number;
  /** When the next turn may begin. */
  nextAtMs: number;
  readonly waiters: Set<Waiter>;
  timer: Timer | undefined;
}

/** Idle hosts are forgotten when this many more are known than at the last sweep. */
const SWEEP_EVERY = 1_000;

/** The budget of one process. */
export class MemoryHostBudget implements HostBudget {
  readonly #clock: Clock;
  readonly #limits: () => HostBudgetOptions;
  readonly #hosts = new Map<string, Host>();
  #sweepAt = SWEEP_EVERY;
  #isClosed = false;

  /** @param limits Asked at each turn: they may change meanwhile. */
  constructor({ clock }: { clock: Clock }, limits: () => HostBudgetOptions) {
    this.#clock = clock;
    this.#limits = limits;
  }

  async take(host: string, signal: AbortSignal): Promise<HostTurn> {
    signal.throwIfAborted();
    const state = this.#host(host);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        state.waiters.delete(waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        resolve(turn) {
          signal.removeEventListener('abort', onAbort);
          resolve(turn);
        },
        reject(reason) {
          signal.removeEventListener('abort', onAbort);
          reject(reason);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      state.waiters.add(waiter);
      this.#serve(state);
    });
  }

  async pause(host: string, pauseMs: number): Promise<void> {
    const state = this.#host(host);
    state.nextAtMs = Math.max(state.nextAtMs, this.#clock.now() + pauseMs);
    this.#serve(state);
  }

  close(): void {
    this.#isClosed = true;
    for (const state of this.#hosts.values()) {
      state.timer?.close();
      for (const waiter of state.waiters) waiter.reject(new ClosedError('The host budget'));
      state.waiters.clear();
    }
    this.#hosts.clear();
  }

  #host(name: string): Host {
    if (this.#isClosed) throw new ClosedError('The host budget');
    const key = name.toLowerCase();
    let state = this.#hosts.get(key);
    if (!state) {
      this.#sweep();
      state = { active: 0, nextAtMs: 0, waiters: new Set(), timer: undefined };
      this.#hosts.set(key, state);
    }
    return state;
  }

  /** Gives out the turns that are free, and sets the timer for the next. */
  #serve(state: Host): void {
    state.timer?.close();
    state.timer = undefined;
    const [waiter] = state.waiters;
    const { concurrency, intervalMs } = this.#limits();
    if (!waiter || state.active >= concurrency) return;
    const waitMs = state.nextAtMs - this.#clock.now();
    if (waitMs > 0) {
      state.timer = this.#clock.schedule(waitMs, () => this.#serve(state));
      return;
    }
    state.waiters.delete(waiter);
    state.active += 1;
    state.nextAtMs = this.#clock.now() + intervalMs;
    waiter.resolve(this.#turn(state));
    this.#serve(state);
  }

  #turn(state: Host): HostTurn {
    let isReleased = false;
    return {
      release: () => {
        if (isReleased) return;
        isReleased = true;
        state.active -= 1;
        this.#serve(state);
      },
    };
  }

  #sweep(): void {
    if (this.#hosts.size < this.#sweepAt) return;
    const nowMs = this.#clock.now();
    for (const [name, state] of this.#hosts) {
      if (state.active === 0 && state.waiters.size === 0 && state.nextAtMs <= nowMs) this.#hosts.delete(name);
    }
    this.#sweepAt = this.#hosts.size + SWEEP_EVERY;
  }
}
