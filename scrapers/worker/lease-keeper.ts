import type { Clock } from '../../platform/clock.ts';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import type { IdFactory } from '../../platform/ids.ts';
import { type LinkedAbort, linkAbort } from '../../platform/linked-abort.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ConfigurationApi, WorkerIdentity } from './configuration-api.ts';
import type { SourceLease } from './held-source.ts';
import { Wakeup } from './wakeup.ts';

/** Who acts on what the leases say. All are called in the order in which things happened, and never wait. */
export interface LeaseHolder {
  /** How many sources it holds. */
  readonly heldCount: number;
  /** A worker's life begins: whatever it held before is gone. */
  begin(workerId: string): void;
  /** Sources that are new, or of which something changed. Both may be told twice. */
  hold(leases: readonly SourceLease[]): void;
  lose(sourceIds: readonly string[]): void;
  /** The leases end now: every run must stop at once. */
  end(): void;
  /** Previews may be waiting. */
  preview(): void;
}

export interface LeaseKeeperDeps {
  readonly api: ConfigurationApi;
  readonly holder: LeaseHolder;
  /** Never goes back and never jumps: what the wall clock does must not lengthen a lease. */
  readonly steadyClock: Clock;
  readonly newId: IdFactory;
  readonly logger: Logger;
}

/** Who claims. */
export interface LeaseKeeperOptions extends Omit<WorkerIdentity, 'capacity'> {
  /** Sources to hold at the most; asked before each claim. What is held already stays where it becomes less. */
  readonly capacity: () => number;
}

/** Pause before configuration is asked again that did not answer, doubled each time up to the maximum. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;
/** Leases are renewed three times while they hold, and given up this much of them before they end. */
const RENEWALS_PER_LEASE = 3;
const MARGIN_PER_LEASE = 10;
/** For the first claim, which may bring thousands of sources; later calls must leave time for the next renewal. */
const CALL_TIMEOUT_MS = 30_000;

/**
 * Claims sources and renews the leases on them. What wakes it (an event, a timer, a lost connection) only says
 * that there may be something to do. A worker that could not renew in time ends all its runs while its leases
 * still hold, and begins anew under a new id.
 */
