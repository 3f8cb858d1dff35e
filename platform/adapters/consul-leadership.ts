import type Consul from 'consul';
import type { Clock, Timer } from '../clock.ts';
import { openConsul } from '../consul.ts';
import { ClosedError, messageOf } from '../errors.ts';
import { FollowLoop } from '../following/follow-loop.ts';
import type { IdFactory } from '../ids.ts';
import { Listeners } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import type { Leadership } from '../ports/leadership.ts';
import type { Closeable } from '../scope.ts';
import { BlockingQuery } from './consul/blocking-query.ts';
import { LeaderLock } from './consul/leader-lock.ts';

export interface ConsulLeadershipOptions {
  /** Who leads is the holder of the key `<keyPrefix>/leader/<role>`. */
  readonly keyPrefix: string;
  readonly role: string;
  readonly token?: string;
  /** How long leadership outlives the last sign of its holder, in milliseconds. @default 10_000 */
  readonly ttlMs?: number;
}

export interface ConsulLeadershipDeps {
  /** Measures leadership: never goes back and never jumps. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: IdFactory;
}

/** The shortest that Consul allows. It may take twice as long until it lets go of a holder that died. */
const TTL_MS = 10_000;
/** A session is renewed three times while it holds, and not trusted for this part of it before it may end. */
const RENEWALS_PER_TTL = 3;
const MARGIN_PER_TTL = 10;
/** Of a steady clock. */
const LONG_AGO = Number.NEGATIVE_INFINITY;

/** Leadership by a lock that Consul keeps for a session, which ends when its holder no longer renews it. */
export async function openConsulLeadership(
  url: string,
  deps: ConsulLeadershipDeps,
  options: ConsulLeadershipOptions,
): Promise<Leadership> {
  const leadership = new ConsulLeadership(openConsul(url, options.token), deps, options);
  await leadership.contend();
  return leadership;
}

/**
 * A candidate. It looks at the lock when the key changes, to renew its session, and when what it waits for is due;
 * each look reads everything anew.
 *
 * Two never lead at once, as long as their clocks run equally fast:
 *
 * - Consul keeps a session for its TTL at least after it was renewed. A leader counts from before it asked for
 *   that, on its own steady clock, and each `isLeader()` looks at the clock: a process that was frozen does not
 *   lead when it wakes.
 * - A Consul that lost its keys knows nothing of who led before. So whoever finds a key that names no leader
 *   waits for a whole TTL with the lock in hand, until what the other may have held is over. Only who led
 *   until then goes on without a wait.
 */
class ConsulLeadership implements Leadership {
  readonly #consul: Consul;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ttlMs: number;
  readonly #lock: LeaderLock;
  readonly #listeners: Listeners<boolean>;
  readonly #loop: FollowLoop;
  readonly #query: Closeable;
  #isHeld = false;
  /** Of our clock: before it nobody can lead who takes the lock after us, even where we lost it to nobody. */
  #claimEndsAtMs = LONG_AGO;
  /** Where the lock is held, and nobody knows who led before: we do not lead before this. */
  #leadsFromMs: number | undefined;
  #otherUntilMs = LONG_AGO;
  #wasTold = false;
  #expiry: Timer | undefined;
  #next: Timer | undefined;
  #isClosed = false;

