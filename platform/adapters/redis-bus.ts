import { ClosedError, UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Bus, Topic, Topics } from '../ports/bus.ts';
import { openRedis, type RedisPlace } from '../redis.ts';
import type { Closeable } from '../scope.ts';
import { readMessage } from './redis-bus/messages.ts';
import { RedisSubscriber } from './redis-subscriber.ts';

/** Messages on their way to Redis at once: more than a healthy Redis ever leaves waiting, and few megabytes. */
const PUBLISHING_MAX = 10_000;

/** Between two attempts to tell the others that a message was lost, in milliseconds: an outage takes seconds. */
const TELL_LOSS_INTERVAL_MS = 500;

/** A topic of the bus itself: a publisher could not hand on a message, so all have a gap. */
const LOSS = 'lost';

type Listener = (message: never) => void;

/** @param url `redis://…`; Redis may be away, now and later: nothing but messages is lost, and that is told. */
export async function openRedisBus(
  url: string,
  { logger }: { logger: Logger },
  { keyPrefix }: { keyPrefix: string },
): Promise<Bus> {
  return new RedisBus(openRedis(url, { logger, keyPrefix }), logger);
}

/** Bus over Redis's publish and subscribe: one channel for each topic, `<keyPrefix>:bus:<topic>`. */
class RedisBus implements Bus {
  readonly #place: RedisPlace;
  readonly #logger: Logger;
  readonly #subscriber: RedisSubscriber;
  readonly #listeners = new Map<Topic, Set<Listener>>();
  readonly #gapListeners = new Set<() => void>();
  readonly #publishing = new Set<Promise<unknown>>();
  /** Channels of which rubbish was logged. */
  readonly #rubbish = new Set<string>();
  #tellingLoss: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(place: RedisPlace, logger: Logger) {
    this.#place = place;
    this.#logger = logger;
    this.#subscriber = new RedisSubscriber(
      place,
      { logger },
      {
        onMessage: (channel, text) => this.#hear(channel, text),
        onGap: () => this.#tellGap(),
      },
    );
    // Nobody waits for it: what is lost until it stands is told as a gap.
    void this.#subscriber.add(this.#channel(LOSS));
  }

  async publish<T extends Topic>(topic: T, message: Topics[T]): Promise<void> {
    if (this.#isClosed) throw new ClosedError('The bus');
    try {
      if (this.#publishing.size >= PUBLISHING_MAX)
        throw new UnavailableError('Redis is too slow for the bus.');
      await this.#send(topic, JSON.stringify(message));
    } catch (error) {
      this.#tellLoss();
      throw error;
    }
  }

  async subscribe<T extends Topic>(topic: T, listener: (message: Topics[T]) => void): Promise<Closeable> {
    if (this.#isClosed) throw new ClosedError('The bus');
    await this.#subscriber.add(this.#channel(topic));
    if (this.#isClosed) throw new ClosedError('The bus');
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    // A listener of its own for each call, so that the same function can listen twice.
    const own = (message: never) => listener(message);
    listeners.add(own);
    // The channel stays subscribed: there are few topics, and who heard one once mostly hears it again.
    return { close: () => void listeners.delete(own) };
  }

  onGap(listener: () => void): Closeable {
    if (this.#isClosed) throw new ClosedError('The bus');
    const own = () => listener();
    this.#gapListeners.add(own);
    return { close: () => void this.#gapListeners.delete(own) };
  }

  /** Waits for the messages on their way, as long as they may take. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#gapListeners.clear();
    clearTimeout(this.#tellingLoss);
    await Promise.allSettled(this.#publishing);
    this.#subscriber.close();
    await this.#place.close();
  }

  #channel(topic: string): string {
    return this.#place.key('bus', topic);
  }

  async #send(topic: Topic | typeof LOSS, text: string): Promise<void> {
    const sending = this.#place.run((client) => client.publish(this.#channel(topic), text));
    this.#publishing.add(sending);
    await sending.finally(() => this.#publishing.delete(sending));
  }

  #hear(channel: string, text: string): void {
    const topic = channel.slice(this.#channel('').length);
    if (topic === LOSS) this.#tellGap();
    else if (this.#listeners.has(topic as Topic)) this.#tell(topic as Topic, channel, text);
  }

  #tell(topic: Topic, channel: string, text: string): void {
    const message = readMessage(topic, text);
    if (message === undefined) {
      this.#logRubbish(channel);
      return;
    }
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      if (this.#listeners.get(topic)?.has(listener)) this.#call(() => listener(message as never), topic);
    }
  }

  /** Once for each channel: whoever writes it there may do so often. */
  #logRubbish(channel: string): void {
    if (this.#rubbish.has(channel)) return;
    this.#rubbish.add(channel);
    this.#logger.warn({ channel }, 'what came over the bus is no message of ours');
  }

  #tellGap(): void {
    for (const listener of [...this.#gapListeners]) this.#call(listener, 'gap');
  }

  #call(listener: () => void, topic: string): void {
    try {
      listener();
    } catch (error) {
      this.#logger.error({ err: error, topic }, 'bus listener failed');
    }
  }

  /** A message was not handed on: all who listen may lack it, though their own connections are whole. */
  #tellLoss(): void {
    if (this.#tellingLoss || this.#isClosed) return;
    this.#tellingLoss = setTimeout(() => {
      this.#tellingLoss = undefined;
      this.#send(LOSS, '').catch(() => this.#tellLoss());
    }, TELL_LOSS_INTERVAL_MS);
  }
}
