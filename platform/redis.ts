import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { ClosedError, ConfigError, messageOf, TributaryError, UnavailableError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Closeable } from './scope.ts';

export interface RedisOptions {
  readonly logger: Logger;
  /** Stands before every key and channel, so that several platforms can share a server. @default 'tributary' */
  readonly keyPrefix?: string;
}

/**
 * A Redis server as an adapter uses it: connects at the first command, and again after each outage, for as long as
 * it is open. Outages are logged here, once each.
 */
export interface RedisPlace extends Closeable {
  /** For commands, always within `run`. One that is not answered in time fails, and is not sent again. */
  readonly client: Redis;
  /** A further connection, for subscriptions: it is closed with the place, and resubscribes nothing by itself. */
  duplicate(): Redis;
  /** `key('view', 'books')` is `<keyPrefix>:view:books`. */
  key(...parts: readonly string[]): string;
  /**
   * Runs commands: `run((client) => client.hget(place.key('view'), field))`.
   *
   * @throws {UnavailableError} Redis does not answer in time: the command may have been done
   *   or not. Thrown at once from when a connection broke until there is one again: nothing queues up meanwhile.
   * @throws {ClosedError} The place is closed.
   */
  run<T>(commands: (client: Redis) => Promise<T>): Promise<T>;
  /** Runs a script, all of it or nothing; throws as `run`. */
  evaluate(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown>;
}

/** A script in Lua: sent once to each server, then called by its digest. */
export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

const KEY_PREFIX = 'tributary';

/** How long a command may take, in milliseconds: Redis answers in one, so whoever waits longer goes on without. */
const COMMAND_TIMEOUT_MS = 2_000;

/** After so long without an answer a connection is given up for another: it may lead nowhere. More than one command's. */
const SOCKET_TIMEOUT_MS = 3_000;

/** Between two attempts to connect, in milliseconds: doubled each time, short enough that no outage lasts much longer for us. */
const RETRY_MS = 50;
const RETRY_MS_MAX = 2_000;

/** How long a connection that is closed from here may take to end, in milliseconds: all that was asked has its answer. */
const DISCONNECT_TIMEOUT_MS = 200;

/**
 * @param url `redis://[<user>:<password>@]<host>:<port>/<database number>`, or `rediss://` for TLS; whoever opens a
 *   place closes it.
 * @throws {ConfigError} The URL is none. Never repeats it: it may hold a password.
 */
export function openRedis(url: string, { logger, keyPrefix = KEY_PREFIX }: RedisOptions): RedisPlace {
  if (!/^rediss?:$/.test(protocolOf(url))) {
    throw new ConfigError(['Redis: the URL is none: it takes redis://<host>:<port>/<database number>']);
  }
  const connections: Redis[] = [];
  const outage = createOutageLog(logger);
  let isClosed = false;

  const open = () => {
    if (isClosed) throw new ClosedError('Redis');
    const connection = new Redis(url, {
      lazyConnect: true,
      // The version that every server and proxy speaks; nothing of the next one is needed.
      protocol: 2,
      connectTimeout: COMMAND_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) =>
        Math.min(RETRY_MS * 2 ** (attempt - 1), RETRY_MS_MAX) * (0.5 + Math.random() / 2),
      // What was sent when a connection broke may have been done: whoever sent it decides.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      // A primary that has become a replica: its name may lead to the new one by now.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
    outage.follow(connection);
    connections.push(connection);
    return connection;
  };

  const client = open();
  const run = async <T>(commands: (client: Redis) => Promise<T>): Promise<T> => {
    if (isClosed) throw new ClosedError('Redis');
    if (outage.isAway(client)) throw new UnavailableError('Redis does not answer: no connection');
    try {
      return await commands(client);
    } catch (error) {
      throw isClosed ? new ClosedError('Redis') : translated(error);
    }
  };
  return {
    client,
    duplicate: open,
    key: (...parts) => [keyPrefix, ...parts].join(':'),
    run,
    evaluate: ({ lua, sha }, keys, args) =>
      run(async () => {
        try {
          return await client.evalsha(sha, keys.length, ...keys, ...args);
        } catch (error) {
          if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
          return await client.eval(lua, keys.length, ...keys, ...args);
        }
      }),
    async close() {
      isClosed = true;
      outage.close();
      await Promise.all(connections.splice(0).map(disconnected));
    },
  };
}

export function redisScript(lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Resolves when nothing of the connection is left. */
async function disconnected(connection: Redis): Promise<void> {
  // Between two attempts there is nothing to close, and nothing would tell that it is.
  const isOpen = connection.status !== 'end' && connection.status !== 'reconnecting';
  const ended = new Promise<void>((resolve) => connection.once('end', resolve));
  connection.disconnect();
  if (isOpen) await ended;
}

/** Knows which connections are broken, and says when the first one breaks and the last one is back; never with what was sent, nor the URL. */
function createOutageLog(logger: Logger) {
  const away = new Set<Redis>();
  let isClosed = false;
  return {
    follow(connection: Redis) {
      let reason = 'the connection was closed';
      connection.on('error', (error) => {
        reason = messageOf(error);
      });
      connection.on('close', () => {
        if (!isClosed && away.size === 0) logger.warn({ reason }, 'redis does not answer');
        away.add(connection);
      });
      connection.on('ready', () => {
        if (away.delete(connection) && away.size === 0 && !isClosed) logger.info('redis answers again');
      });
    },
    isAway: (connection: Redis) => away.has(connection),
    close() {
      isClosed = true;
    },
  };
}

/** Answers of a server that is there, but cannot serve now. */
const AWAY_REPLIES =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|NOAUTH|WRONGPASS|UNBLOCKED)\b/;

/** Without the driver's error as its cause: that one holds the command with its arguments, a password among them. */
function translated(error: unknown): unknown {
  if (error instanceof TributaryError) return error;
  const message = messageOf(error);
  const isReply = error instanceof Error && error.name === 'ReplyError';
  if (isReply && !AWAY_REPLIES.test(message)) return new Error(`Redis refuses a command: ${message}`);
  const isBroken = error instanceof Error && error.name === 'MaxRetriesPerRequestError';
  return new UnavailableError(`Redis does not answer: ${isBroken ? 'no connection' : message}`);
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}
