import type { Clock } from '../../../platform/clock.ts';
import {
  type CollectionStore,
  type FoldLease,
  FoldLostError,
} from '../../../platform/ports/collection-store.ts';
import type { CollectionFold, FoldedChunk } from './collection-fold.ts';

export interface LeasedFoldDeps {
  readonly store: CollectionStore;
  readonly clock: Clock;
  /** Names this process among all that fold. */
  readonly holder: string;
  /** Whether this replica should be the one that folds the collection. */
  readonly isPreferred: (incarnation: string) => boolean;
}

/**
 * Refusals in a row after which nothing is asked for until there is a reason to. The lease of a holder that died ends
 * before the third.
 */
const REFUSALS_MAX = 3;

/** One collection's fold, whenever this process may fold it. */
export class LeasedFold {
  readonly #deps: LeasedFoldDeps;
  readonly #incarnation: string;
  readonly #leaseMs: number;
  readonly fold: CollectionFold;
  #lease: FoldLease | undefined;
  #leasedUntil = 0;
  #refusals = 0;
  #waitsUntil = 0;

  constructor(deps: LeasedFoldDeps, incarnation: string, fold: CollectionFold, leaseMs: number) {
    this.#deps = deps;
    this.#incarnation = incarnation;
    this.#leaseMs = leaseMs;
    this.fold = fold;
  }

  /** Whether we had it when we last looked. */
  get hasLease(): boolean {
    return this.#lease !== undefined;
  }

  get isHeld(): boolean {
    return this.#lease !== undefined && this.#leasedUntil > this.#deps.clock.now();
  }

  /** Whether another should fold the collection or does, and it is too early to ask again. */
  get isWaiting(): boolean {
    return this.#waitsUntil > this.#deps.clock.now() && !this.#deps.isPreferred(this.#incarnation);
  }

  /** There is a reason to go on asking for the lease. */
  wake(): void {
    this.#refusals = Math.min(this.#refusals, 1);
  }

  /**
   * Takes or prolongs the lease. A replica that should not fold the collection leaves the one that should half a
   * lease's time to do it.
   *
   * @returns After how many milliseconds to ask again where it is another's; undefined where it is ours.
   */
  async take(): Promise<number | undefined> {
    const { store, clock, holder, isPreferred } = this.#deps;
    const now = clock.now();
    if (this.#lease && this.#leasedUntil - now > this.#leaseMs / 2) return undefined;
    const isOurs = isPreferred(this.#incarnation);
    if (this.#lease && !isOurs) await this.release();
    const mayAsk = isOurs || this.#refusals > 0;
    const lease = mayAsk ? await store.acquireFold(this.#incarnation, holder, this.#leaseMs, now) : undefined;
    if (lease?.token !== this.#lease?.token) this.fold.reset();
    this.#lease = lease;
    this.#leasedUntil = now + this.#leaseMs;
    if (lease) {
      this.#refusals = 0;
      this.#waitsUntil = 0;
      return undefined;
    }
    this.#refusals += 1;
    if (this.#refusals > REFUSALS_MAX) {
      this.#waitsUntil = 0;
      return Number.POSITIVE_INFINITY;
    }
    this.#waitsUntil = now + this.#leaseMs / 2;
    return this.#leaseMs / 2;
  }

  /** @throws {FoldLostError} The lease is another's by now; `take` says when to ask again. */
  async foldChunk(): Promise<FoldedChunk> {
    if (!this.#lease) throw new FoldLostError(this.#incarnation);
    try {
      return await this.fold.foldChunk(this.#lease);
    } catch (error) {
      this.fold.reset();
      if (error instanceof FoldLostError) this.#lease = undefined;
      throw error;
    }
  }

  /** Gives the lease back where another replica should have it. @returns Whether it did. */
  async handOver(): Promise<boolean> {
    if (!this.#lease || this.#deps.isPreferred(this.#incarnation)) return false;
    await this.release();
    return true;
  }

  async release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    this.fold.reset();
    if (lease) await this.#deps.store.releaseFold(lease);
  }
}
