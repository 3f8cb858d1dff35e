import { type Db, MongoBulkWriteError, MongoClient, type MongoClientOptions, MongoError } from 'mongodb';
import { ClosedError, ConfigError, messageOf, TributaryError, UnavailableError } from './errors.ts';
import { HEARTBEAT_MS, watchMonitor } from './mongo-watch.ts';
import type { Closeable } from './scope.ts';

export interface MongoOptions {
  /** Connections to the server at the most: more operations at once wait for each other. @default 32 */
  readonly connectionsMax?: number;
  /** How long an operation waits for a server that takes it. @default 5_000 */
  readonly selectionTimeoutMs?: number;
  /** How long a connection may stay silent in the middle of an operation. @default 20_000 */
  readonly socketTimeoutMs?: number;
}

export interface MongoPlace extends Closeable {
  readonly db: Db;
}

/** Where a URL names no database. */
const DATABASE = 'tributary';

/**
 * Reads and writes go to the primary. A write is acknowledged once a majority has it in its journal, so that no
 * failover takes it back, and reads see nothing that could be taken back. Writes are sent again by the driver
 * once: each of ours is harmless when done twice, since servers remember it for a while only.
 */
const CONCERNS = {
  readPreference: 'primary',
  readConcern: { level: 'majority' },
  writeConcern: { w: 'majority', journal: true },
  retryWrites: true,
  retryReads: true,
} as const satisfies MongoClientOptions;

/**
 * Connects at the first operation, and again after each outage.
 *
 * @param url `mongodb://…/<database>`; whoever opens a place closes it.
 * @throws {ConfigError} The URL is none. Never repeats it: it may hold a password.
 */
export function openMongo(url: string, options: MongoOptions = {}): MongoPlace {
  const { connectionsMax = 32, selectionTimeoutMs = 5_000, socketTimeoutMs = 20_000 } = options;
  let client: MongoClient;
  try {
    client = new MongoClient(url, {
      ...CONCERNS,
      appName: 'tributary',
      maxPoolSize: connectionsMax,
      serverSelectionTimeoutMS: selectionTimeoutMs,
      connectTimeoutMS: selectionTimeoutMs,
      waitQueueTimeoutMS: selectionTimeoutMs,
      socketTimeoutMS: socketTimeoutMs,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      // What is not given is left out, not stored as null.
      ignoreUndefined: true,
    });
  } catch {
    throw new ConfigError(['STORE_URL: is no MongoDB URL: it takes mongodb://<host>:<port>/<database>']);
  }
  const path = new URL(url.replace(/^mongodb(\+srv)?:\/\/[^/]*/, 'http://mongodb')).pathname.slice(1);
  const watch = watchMonitor(client);
  return { db: client.db(path === '' ? DATABASE : path), close: () => watch.close() };
}

/** Of unique indexes: there is a document with the same key. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoError && error.code === 11_000;
}

/**
 * Codes of a server that goes, or is no primary any more: what was sent may have been done or not.
 *
 * @see https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/server-discovery-and-monitoring.md
 */
const AWAY_CODES: ReadonlySet<unknown> = new Set([
  6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436,
]);

/** The last ones are met by what was under way while the client connects anew. */
const AWAY_NAMES =
  /^Mongo(Network|ServerSelection|WaitQueue|Pool|ServerClosed|TopologyClosed|NotConnected|OperationTimeout|ConnectionPool|ClientClosed|ExpiredSession)/;

/**
 * Makes an adapter of functions that speak to the server: what the driver throws is told in our own errors, and
 * once it is closed every call is refused. Functions are called without `this`.
 */
export function mongoAdapter<T extends Closeable>(what: string, adapter: T): T {
  let closing: Promise<void> | undefined;
  const guarded = Object.entries(adapter).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member];
    if (name === 'close') return [name, () => (closing ??= Promise.resolve(member()))];
    return [
      name,
      async (...args: unknown[]) => {
        if (closing) throw new ClosedError(what);
        try {
          return await member(...args);
        } catch (error) {
          if (closing && !(error instanceof TributaryError)) throw new ClosedError(what);
          throw translated(error);
        }
      },
    ];
  });
  return Object.fromEntries(guarded);
}

function translated(error: unknown): unknown {
  // Where a connection breaks under a bulk write, the driver tells so inside of the write's own error.
  const inner: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  if (inner instanceof MongoError) return translated(inner);
  if (!(error instanceof MongoError)) return error;
  const isAway = AWAY_NAMES.test(error.name) || AWAY_CODES.has(error.code);
  return isAway ? new UnavailableError(`MongoDB does not answer: ${messageOf(error)}`, error) : error;
}

/**
 * Brings a part of the database to the newest version. Several processes may do so at once: each step must be
 * harmless when done twice.
 *
 * @param part Name of the part whose version is kept.
 * @throws {ConfigError} It was written by a newer version than this.
 * @throws {UnavailableError} The server does not answer.
 */
export async function migrateMongo(
  db: Db,
  part: string,
  steps: readonly ((db: Db) => Promise<void>)[],
): Promise<void> {
  try {
    await migrate(db, part, steps);
  } catch (error) {
    throw translated(error);
  }
}

async function migrate(db: Db, part: string, steps: readonly ((db: Db) => Promise<void>)[]): Promise<void> {
  const versions = db.collection<{ _id: string; version: number }>('schema_versions');
  const version = (await versions.findOne({ _id: part }))?.version ?? 0;
  if (version > steps.length) {
    throw new ConfigError([
      `STORE_URL: the database was written by a newer version of Tributary (${part} ${version}, this one knows ${steps.length}): start that version.`,
    ]);
  }
  for (const step of steps.slice(version)) await step(db);
  await versions.updateOne({ _id: part }, { $max: { version: steps.length } }, { upsert: true });
}
