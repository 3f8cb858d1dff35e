import type { Clock, Timer } from '../clock.ts';
import { ClosedError, messageOf } from '../errors.ts';
import type { IdFactory } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { HostBudget, HostBudgetOptions, HostTurn } from '../ports/host-budget.ts';
import { openRedis, type RedisPlace } from '../redis.ts';
import { HostState } from './redis-host-budget/host-state.ts';
import { createSharedQueue, LEASE_MS, type SharedQueue } from './redis-host-budget/shared-queue.ts';
import { RedisSubscriber } from './redis-subscriber.ts';

export interface RedisHostBudgetDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: IdFactory;
}

export interface RedisHostBudgetOptions {
  readonly keyPrefix: string;
  /** Asked at each turn: they may change meanwhile. */
  readonly limits: () => HostBudgetOptions;
  /** The time that all who share the budget go by. @default Redis's own, since the workers' clocks may differ. */
  readonly now?: () => number;
}

/** How often Redis hears of what is held or waited for, in milliseconds: a lease survives two that are lost. */
const RENEW_MS = LEASE_MS / 3;

/** How often a Redis that is away is tried, in milliseconds: meanwhile each worker keeps to the limits by itself. */
const RETRY_MS = 1_000;

/** Idle hosts are forgotten when this many more are known than at the last sweep. */
const SWEEP_EVERY = 1_000;

/** No host's name: what it is asked with is whether Redis serves again. */
const NO_HOST = '';

/** @param url `redis://…`; Redis may be away, now and later: each worker then keeps to the limits by itself. */
export async function openRedisHostBudget(
  url: string,
  deps: RedisHostBudgetDeps,
  options: RedisHostBudgetOptions,
): Promise<HostBudget> {
  const place = openRedis(url, { logger: deps.logger, keyPrefix: options.keyPrefix });
  const budget = new RedisHostBudget(place, deps, options);
  await budget.start();
  return budget;
}

/**
 * The budget of all workers that share a Redis. Each tells Redis whatever it holds and waits for, anew at every change
 * and by a timer, and is told whose turn has come: so a message lost, or a Redis restarted empty, is mended by the next.
 */
class RedisHostBudget implements HostBudget {
  readonly #deps: RedisHostBudgetDeps;
  readonly #options: RedisHostBudgetOptions;
  readonly #place: RedisPlace;
  readonly #queue: SharedQueue;
  readonly #subscriber: RedisSubscriber;
  readonly #worker: string;
  readonly #hosts = new Map<string, HostState>();
  #taken = 0;
  #sweepAt = SWEEP_EVERY;
  /** Redis is away. */
  #isAlone = false;
  #retrying: Timer | undefined;
  #isClosed = false;

