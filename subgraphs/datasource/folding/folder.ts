import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock, Timer } from '../../../platform/clock.ts';
import { ClosedError } from '../../../platform/errors.ts';
import { createFailureLog, type FailureLog } from '../../../platform/failure-log.ts';
import { randomId } from '../../../platform/ids.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Bus } from '../../../platform/ports/bus.ts';
import {
  CollectionGoneError,
  type CollectionStore,
  FoldLostError,
} from '../../../platform/ports/collection-store.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { CollectionFold, type CollectionFoldOptions, type FoldedChunk } from './collection-fold.ts';
import { ExpirySchedule } from './expiry-schedule.ts';
import { LeasedFold } from './leased-fold.ts';
import type { DatasourceMetrics } from './metrics.ts';

export interface FolderOptions extends CollectionFoldOptions {
  /** The least between two expiries of a collection. */
  readonly expiryIntervalMs: number;
  /** A holder that dies keeps others from folding for as long. */
  readonly leaseMs: number;
  /** Collections folded at once: while one waits for the store, others go on. */
  readonly concurrency: number;
}

export interface FolderDeps {
  readonly store: CollectionStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DatasourceMetrics;
  /** Name of a live collection. */
  readonly nameOf: (incarnation: string) => string | undefined;
  /** Whether this replica should be the one that folds the collection. */
  readonly isPreferred: (incarnation: string) => boolean;
}

/** Pause after a failure, doubled each time up to the maximum. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 30_000;

interface Held {
  readonly leased: LeasedFold;
  failures: number;
  retry: Timer | undefined;
}

/**
 * Folds whatever collections are woken, in turns of one chunk each, so that neither a large collection nor the
 * fold as a whole keeps others waiting. Publishes `collection.changed` behind each commit that moved a head.
 * Replicas share the collections: each folds those that it has the lease of.
 */
export class Folder implements Closeable {
  readonly #deps: FolderDeps;
  readonly #options: FolderOptions;
  readonly #holder = randomId();
  readonly #held = new Map<string, Held>();
  readonly #due = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #expiries: ExpirySchedule;
  readonly #foldLog: FailureLog;
  readonly #publishLog: FailureLog;
  #isClosed = false;

