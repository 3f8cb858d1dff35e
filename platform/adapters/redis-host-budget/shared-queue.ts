import { type RedisPlace, redisScript } from '../../redis.ts';

/** All that a worker has to do with a host: told whole each time, so that telling it twice changes nothing. */
export interface Ask {
  /** Turns it holds. */
  readonly held: readonly string[];
  /** Those who wait, in their order. */
  readonly waiting: readonly string[];
  /** Turns given back, and those who no longer wait. */
  readonly gone: readonly string[];
  readonly concurrency: number;
  readonly intervalMs: number;
  /** How long ago a turn began of which Redis does not know. */
  readonly begunAgoMs?: number | undefined;
  /** How much longer the host is paused. */
  readonly pauseMs?: number | undefined;
}

export interface Answer {
  /** Those of `waiting` whose turn has come. */
  readonly granted: readonly string[];
  /** When to ask again, unless woken before; undefined where another's doing decides. */
  readonly lookMs: number | undefined;
}

/**
 * How long a turn or a place in the queue outlives the last word of its worker, in milliseconds: longer than a worker
 * is ever busy with something else, short enough that one that died holds nobody up for long.
 */
export const LEASE_MS = 15_000;

/** How long a host is remembered beyond its last turn or pause, in milliseconds. */
const KEEP_MS = 60_000;

/**
 * KEYS: of one host, a hash of when its last turn began, until when it is paused and how many have queued up; the
 * turns taken, by the end of their lease; who waits, in their order; and who waits, by the end of their lease.
 */
const ASK = redisScript(`
local host, turns, queue, leases = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ask = cjson.decode(ARGV[1])
local wake_prefix, name = ARGV[2], ARGV[3]

local now = ask.nowMs
if not now then
  -- The one clock that all workers share: their own may differ.
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local lease_end = now + ask.leaseMs

local function leave(id)
  redis.call('ZREM', queue, id)
  redis.call('ZREM', leases, id)
end

local function take(id)
  leave(id)
  redis.call('ZADD', turns, lease_end, id)
end

-- What the dead have left behind.
redis.call('ZREMRANGEBYSCORE', turns, '-inf', now)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do leave(id) end

for _, id in ipairs(ask.gone) do
  redis.call('ZREM', turns, id)
  leave(id)
end
for _, id in ipairs(ask.held) do take(id) end

local mine, granted = {}, {}
for _, id in ipairs(ask.waiting) do
  if redis.call('ZSCORE', turns, id) then
    -- Granted before, by an answer that did not arrive.
    table.insert(granted, id)
    take(id)
  else
    mine[id] = true
    if not redis.call('ZSCORE', queue, id) then
      redis.call('ZADD', queue, redis.call('HINCRBY', host, 'queued', 1), id)
    end
    redis.call('ZADD', leases, lease_end, id)
  end
end

-- A beginning that lies ahead was written by a clock that was set back since.
local begun = math.min(tonumber(redis.call('HGET', host, 'begun') or 0), now)
if ask.begunAgoMs then begun = math.max(begun, now - ask.begunAgoMs) end
local paused = tonumber(redis.call('HGET', host, 'paused') or 0)
if ask.pauseMs then paused = math.max(paused, now + ask.pauseMs) end

local look_ms = -1
while true do
  local first = redis.call('ZRANGE', queue, 0, 0)[1]
  if not first then break end
  local wait_ms = math.max(begun + ask.intervalMs, paused) - now
  local is_free = redis.call('ZCARD', turns) < ask.concurrency
  if mine[first] then
    if is_free and wait_ms > 0 then look_ms = math.ceil(wait_ms) end
    if not is_free or wait_ms > 0 then break end
    table.insert(granted, first)
    take(first)
    begun = now
  else
    if not is_free then break end
    -- It looks for itself when its time comes; one that nobody hears for any more is passed over.
    if redis.call('PUBLISH', wake_prefix .. string.match(first, '^(.*)/'), name) > 0 then break end
    leave(first)
  end
end

redis.call('HSET', host, 'begun', begun, 'paused', paused)
local keep_ms = math.ceil(math.max(ask.leaseMs, ask.intervalMs, paused - now) + ask.keepMs)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, keep_ms) end
return {look_ms, unpack(granted)}
`);

/** The turns of each host, and who waits for them, as all workers see them. */
export interface SharedQueue {
  /** @throws {UnavailableError} Redis does not answer. */
  ask(host: string, ask: Ask): Promise<Answer>;
  /** Where a worker hears the names of hosts to ask for again. Its turns and places are named `<worker>/…`. */
  wakeChannel(worker: string): string;
}

/** @param now The time to go by. @default Redis's own. */
export function createSharedQueue(place: RedisPlace, now?: () => number): SharedQueue {
  const wakeChannel = (worker: string) => place.key('host-wake', worker);
  return {
    wakeChannel,
    async ask(host, ask) {
      // In braces: the keys of one host stay together, where a server divides them.
      const key = place.key('host', `{${host}}`);
      const keys = [key, `${key}:turns`, `${key}:queue`, `${key}:leases`];
      const request = { ...ask, nowMs: now?.(), leaseMs: LEASE_MS, keepMs: KEEP_MS };
      const reply = await place.evaluate(ASK, keys, [JSON.stringify(request), wakeChannel(''), host]);
      const [lookMs, ...granted] = reply as [number, ...string[]];
      return { granted, lookMs: lookMs < 0 ? undefined : lookMs };
    },
  };
}
