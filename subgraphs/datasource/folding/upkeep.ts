import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock, Timer } from '../../../platform/clock.ts';
import { ClosedError } from '../../../platform/errors.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { CollectionStore } from '../../../platform/ports/collection-store.ts';
import type { Closeable } from '../../../platform/scope.ts';

export interface UpkeepOptions {
  readonly intervalMs: number;
  readonly journalRetainMs: number;
  readonly tombstoneRetainMs: number;
  readonly historyRetainMs: number;
}

/** Rows forgotten in one go: some milliseconds' work, then others get their turn. */
const CHUNK_ROWS = 500;

/** Forgets, from time to time and in small steps, what is older than it need be kept. */
export class Upkeep implements Closeable {
  readonly #store: CollectionStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: UpkeepOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    deps: { readonly store: CollectionStore; readonly clock: Clock; readonly logger: Logger },
    options: UpkeepOptions,
  ) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#options = options;
    this.#plan();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.close();
    await this.#running;
  }

  #plan(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.schedule(this.#options.intervalMs, () => {
      this.#running = this.#forget().finally(() => this.#plan());
    });
  }

  async #forget(): Promise<void> {
    const { journalRetainMs, tombstoneRetainMs, historyRetainMs } = this.#options;
    const now = this.#clock.now();
    const before = { tombstones: now - tombstoneRetainMs, history: now - historyRetainMs };
    try {
      await this.#repeat(() => this.#store.pruneJournal(now - journalRetainMs, CHUNK_ROWS));
      await this.#repeat(() => this.#store.pruneChanges(before, CHUNK_ROWS));
    } catch (error) {
      if (error instanceof ClosedError && this.#isClosed) return;
      this.#logger.error({ err: error }, 'upkeep failed');
    }
  }

  async #repeat(step: () => Promise<number>): Promise<void> {
    while (!this.#isClosed && (await step()) > 0) await immediate();
  }
}