  constructor(deps: FolderDeps, options: FolderOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#foldLog = createFailureLog(deps.logger, 'fold');
    this.#publishLog = createFailureLog(deps.logger, 'publishing');
    this.#expiries = new ExpirySchedule(deps, {
      intervalMs: options.expiryIntervalMs,
      onAppended: (incarnation) => this.wake(incarnation),
    });
  }

  /** Whether the collection is this replica's to fold now: then it need not be told by the bus. */
  holds(incarnation: string): boolean {
    return this.#held.get(incarnation)?.leased.isHeld ?? false;
  }

  /** Something of the collection may be there to be folded. */
  wake(incarnation: string): void {
    if (this.#isClosed) return;
    const leased = this.#held.get(incarnation)?.leased;
    leased?.wake();
    // Whoever folds it was woken as well.
    if (leased?.isWaiting) return;
    this.#due.add(incarnation);
    this.#serve();
  }

  /** Lets the chunks in hand finish, and gives all leases back; those that the store does not take run out. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#due.clear();
    await Promise.all(this.#running.values());
    this.#expiries.close();
    for (const { retry } of this.#held.values()) retry?.close();
    const held = [...this.#held].filter(([, { leased }]) => leased.isHeld);
    // At once: where the store is away, each would wait for it in vain.
    const givenBack = await Promise.allSettled(
      held.map(async ([incarnation, { leased }]) => {
        await leased.release();
        await this.#tellOthers(incarnation);
      }),
    );
    const failed = givenBack.filter((result) => result.status === 'rejected');
    if (failed.length > 0) {
      const about = { err: failed[0]?.reason, foldCount: failed.length };
      this.#deps.logger.warn(about, 'folds not given back; others wait until their leases end');
    }
  }

  #serve(): void {
    for (const incarnation of this.#due) {
      if (this.#isClosed || this.#running.size >= this.#options.concurrency) return;
      // One that is being folded is due again behind this turn.
      if (this.#running.has(incarnation)) continue;
      this.#due.delete(incarnation);
      const turn = this.#begin(incarnation).finally(() => {
        this.#running.delete(incarnation);
        this.#serve();
      });
      this.#running.set(incarnation, turn);
    }
  }

  async #begin(incarnation: string): Promise<void> {
    // Whoever woke us has an answer to send first, and others their turn.
    await immediate();
    if (this.#isClosed) return;
    const held = this.#hold(incarnation);
    try {
      await this.#turn(incarnation, held);
    } catch (error) {
      this.#fail(incarnation, held, error);
    }
    this.#deps.metrics.heldFolds.set([...this.#held.values()].filter(({ leased }) => leased.isHeld).length);
  }

  async #turn(incarnation: string, held: Held): Promise<void> {
    const { leased } = held;
    const hadLease = leased.hasLease;
    const waitMs = await leased.take();
    if (waitMs !== undefined) {
      if (hadLease) await this.#tellOthers(incarnation);
      this.#expiries.forget(incarnation);
      if (Number.isFinite(waitMs)) this.#wakeLater(incarnation, held, waitMs);
      return;
    }
    const endChunk = this.#deps.metrics.foldDuration.startTimer();
    const chunk = await leased.foldChunk();
    held.failures = 0;
    this.#foldLog.succeeded();
    if (chunk.isDropped) {
      this.#held.delete(incarnation);
      this.#expiries.forget(incarnation);
      return;
    }
    if (chunk.entries > 0) endChunk();
    this.#count(chunk);
    if (chunk.version !== undefined) await this.#publish(incarnation, chunk.version);
    if (chunk.hasMore) this.#due.add(incarnation);
    else if (await leased.handOver()) await this.#tellOthers(incarnation);
    else await this.#expiries.plan(incarnation, leased.fold.state?.definition);
  }

  #hold(incarnation: string): Held {
    let held = this.#held.get(incarnation);
    if (!held) {
      const { leaseMs } = this.#options;
      const { limits } = this.#deps.metrics;
      const fold = new CollectionFold(this.#deps.store, incarnation, {
        ...this.#options,
        onItemsCut: (count) => limits.inc({ limit: 'CONTRIBUTION_ITEMS_MAX' }, count),
      });
      const deps = { ...this.#deps, holder: this.#holder };
      held = { leased: new LeasedFold(deps, incarnation, fold, leaseMs), failures: 0, retry: undefined };
      this.#held.set(incarnation, held);
    }
    return held;
  }

  #count({ entries, journaledAt }: FoldedChunk): void {
    const { clock, metrics } = this.#deps;
    metrics.foldedEntries.inc(entries);
    for (const at of journaledAt) metrics.foldLag.observe(Math.max(0, clock.now() - at) / 1_000);
  }

  async #publish(incarnation: string, version: number): Promise<void> {
    const { bus, nameOf } = this.#deps;
    const collection = nameOf(incarnation);
    if (collection === undefined) return;
    try {
      await bus.publish('collection.changed', { collection, incarnation, version });
      this.#publishLog.succeeded();
    } catch (error) {
      // Readers learn the same at their next resync.
      this.#publishLog.failed(error, { collection });
    }
  }

  /** The lease is free; who misses the message finds it at the next resync. */
  async #tellOthers(incarnation: string): Promise<void> {
    await this.#deps.bus.publish('journal.changed', { incarnation }).catch(() => {});
  }

  #fail(incarnation: string, held: Held, error: unknown): void {
    if (error instanceof ClosedError && this.#isClosed) return;
    if (error instanceof CollectionGoneError) {
      this.wake(incarnation);
      return;
    }
    const { metrics } = this.#deps;
    if (error instanceof FoldLostError) metrics.limits.inc({ limit: 'FOLD_LEASE' });
    else {
      metrics.foldFailures.inc();
      this.#foldLog.failed(error, { incarnation, failures: held.failures });
    }
    const delayMs = Math.min(RETRY_MS * 2 ** held.failures, RETRY_MS_MAX);
    held.failures += 1;
    this.#wakeLater(incarnation, held, delayMs);
  }

  #wakeLater(incarnation: string, held: Held, delayMs: number): void {
    held.retry?.close();
    held.retry = this.#deps.clock.schedule(delayMs, () => {
      this.#due.add(incarnation);
      this.#serve();
    });
  }
}
