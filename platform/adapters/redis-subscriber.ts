import type { Redis } from 'ioredis';
import { messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { RedisPlace } from '../redis.ts';
import type { Closeable } from '../scope.ts';

export interface SubscriberEvents {
  onMessage(channel: string, text: string): void;
  /** Messages may have been lost; from here on none is. */
  onGap(): void;
}

/**
 * How often the connection is tried, in milliseconds. A subscriber only listens, so it would not notice that there is
 * nobody any more: with the silence that a connection is given up after, a gap is noticed within five seconds.
 */
const PING_INTERVAL_MS = 2_000;

/** How long a new subscription waits for a Redis that is away, in milliseconds: a service starts without it, too. */
const SUBSCRIBE_WAIT_MS = 2_000;

/** Listens to channels over a connection of its own, which it opens again and subscribes anew after each outage. */
export class RedisSubscriber implements Closeable {
  readonly #connection: Redis;
  readonly #logger: Logger;
  readonly #events: SubscriberEvents;
  readonly #channels = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #pinging: NodeJS.Timeout;
  /** Those that Redis has confirmed on the connection there is. */
  readonly #confirmed = new Set<string>();
  #isSubscribing = false;
  #isGap = false;
  /** Since when it does not stand, if it does not, by the process's own time. */
  #fellAtMs = performance.now();

  constructor(place: RedisPlace, { logger }: { logger: Logger }, events: SubscriberEvents) {
    this.#connection = place.duplicate();
    this.#logger = logger;
    this.#events = events;
    this.#connection.on('message', (channel, text) => events.onMessage(channel, text));
    this.#connection.on('ready', () => void this.#stand());
    this.#connection.on('close', () => this.#fall());
    // Whether it comes about is told by the events above.
    this.#connection.connect().catch(() => {});
    this.#pinging = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  /**
   * Resolves when Redis has confirmed the channel: no message is missed from then on. Where Redis is away it does so
   * after a while without, and a gap is told as soon as the channel stands.
   */
  async add(channel: string): Promise<void> {
    this.#channels.add(channel);
    // Confirmed anew where it is already: what was published before comes before the confirmation.
    if (this.#connection.status === 'ready') await this.#subscribe([channel]);
    if (!this.#confirmed.has(channel)) await this.#standing();
    if (!this.#confirmed.has(channel)) this.#isGap = true;
  }

  close(): void {
    clearInterval(this.#pinging);
    this.#connection.disconnect();
    for (const resolve of this.#waiting) resolve();
  }

  /** Resolves when all channels stand, or when they have not for too long. */
  async #standing(): Promise<void> {
    const waitMs = this.#fellAtMs + SUBSCRIBE_WAIT_MS - performance.now();
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, waitMs);
      this.#waiting.add(finish);
    });
  }

  /** Subscribes all channels that are not yet on the connection there is. */
  async #stand(): Promise<void> {
    if (this.#isSubscribing) return;
    this.#isSubscribing = true;
    await this.#subscribe([...this.#channels].filter((channel) => !this.#confirmed.has(channel)));
    this.#isSubscribing = false;
    if (this.#confirmed.size < this.#channels.size) return;
    for (const resolve of this.#waiting) resolve();
    if (!this.#isGap) return;
    this.#isGap = false;
    this.#events.onGap();
  }

  #fall(): void {
    if (this.#confirmed.size === 0) return;
    this.#confirmed.clear();
    this.#isGap = true;
    this.#fellAtMs = performance.now();
  }

  /** What is refused, or breaks off, is tried again with the next ping. */
  async #subscribe(channels: readonly string[]): Promise<void> {
    if (channels.length === 0) return;
    const { stream } = this.#connection;
    try {
      await this.#connection.subscribe(...channels);
      if (this.#connection.stream !== stream) return;
      for (const channel of channels) this.#confirmed.add(channel);
    } catch (error) {
      for (const channel of channels) this.#confirmed.delete(channel);
      if (this.#connection.status !== 'ready') return;
      this.#logger.warn({ reason: messageOf(error) }, 'redis refuses a subscription');
    }
  }

  #ping(): void {
    if (this.#connection.status !== 'ready') return;
    if (this.#confirmed.size < this.#channels.size) void this.#stand();
    // Without an answer the connection is given up, and its close is told.
    else this.#connection.ping().catch(() => {});
  }
}
