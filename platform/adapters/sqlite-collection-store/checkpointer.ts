import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Closeable } from '../../scope.ts';
import type { SqliteFile } from '../../sqlite.ts';

/**
 * Rows written between two checkpoints. Fewer copy the same pages more often, more let the write-ahead log grow:
 * here to some 20 MB, where each row is on a page of its own.
 */
const CHECKPOINT_ROWS = 2_000;

/**
 * Pages of the log (256 MiB) at which SQLite would copy them by itself, in the midst of a commit: only where the
 * thread cannot keep up.
 */
const LOG_PAGES_MAX = 65_536;
/** What the log's file is cut back to when it begins anew, in bytes. */
const LOG_BYTES_KEPT = 64 * 1_024 * 1_024;

/** Plain JavaScript in place, as the same text runs from the sources and from what is built of them. */
const CHECKPOINT_LOOP = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Database = require(workerData.driver);
  const database = new Database(workerData.path);
  database.exec('PRAGMA busy_timeout = 5000');
  parentPort.on('message', (isOpen) => {
    if (isOpen) database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    else parentPort.close();
  });
  parentPort.on('close', () => database.close());
`;

/**
 * Copies what was committed from a file's write-ahead log into the file on a thread of its own: otherwise every
 * few commits one would wait for the disk, and the whole process with it.
 */
export class SqliteCheckpointer implements Closeable {
  readonly #path: string;
  #worker: Worker | undefined;
  #rows = 0;

  constructor(file: SqliteFile, path: string) {
    this.#path = path;
    file.script(`PRAGMA wal_autocheckpoint = ${LOG_PAGES_MAX}`);
    file.script(`PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}`);
  }

  /** So many rows have been committed. */
  note(rows: number): void {
    this.#rows += rows;
    if (this.#rows < CHECKPOINT_ROWS) return;
    this.#rows = 0;
    this.#worker ??= this.#start();
    this.#worker.postMessage(true);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    this.#worker = undefined;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.ref();
    worker.postMessage(false);
    await exited;
  }

  /** Only once there is something to do: most places never write as much. */
  #start(): Worker {
    const driver = createRequire(import.meta.url).resolve('libsql');
    const worker = new Worker(CHECKPOINT_LOOP, {
      eval: true,
      workerData: { driver, path: this.#path },
      // The options of whoever runs us, such as loaders of TypeScript, are nothing to it.
      execArgv: [],
    });
    worker.unref();
    // SQLite goes on by itself then, at the log's limit; the next rows start another thread.
    worker.on('error', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }
}