  constructor(consul: Consul, deps: ConsulLeadershipDeps, options: ConsulLeadershipOptions) {
    const { clock, logger, newId } = deps;
    const { keyPrefix, role, ttlMs = TTL_MS } = options;
    const key = `${keyPrefix}/leader/${role}`;
    this.#consul = consul;
    this.#clock = clock;
    this.#logger = logger.child({ role });
    this.#ttlMs = ttlMs;
    this.#lock = new LeaderLock(consul, { key, candidate: newId(), ttlMs });
    this.#listeners = new Listeners(this.#logger, 'leadership');
    this.#loop = new FollowLoop({ clock, logger: this.#logger }, (signal) => this.#look(signal), {
      what: { following: key },
      resyncMs: ttlMs / RENEWALS_PER_TTL,
    });
    this.#query = new BlockingQuery(
      {
        clock,
        logger: this.#logger,
        ask: (call) => consul.kv.get({ key, ...call }),
        onAnswer: () => this.#loop.wake(),
      },
      key,
    );
  }

  /** Resolves after the first look, also where Consul does not answer: it is asked again. */
  async contend(): Promise<void> {
    await this.#loop.sync().catch(() => {});
  }

  isLeader(): boolean {
    return this.#isHeld && this.#isClaimed();
  }

  isOtherLeading(): boolean {
    return !this.#isClosed && this.#clock.now() < this.#otherUntilMs;
  }

  watch(listener: (isLeader: boolean) => void): Closeable {
    if (this.#isClosed) throw new ClosedError('The leadership');
    return this.#listeners.add(listener, this.isLeader());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lose();
    this.#listeners.clear();
    this.#next?.close();
    await this.#query.close();
    await this.#loop.close();
    try {
      await this.#lock.release();
    } catch (error) {
      this.#logger.warn({ reason: messageOf(error) }, 'leadership not released: it runs out by itself');
    }
    this.#consul.destroy();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const askedAtMs = this.#clock.now();
    // Without its session the lock is anybody's.
    if ((await this.#lock.renew(signal)) === 'NEW') this.#lose();
    const { holder, isNamed } = await this.#lock.read(signal);
    if (holder === 'OTHER') {
      this.#lose();
      this.#claimEndsAtMs = LONG_AGO;
      this.#otherUntilMs = isNamed ? askedAtMs + this.#ttlMs : LONG_AGO;
      return;
    }
    this.#otherUntilMs = LONG_AGO;
    if (holder === 'NOBODY') {
      this.#lose();
      if (!(await this.#lock.take(isNamed, signal))) return this.#lookAgainIn(this.#lock.delayMs);
    }
    if (!isNamed) {
      if (!this.#isClaimed() && !this.#hasWaited(askedAtMs)) return;
      if (!(await this.#lock.take(true, signal))) return this.#lookAgainIn(this.#lock.delayMs);
    }
    this.#lead(askedAtMs + this.#ttlMs - this.#ttlMs / MARGIN_PER_TTL);
  }

  #isClaimed(): boolean {
    return this.#clock.now() < this.#claimEndsAtMs;
  }

  #lead(untilMs: number): void {
    if (this.#isClosed) return;
    this.#isHeld = true;
    this.#leadsFromMs = undefined;
    this.#claimEndsAtMs = untilMs;
    this.#expiry?.close();
    this.#expiry = this.#clock.schedule(untilMs - this.#clock.now(), () => this.#tell());
    this.#tell();
  }

  /** Whether we held the lock long enough before `atMs` that nobody else can lead who was chosen before. */
  #hasWaited(atMs: number): boolean {
    if (this.#leadsFromMs === undefined) {
      this.#leadsFromMs = this.#clock.now() + this.#ttlMs;
      this.#logger.info(
        { waitMs: this.#ttlMs },
        'consul knows nobody who led before: waiting until that is over',
      );
      this.#lookAgainIn(this.#ttlMs);
    }
    return atMs >= this.#leadsFromMs;
  }

  #lose(): void {
    this.#isHeld = false;
    this.#leadsFromMs = undefined;
    this.#expiry?.close();
    this.#tell();
  }

  #lookAgainIn(delayMs: number): void {
    this.#next?.close();
    this.#next = this.#clock.schedule(delayMs, () => this.#loop.wake());
  }

  #tell(): void {
    const isLeader = this.isLeader();
    if (isLeader === this.#wasTold) return;
    this.#wasTold = isLeader;
    this.#logger.info(isLeader ? 'leading' : 'leading no longer');
    this.#listeners.tell(isLeader);
  }
}
