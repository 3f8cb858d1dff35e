import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogLines } from '../../test/support/log-lines.ts';
import { isRedisInstalled, openPrivateRedis, type PrivateRedis } from '../../test/support/private-redis.ts';
import { openProxy } from '../../test/unit/gateway/tcp-proxy.ts';
import type { Bus } from '../ports/bus.ts';
import { Scope } from '../scope.ts';
import { openRedisBus } from './redis-bus.ts';

/** How long it may take until an outage is noticed, and over, in milliseconds. */
const DEADLINE = { timeout: 20_000, interval: 5 };

const AWAY = 'redis does not answer';
const BACK = 'redis answers again';

describe.skipIf(!isRedisInstalled)('The bus over Redis', () => {
  let scope: Scope;
  let redis: PrivateRedis;

  beforeEach(async () => {
    scope = new Scope();
    redis = scope.use(await openPrivateRedis());
  });
  afterEach(() => scope.close());

  async function open(url = redis.url) {
    const log = createLogLines();
    const bus = scope.use(await openRedisBus(url, { logger: log.logger }, { keyPrefix: 'test' }));
    return { bus, log };
  }

  async function listen(url?: string) {
    const { bus, log } = await open(url);
    const seen: (number | 'gap')[] = [];
    bus.onGap(() => seen.push('gap'));
    await bus.subscribe('definitions.changed', ({ revision }) => seen.push(revision));
    return { bus, log, seen };
  }

  const publish = (bus: Bus, revision: number) => bus.publish('definitions.changed', { revision });
  /** As soon as it can. */
  const publishAtLast = (bus: Bus, revision: number) =>
    expect.poll(() => publish(bus, revision).then(() => 'done', String), DEADLINE).toBe('done');

  async function openProxied() {
    const proxy = scope.use(await openProxy(redis.url));
    return { proxy, url: proxy.url.replace('http:', 'redis:') };
  }

  /** Tells of a gap, then of what comes after it. */
  async function isWholeAgain(reader: Awaited<ReturnType<typeof listen>>, writer: Bus) {
    await expect.poll(() => reader.seen, DEADLINE).toContain('gap');
    await publishAtLast(writer, 99);
    await expect.poll(() => reader.seen, DEADLINE).toContain(99);
    expect(reader.seen.indexOf('gap')).toBeLessThan(reader.seen.indexOf(99));
  }

  it('tells of a gap and goes on after Redis was restarted empty', async () => {
    const reader = await listen();
    const writer = await open();
    await redis.stop();
    await expect.poll(() => reader.log.messages(), DEADLINE).toEqual([AWAY]);
    await expect(publish(writer.bus, 1)).rejects.toMatchObject({ name: 'UnavailableError', retryable: true });
    await redis.start();
    await isWholeAgain(reader, writer.bus);
    await expect.poll(() => reader.log.messages(), DEADLINE).toEqual([AWAY, BACK]);
  });

  it('tells of a gap and goes on after Redis was frozen', async () => {
    const reader = await listen();
    const writer = await open();
    redis.freeze();
    await expect(publish(writer.bus, 1)).rejects.toMatchObject({ name: 'UnavailableError' });
    // Nobody wrote to it: that it says nothing is noticed all the same.
    await expect.poll(() => reader.log.messages(), DEADLINE).toContain(AWAY);
    redis.thaw();
    await isWholeAgain(reader, writer.bus);
  });

  it('tells of a gap and goes on after its connections were cut', async () => {
    const { proxy, url } = await openProxied();
    const reader = await listen(url);
    proxy.cut();
    await isWholeAgain(reader, (await open()).bus);
  });

  it('notices by itself that a connection leads nowhere', async () => {
    const { proxy, url } = await openProxied();
    const reader = await listen(url);
    proxy.hold();
    await isWholeAgain(reader, (await open()).bus);
  });

  it('tells all of a gap when a message could not be handed on, though they were not cut off', async () => {
    const reader = await listen();
    const { proxy, url } = await openProxied();
    const writer = await open(url);
    await publish(writer.bus, 0);
    proxy.hold();
    await expect(publish(writer.bus, 1)).rejects.toMatchObject({ name: 'UnavailableError' });
    await isWholeAgain(reader, writer.bus);
    // What was refused is not sent again behind its publisher's back.
    expect(reader.seen.filter((one) => one !== 'gap')).toEqual([0, 99]);
    expect(reader.log.messages()).toEqual([]);
  });

  it('starts without Redis, and tells of a gap when there is one', async () => {
    await redis.stop();
    const reader = await listen();
    await redis.start();
    await isWholeAgain(reader, reader.bus);
  });

  it('keeps no more messages than it may while Redis is slow', async () => {
    const { proxy, url } = await openProxied();
    const { bus } = await open(url);
    await publish(bus, 0);
    proxy.hold();
    const outcomes = Array.from({ length: 10_001 }, (_, revision) => publish(bus, revision));
    await expect(outcomes.at(-1)).rejects.toThrow('too slow');
    const reasons = (await Promise.allSettled(outcomes)).map(
      (one) => one.status === 'rejected' && one.reason.name,
    );
    expect(new Set(reasons)).toEqual(new Set(['UnavailableError']));
  });

  it('refuses messages at once while Redis is away, and keeps none for later', async () => {
    const reader = await listen();
    const writer = await open();
    await redis.stop();
    await expect.poll(() => writer.log.messages(), DEADLINE).toEqual([AWAY]);
    // The connection for messages is opened by the first, and refused.
    await expect(publish(writer.bus, 1)).rejects.toMatchObject({ name: 'UnavailableError' });
    for (const revision of [2, 3]) {
      const outcome = publish(writer.bus, revision).catch(String);
      const soon = new Promise((resolve) => setImmediate(resolve, 'it waits'));
      expect(await Promise.race([outcome, soon])).toContain('Redis does not answer');
    }
    await redis.start();
    await isWholeAgain(reader, writer.bus);
    expect(reader.seen.filter((one) => one !== 'gap')).toEqual([99]);
  });

  it('leaves out what is no message of ours, and says so once', async () => {
    const reader = await listen();
    const stranger = new Redis(redis.url);
    scope.defer(() => stranger.disconnect());
    for (const text of ['', '{', 'null', '{"revision":"7"}', '[]']) {
      await stranger.publish('test:bus:definitions.changed', text);
    }
    await stranger.publish('test:bus:definitions.changed', '{"revision":7,"more":1}');
    await expect.poll(() => reader.seen, DEADLINE).toEqual([7]);
    expect(reader.log.messages()).toEqual(['what came over the bus is no message of ours']);
  });

  it('goes on telling the others though a listener of gaps throws', async () => {
    const { proxy, url } = await openProxied();
    const { bus, log } = await open(url);
    bus.onGap(() => {
      throw new Error('a listener at fault');
    });
    let gaps = 0;
    const left = bus.onGap(() => (gaps += 100));
    bus.onGap(() => gaps++);
    await bus.subscribe('definitions.changed', () => {});
    await left.close();
    proxy.cut();
    await expect.poll(() => gaps, DEADLINE).toBe(1);
    expect(log.messages()).toContain('bus listener failed');
  });

  it('closes while Redis is away, and lets nobody wait who subscribes then', async () => {
    const reader = await listen();
    await redis.stop();
    await expect.poll(() => reader.log.messages(), DEADLINE).toEqual([AWAY]);
    const late = reader.bus.subscribe('schema.changed', () => {});
    const outcome = expect(late).rejects.toMatchObject({ code: 'CLOSED' });
    await reader.bus.close();
    await outcome;
    await redis.start();
    expect(reader.log.messages()).toEqual([AWAY]);
  });

  it('tells nobody the password it was given', async () => {
    await redis.stop();
    const { bus, log } = await listen(redis.url.replace('//', '//user:sesame@'));
    const error = await publish(bus, 1).catch((reason: unknown) => reason);
    const told = JSON.stringify([log.lines, String(error), error]);
    expect(told).toContain(AWAY);
    expect(told).not.toContain('sesame');
    await expect(openRedisBus('sesame', log, { keyPrefix: 'test' })).rejects.toThrow(
      /^(?!.*sesame).*redis:\/\//,
    );
  });
});
