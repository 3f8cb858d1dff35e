import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock, Timer } from '../../../platform/clock.ts';
import { ClosedError } from '../../../platform/errors.ts';
import { randomId } from '../../../platform/ids.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Bus } from '../../../platform/ports/bus.ts';
import {
  CollectionGoneError,
  type CollectionStore,
  type FoldLease,
  FoldLostError,
} from '../../../platform/ports/collection-store.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { CollectionFold, type CollectionFoldOptions } from './collection-fold.ts';
import { ExpirySchedule } from './expiry-schedule.ts';

export interface FolderOptions extends CollectionFoldOptions {
  /** The least between two expiries of a collection. */
  readonly expiryIntervalMs: number;
}

/** A holder that dies keeps others from folding for as long. */
const LEASE_MS = 30_000;
/** Pause after a failure, doubled each time up to the maximum. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 30_000;

interface Held {
  readonly fold: CollectionFold;
  lease: FoldLease | undefined;
  leasedUntil: number;
  failures: number;
  retry: Timer | undefined;
}

/**
 * Folds whatever collections are woken, in turns of one chunk each, so that neither a large collection nor the
 * fold as a whole keeps others waiting. Publishes `collection.changed` behind each commit that moved a head.
 */
export class Folder implements Closeable {
  readonly #store: CollectionStore;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: FolderOptions;
  readonly #nameOf: (incarnation: string) => string | undefined;
  readonly #holder = randomId();
  readonly #held = new Map<string, Held>();
  readonly #due = new Set<string>();
  readonly #expiries: ExpirySchedule;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    deps: {
      readonly store: CollectionStore;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly logger: Logger;
      /** Name of a live collection. */
      readonly nameOf: (incarnation: string) => string | undefined;
    },
    options: FolderOptions,
  ) {
    this.#store = deps.store;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#nameOf = deps.nameOf;
    this.#options = options;
    this.#expiries = new ExpirySchedule(deps, {
      intervalMs: options.expiryIntervalMs,
      onAppended: (incarnation) => this.wake(incarnation),
    });
  }

  /** Something of the collection may be there to be folded. */
  wake(incarnation: string): void {
    if (this.#isClosed) return;
    this.#due.add(incarnation);
    this.#running ??= this.#run();
  }

  /** Lets the chunk in hand finish. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#expiries.close();
    for (const { retry } of this.#held.values()) retry?.close();
    await this.#running;
    for (const { lease } of this.#held.values()) if (lease) await this.#store.releaseFold(lease);
  }

  async #run(): Promise<void> {
    // Whoever woke us has an answer to send first.
    await immediate();
    while (this.#due.size > 0 && !this.#isClosed) {
      for (const incarnation of [...this.#due]) {
        if (this.#isClosed) break;
        this.#due.delete(incarnation);
        await this.#turn(incarnation);
        await immediate();
      }
    }
    this.#running = undefined;
  }

  async #turn(incarnation: string): Promise<void> {
    const held = this.#hold(incarnation);
    try {
      if (!(await this.#lease(incarnation, held))) return;
      const lease = held.lease as FoldLease;
      const { version, hasMore, isDropped } = await held.fold.foldChunk(lease);
      held.failures = 0;
      if (isDropped) {
        this.#held.delete(incarnation);
        this.#expiries.forget(incarnation);
        return;
      }
      if (version !== undefined) await this.#publish(incarnation, version);
      if (hasMore) this.#due.add(incarnation);
      else await this.#expiries.plan(incarnation, held.fold.state?.definition);
    } catch (error) {
      this.#fail(incarnation, held, error);
    }
  }

  #hold(incarnation: string): Held {
    let held = this.#held.get(incarnation);
    if (!held) {
      const fold = new CollectionFold(this.#store, incarnation, this.#options);
      held = { fold, lease: undefined, leasedUntil: 0, failures: 0, retry: undefined };
      this.#held.set(incarnation, held);
    }
    return held;
  }

  /** Takes or prolongs the lease. @returns Whether we have it; if not, we ask again by ourselves. */
  async #lease(incarnation: string, held: Held): Promise<boolean> {
    const now = this.#clock.now();
    if (held.lease && held.leasedUntil - now > LEASE_MS / 2) return true;
    const lease = await this.#store.acquireFold(incarnation, this.#holder, LEASE_MS, now);
    if (lease?.token !== held.lease?.token) held.fold.reset();
    held.lease = lease;
    held.leasedUntil = now + LEASE_MS;
    if (!lease) this.#wakeLater(incarnation, held, LEASE_MS / 3);
    return lease !== undefined;
  }

  async #publish(incarnation: string, version: number): Promise<void> {
    const collection = this.#nameOf(incarnation);
    if (collection === undefined) return;
    try {
      await this.#bus.publish('collection.changed', { collection, incarnation, version });
    } catch (error) {
      // Readers learn the same at their next resync.
      this.#logger.warn({ err: error, collection }, 'change could not be published');
    }
  }

  #fail(incarnation: string, held: Held, error: unknown): void {
    held.fold.reset();
    if (error instanceof ClosedError && this.#isClosed) return;
    if (error instanceof CollectionGoneError) {
      this.wake(incarnation);
      return;
    }
    if (error instanceof FoldLostError) held.lease = undefined;
    else this.#logger.error({ err: error, incarnation, failures: held.failures }, 'fold failed');
    const delayMs = Math.min(RETRY_MS * 2 ** held.failures, RETRY_MS_MAX);
    held.failures += 1;
    this.#wakeLater(incarnation, held, delayMs);
  }

  #wakeLater(incarnation: string, held: Held, delayMs: number): void {
    held.retry?.close();
    held.retry = this.#clock.schedule(delayMs, () => this.wake(incarnation));
  }
}