  constructor(place: RedisPlace, deps: RedisHostBudgetDeps, options: RedisHostBudgetOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#place = place;
    this.#queue = createSharedQueue(place, options.now);
    this.#worker = deps.newId();
    this.#subscriber = new RedisSubscriber(place, deps, {
      onMessage: (_channel, name) => this.#wake(name),
      onGap: () => this.#tellAnew(),
    });
  }

  /** Listens before it queues up, since one that nobody hears is passed over. */
  async start(): Promise<void> {
    const listening = this.#subscriber.add(this.#queue.wakeChannel(this.#worker));
    try {
      await this.#place.run((client) => client.ping());
      await listening;
    } catch (error) {
      this.#goAlone(error);
    }
  }

  async take(name: string, signal: AbortSignal): Promise<HostTurn> {
    signal.throwIfAborted();
    const host = this.#host(name);
    const id = `${this.#worker}/${++this.#taken}`;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        host.leave(id);
        void this.#look(host);
        reject(signal.reason);
      };
      host.waiting.set(id, {
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(this.#turn(host, id));
        },
        reject: (reason) => {
          signal.removeEventListener('abort', onAbort);
          reject(reason);
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
      void this.#look(host);
    });
  }

  async pause(name: string, pauseMs: number): Promise<void> {
    const host = this.#host(name);
    host.pausedUntilMs = Math.max(host.pausedUntilMs, this.#deps.clock.now() + pauseMs);
    await this.#look(host);
  }

  /** Gives back whatever is held: nobody waits for a worker that has ended. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retrying?.close();
    const hosts = [...this.#hosts.values()];
    for (const host of hosts) {
      host.stopTimer();
      for (const [id, waiter] of [...host.waiting]) {
        host.leave(id);
        waiter.reject(new ClosedError('The host budget'));
      }
      for (const id of [...host.held]) host.leave(id);
    }
    if (!this.#isAlone)
      await Promise.all(hosts.filter(({ gone }) => gone.size > 0).map((host) => this.#tell(host)));
    this.#subscriber.close();
    await this.#place.close();
  }

  #host(name: string): HostState {
    if (this.#isClosed) throw new ClosedError('The host budget');
    const key = name.toLowerCase();
    let host = this.#hosts.get(key);
    if (!host) {
      this.#sweep();
      host = new HostState(key);
      this.#hosts.set(key, host);
    }
    return host;
  }

  #turn(host: HostState, id: string): HostTurn {
    return {
      release: () => {
        if (!host.held.has(id)) return;
        host.leave(id);
        void this.#look(host);
      },
    };
  }

  /** Gives out the turns that have come, and sees to it that it is called again for the next. */
  async #look(host: HostState): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isAlone) this.#serveAlone(host);
    else await this.#tell(host);
  }

  /** Redis may have been restarted empty: tells it of all that still holds. */
  #tellAnew(): void {
    for (const host of this.#hosts.values()) {
      if (host.isIdle && this.#isQuiet(host)) continue;
      host.isBeginningUntold = Number.isFinite(host.begunAtMs);
      void this.#look(host);
    }
  }

  /** Neither its last turn nor a pause keeps the next turn from beginning. */
  #isQuiet({ begunAtMs, pausedUntilMs }: HostState): boolean {
    return Math.max(begunAtMs + this.#options.limits().intervalMs, pausedUntilMs) <= this.#deps.clock.now();
  }

  /** The first in a host's queue is of this worker. */
  #wake(name: string): void {
    const host = this.#hosts.get(name);
    if (host) void this.#look(host);
  }

  /** Resolves when Redis was asked with all there is now; never rejects. One question at a time for each host. */
  #tell(host: HostState): Promise<void> {
    host.askingNext ??= host.asking.then(() => {
      host.askingNext = undefined;
      host.asking = this.#ask(host);
      return host.asking;
    });
    return host.askingNext;
  }

  async #ask(host: HostState): Promise<void> {
    const { clock } = this.#deps;
    const askedAtMs = clock.now();
    const gone = [...host.gone];
    const pauseMs = host.pausedUntilMs - askedAtMs;
    const begunAgoMs = host.isBeginningUntold ? askedAtMs - host.begunAtMs : undefined;
    host.isBeginningUntold = false;
    host.markTold();
    host.stopTimer();
    try {
      const { granted, lookMs } = await this.#queue.ask(host.name, {
        ...this.#options.limits(),
        held: [...host.held],
        waiting: [...host.waiting.keys()],
        gone,
        begunAgoMs,
        pauseMs: pauseMs > 0 ? pauseMs : undefined,
      });
      for (const id of gone) host.gone.delete(id);
      for (const id of granted) host.grant(id, clock.now());
      // From when it asked: the next question is as long on its way as this one was.
      this.#schedule(host, lookMs === undefined ? RENEW_MS : askedAtMs + lookMs - clock.now());
    } catch (error) {
      this.#goAlone(error);
    }
  }

  #schedule(host: HostState, lookMs: number): void {
    host.stopTimer();
    if (this.#isClosed || (host.waiting.size === 0 && host.held.size === 0)) return;
    host.timer = this.#deps.clock.schedule(Math.min(lookMs, RENEW_MS), () => void this.#look(host));
  }

  /** Keeps to the limits within this worker, as far as it knows: its own turns, and the pauses it was asked for. */
  #serveAlone(host: HostState): void {
    host.stopTimer();
    const { clock } = this.#deps;
    const { concurrency, intervalMs } = this.#options.limits();
    for (const id of host.waiting.keys()) {
      if (host.held.size >= concurrency) return;
      const waitMs = Math.max(host.begunAtMs + intervalMs, host.pausedUntilMs) - clock.now();
      if (waitMs > 0) {
        host.timer = clock.schedule(waitMs, () => void this.#look(host));
        return;
      }
      host.grant(id, clock.now());
    }
  }

  #goAlone(error: unknown): void {
    if (this.#isAlone || this.#isClosed) return;
    this.#isAlone = true;
    this.#deps.logger.warn(
      { reason: messageOf(error) },
      'host budget not shared while redis is away: each worker keeps to it by itself',
    );
    for (const host of this.#hosts.values()) this.#serveAlone(host);
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    this.#retrying = this.#deps.clock.schedule(RETRY_MS, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    try {
      const nothing = { held: [], waiting: [], gone: [] };
      await this.#queue.ask(NO_HOST, { ...this.#options.limits(), ...nothing });
    } catch {
      return this.#retryLater();
    }
    if (this.#isClosed) return;
    this.#isAlone = false;
    this.#deps.logger.info('host budget shared again');
    this.#tellAnew();
  }

  #sweep(): void {
    if (this.#hosts.size < this.#sweepAt) return;
    for (const [name, host] of this.#hosts) {
      if (host.isIdle && this.#isQuiet(host)) this.#hosts.delete(name);
    }
    this.#sweepAt = this.#hosts.size + SWEEP_EVERY;
  }
}
