import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { ClosedError, TributaryError } from './errors.ts';

/**
 * What the driver gives back as it took it: not so BLOBs, nor whole numbers beyond 2^53 - 1. Of text it loses what
 * stands behind a NUL, and halves of surrogate pairs: JSON escapes both, and `entryKey` refuses them.
 */
export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface SqliteOptions {
  /**
   * `FULL` reaches the disk with each commit, and outlives a power failure; `NORMAL` may lose the last commits
   * in one, never in a crash of the process: enough for what can be rebuilt.
   */
  readonly durability: 'FULL' | 'NORMAL';
  /** @default 65_536, which is 64 MiB */
  readonly cacheKibibytes?: number;
}

/** Statements kept prepared: queries whose text depends on a caller's filter must not pile up. */
const STATEMENTS_MAX = 1_000;

/**
 * One SQLite file, opened by one process. Statements are prepared once and kept; beyond STATEMENTS_MAX the
 * oldest goes, and is prepared anew when it is next used. Values are bound, never part of the SQL.
 * All calls are synchronous, so between two awaits nothing else of this process comes in between.
 */
export class SqliteFile {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  #isClosed = false;

  /** @throws {TributaryError} CONFIG_INVALID where the file cannot be opened or written. */
  constructor(path: string, options: SqliteOptions) {
    try {
      if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
      this.#database = new Database(path);
      this.#database.exec('PRAGMA journal_mode = WAL');
      this.#database.exec(`PRAGMA synchronous = ${options.durability}`);
      this.#database.exec(`PRAGMA cache_size = -${options.cacheKibibytes ?? 65_536}`);
      this.#database.exec('PRAGMA temp_store = MEMORY');
      this.#database.exec('PRAGMA foreign_keys = ON');
      this.#database.exec('PRAGMA busy_timeout = 5000');
    } catch (error) {
      throw new TributaryError(
        'CONFIG_INVALID',
        `Cannot open or write ${path}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** Runs a script: schema and pragmas. */
  script(sql: string): void {
    this.#assertOpen();
    this.#database.exec(sql);
  }

  /** @returns How many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  get<T = SqlRow>(sql: string, ...values: SqlValue[]): T | undefined {
    // Through all(): libsql's get() adds a key of its own to the row.
    return (this.#statement(sql).all(...values) as T[])[0];
  }

  all<T = SqlRow>(sql: string, ...values: SqlValue[]): T[] {
    return this.#statement(sql).all(...values) as T[];
  }

  /** Commits what `work` did, or nothing of it where it throws. Not to be nested; `work` must not be async. */
  transaction<T>(work: () => T): T {
    this.#assertOpen();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has taken it back by itself where the disk is full or fails: what is thrown must say so.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#statements.clear();
    this.#writeBack();
    this.#database.close();
  }

  /**
   * Leaves all in the one file. SQLite does so at the last close, but libsql puts that off until its statements
   * are collected as garbage: by then somebody may be copying the files.
   */
  #writeBack(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // A full disk, say: all is in the log, and read from there at the next open.
    }
  }

  #statement(sql: string): Database.Statement {
    this.#assertOpen();
    let statement = this.#statements.get(sql);
    if (!statement) {
      const [oldest] = this.#statements.keys();
      if (this.#statements.size >= STATEMENTS_MAX && oldest !== undefined) this.#statements.delete(oldest);
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** libsql answers from a closed database as if it were open. */
  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError('The database');
  }
}
