import type { Clock, Timer } from '../../clock.ts';
import type { ObservedRuntime } from '../../ports/runtime.ts';

/** Tasks tell nobody of their steps; a worker starts in a second, and whoever waits for it wants to know soon. */
const POLL_MS = 250;
/** Doubled while nothing changes: what hangs, hangs for minutes. */
const POLL_MS_MAX = 4_000;

export interface SettlingDeps {
  readonly clock: Clock;
  /** Looks, and notes what it sees here. */
  readonly look: () => Promise<unknown>;
  readonly onChange: () => void;
}

/** Looks again and again for as long as something is on its way in a pool of ours, and tells what has changed. */
export class Settling {
  readonly #deps: SettlingDeps;
  #timer: Timer | undefined;
  #seen: string | undefined;
  #pauseMs = POLL_MS;
  #isClosed = false;

  constructor(deps: SettlingDeps) {
    this.#deps = deps;
  }

  /** Something was set going: whatever is seen next is not yet its end. */
  stir(): void {
    this.#pauseMs = POLL_MS;
    this.#schedule();
  }

  /** @param observed The newest that is known, whoever asked for it. */
  note(observed: ObservedRuntime): void {
    const seen = JSON.stringify(observed);
    const isNew = this.#seen !== undefined && seen !== this.#seen;
    this.#pauseMs = isNew ? POLL_MS : Math.min(this.#pauseMs * 2, POLL_MS_MAX);
    this.#seen = seen;
    this.#timer?.close();
    this.#timer = undefined;
    if (!observed.pools.every(isSettled)) this.#schedule();
    if (isNew) this.#deps.onChange();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.close();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer?.close();
    this.#timer = this.#deps.clock.schedule(this.#pauseMs, () => {
      // Who cannot look now tries again; the outage itself is told by others.
      this.#deps.look().catch(() => {
        this.#pauseMs = Math.min(this.#pauseMs * 2, POLL_MS_MAX);
        this.#schedule();
      });
    });
  }
}

function isSettled({ isOwned, replicas, tasks, update }: ObservedRuntime['pools'][number]): boolean {
  if (!isOwned) return true;
  const isRolling = update?.state === 'UPDATING' || update?.state === 'ROLLING_BACK';
  return !isRolling && tasks.length === replicas && tasks.every(({ state }) => state === 'RUNNING');
}
