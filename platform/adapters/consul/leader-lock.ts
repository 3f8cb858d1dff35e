import type Consul from 'consul';
import { askConsul, ConsulRefusalError } from '../../consul.ts';

export interface LeaderLockOptions {
  readonly key: string;
  /** Written into the key by whoever leads, for people to see and for the next to know that somebody led. */
  readonly candidate: string;
  readonly ttlMs: number;
}

export interface LockState {
  readonly holder: 'SELF' | 'OTHER' | 'NOBODY';
  /** Whether the key names one who led: its holder, or the last one. */
  readonly isNamed: boolean;
}

/**
 * A session that is taken from its holder while it still holds (its node was taken out, somebody ended it) leaves the
 * lock free after this long: time for the holder, which hears of it at once, to stop. One that runs out by its
 * time needs none, and one that is given back waits for none.
 */
const LOCK_DELAY_MS = 1_000;

/**
 * The lock on a key, with the session that takes it. Calls throw what `askConsul` throws.
 *
 * @see https://developer.hashicorp.com/consul/docs/automate/session
 */
export class LeaderLock {
  readonly delayMs = LOCK_DELAY_MS;
  readonly #consul: Consul;
  readonly #options: LeaderLockOptions;
  #session: string | undefined;
  #isNamed = false;

  constructor(consul: Consul, options: LeaderLockOptions) {
    this.#consul = consul;
    this.#options = options;
  }

  /** @returns NEW where there was no session, or Consul had ended it: what it held is no longer held. */
  async renew(signal: AbortSignal): Promise<'KEPT' | 'NEW'> {
    const id = this.#session;
    if (id !== undefined) {
      try {
        await askConsul((call) => this.#consul.session.renew({ id, ...call }), { signal });
        return 'KEPT';
      } catch (error) {
        if (!(error instanceof ConsulRefusalError && error.status === 404)) throw error;
      }
    }
    this.#session = undefined;
    const session = {
      name: this.#options.key,
      ttl: `${this.#options.ttlMs}ms`,
      lockdelay: `${LOCK_DELAY_MS}ms`,
      behavior: 'release' as const,
      // Without the node's own check: a rumour that a node is ill must not end what its TTL promises.
      checks: [],
    };
    const { data } = await askConsul((call) => this.#consul.session.create({ ...session, ...call }), {
      signal,
    });
    this.#session = data?.ID;
    return 'NEW';
  }

  async read(signal: AbortSignal): Promise<LockState> {
    const { key } = this.#options;
    const { data } = await askConsul<{ Value: string | null; Session?: string } | null>(
      (call) => this.#consul.kv.get({ key, ...call }),
      { signal },
    );
    const holder = data?.Session === undefined ? 'NOBODY' : data.Session === this.#session ? 'SELF' : 'OTHER';
    return { holder, isNamed: Boolean(data?.Value) };
  }

  /**
   * Takes the lock, or takes it again.
   *
   * @param isNamed Whether the key shall name us: no other can lead now.
   * @returns Whether we hold it.
   */
  async take(isNamed: boolean, signal: AbortSignal): Promise<boolean> {
    const { key, candidate } = this.#options;
    const pair = { key, value: isNamed ? candidate : '', acquire: this.#session ?? '' };
    const isTaken = (await askConsul((call) => this.#consul.kv.set({ ...pair, ...call }), { signal })).data;
    this.#isNamed = isTaken === true && isNamed;
    return isTaken === true;
  }

  /** Gives the lock back, where we hold it, and ends the session. The key keeps saying whether somebody led. */
  async release(): Promise<void> {
    const id = this.#session;
    if (id === undefined) return;
    const { key, candidate } = this.#options;
    const pair = { key, value: this.#isNamed ? candidate : '', release: id };
    await askConsul((call) => this.#consul.kv.set({ ...pair, ...call }));
    await askConsul((call) => this.#consul.session.destroy({ id, ...call }));
    this.#session = undefined;
  }
}