export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps;
  readonly #options: LeaseKeeperOptions;
  readonly #wakeup: Wakeup;
  readonly #stopping = new AbortController();
  #isDraining = false;
  #needsClaim = false;
  #needsRenewal = false;
  /** Where renewals go on from; undefined before the first claim. */
  #after: number | undefined;
  #leaseMs: number | undefined;
  #workerId: string | undefined;

  constructor(deps: LeaseKeeperDeps, options: LeaseKeeperOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#wakeup = new Wakeup(deps.steadyClock);
  }

  /** Lives until stopped. Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) await this.#live(this.#deps.newId());
  }

  /** Claims no more. The leases are still renewed, for the runs that go on. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Ends the life and gives the leases back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wakeup.wake();
    const { api, logger } = this.#deps;
    if (this.#workerId === undefined) return;
    try {
      await api.release(this.#workerId, { timeoutMs: 1_000 });
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'leases not released: they run out by themselves');
    }
  }

  /** One life of the worker: from its first claim until its leases end. */
  async #live(workerId: string): Promise<void> {
    const { api, holder, logger } = this.#deps;
    const life = new Life(this.#deps.steadyClock, this.#stopping.signal, () => {
      holder.end();
      this.#wakeup.wake();
    });
    this.#workerId = workerId;
    this.#after = undefined;
    this.#needsClaim = true;
    holder.begin(workerId);
    const following = api.followWork(workerId, (reason) => {
      if (reason !== 'PREVIEW') {
        this.#needsClaim ||= reason !== 'RENEW';
        this.#needsRenewal ||= reason !== 'CLAIM';
      }
      if (reason === undefined || reason === 'PREVIEW') holder.preview();
      this.#wakeup.wake();
    });
    let failures = 0;
    try {
      while (!life.signal.aborted) {
        try {
          await this.#act(workerId, life);
          failures = 0;
          if (!this.#mayClaim && !this.#mayRenew) await this.#wakeup.wait(life.untilRenewalMs());
          if (life.untilRenewalMs() === 0) this.#needsRenewal = true;
        } catch (error) {
          if (life.signal.aborted) break;
          if (error instanceof TributaryError && error.code === 'STALE_TOKEN') break;
          // What was answered on the way may be lost: a renewal tells it again.
          this.#needsRenewal = true;
          // The first time to be seen, again and again for who looks closer.
          const level = failures === 0 ? 'warn' : 'debug';
          logger[level]({ workerId, reason: messageOf(error) }, 'configuration does not answer');
          await this.#wakeup.wait(Math.min(RETRY_MS * 2 ** failures++, RETRY_MS_MAX));
        }
      }
    } finally {
      await following.close();
      life.end();
    }
  }

  get #mayClaim(): boolean {
    const hasRoom = this.#deps.holder.heldCount < this.#options.capacity();
    return this.#needsClaim && hasRoom && !this.#isDraining;
  }

  get #mayRenew(): boolean {
    return this.#needsRenewal && this.#after !== undefined;
  }

  async #act(workerId: string, life: Life): Promise<void> {
    const { api, holder } = this.#deps;
    const { signal } = life;
    const timeoutMs = this.#leaseMs === undefined ? CALL_TIMEOUT_MS : this.#leaseMs / RENEWALS_PER_LEASE;
    if (this.#mayRenew) {
      this.#needsRenewal = false;
      const sentAtMs = life.now();
      const renewal = await api.renew(workerId, this.#after ?? 0, { signal, timeoutMs });
      if (!renewal.isKnown) return life.end();
      life.lengthen(sentAtMs, renewal.leaseMs);
      this.#after = renewal.after;
      holder.lose(renewal.lostSourceIds);
      holder.hold(renewal.changed);
      holder.preview();
      this.#needsClaim ||= renewal.hasUnclaimed;
    }
    if (this.#mayClaim) {
      this.#needsClaim = false;
      const sentAtMs = life.now();
      try {
        const identity = { ...this.#options, capacity: this.#options.capacity() };
        const claim = await api.claim(workerId, identity, { signal, timeoutMs });
        life.lengthen(sentAtMs, claim.leaseMs);
        this.#leaseMs = claim.leaseMs;
        // Renewals go on from where they were: what changed in between is for them to tell.
        this.#after ??= claim.after;
        holder.hold(claim.leases);
      } catch (error) {
        this.#needsClaim = true;
        throw error;
      }
    }
  }
}

/** The time that the leases of one life hold. */
class Life {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #ended: LinkedAbort;
  #timer: { close(): void } | undefined;
  #renewAtMs = Number.POSITIVE_INFINITY;

  /** @param stopping Ends the life without a word: what it held is given back. */
  constructor(clock: Clock, stopping: AbortSignal, onEnd: () => void) {
    this.#ended = linkAbort(stopping);
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Zero where it is time to renew. */
  untilRenewalMs(): number {
    return Math.max(0, this.#renewAtMs - this.#clock.now());
  }

  lengthen(sentAtMs: number, leaseMs: number): void {
    if (this.#ended.signal.aborted) return;
    this.#renewAtMs = sentAtMs + leaseMs / RENEWALS_PER_LEASE;
    this.#timer?.close();
    const endAtMs = sentAtMs + leaseMs - leaseMs / MARGIN_PER_LEASE;
    this.#timer = this.#clock.schedule(endAtMs - this.#clock.now(), () => this.end());
  }

  end(): void {
    this.#timer?.close();
    if (this.#ended.signal.aborted) return;
    this.#ended.unlink();
    this.#ended.controller.abort();
    this.#onEnd();
  }
}
