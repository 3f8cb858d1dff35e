import type { Clock, Timer } from '../../../platform/clock.ts';
import { ClosedError } from '../../../platform/errors.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import { CollectionGoneError, type CollectionStore } from '../../../platform/ports/collection-store.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { expiringSources } from '../fold/fold.ts';

export interface ExpiryScheduleOptions {
  /** The least between two expiries of a collection: what falls due in between goes together. */
  readonly intervalMs: number;
  readonly onAppended: (incarnation: string) => void;
}

/** Journals EXPIRE when the first of a collection's contributions falls due. */
export class ExpirySchedule implements Closeable {
  readonly #store: CollectionStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: ExpiryScheduleOptions;
  readonly #planned = new Map<string, { readonly dueAt: number; readonly timer: Timer }>();
  readonly #appendedAt = new Map<string, number>();

  constructor(
    deps: { readonly store: CollectionStore; readonly clock: Clock; readonly logger: Logger },
    options: ExpiryScheduleOptions,
  ) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#options = options;
  }

  /** To be called whenever a collection is folded to the end: what it waits for may have changed. */
  async plan(incarnation: string, definition: CollectionDefinition | undefined): Promise<void> {
    const expiring = definition ? expiringSources(definition) : [];
    let dueAt = Number.POSITIVE_INFINITY;
    for (const { id, retainMs } of expiring) {
      const seenAt = await this.#store.oldestSeenAt(incarnation, id);
      if (seenAt !== undefined) dueAt = Math.min(dueAt, seenAt + retainMs);
    }
    if (dueAt === Number.POSITIVE_INFINITY) return this.forget(incarnation);
    const lastAt = this.#appendedAt.get(incarnation) ?? Number.NEGATIVE_INFINITY;
    dueAt = Math.max(dueAt, lastAt + this.#options.intervalMs);
    if (this.#planned.get(incarnation)?.dueAt === dueAt) return;
    this.#planned.get(incarnation)?.timer.close();
    const timer = this.#clock.schedule(dueAt - this.#clock.now(), () => void this.#append(incarnation));
    this.#planned.set(incarnation, { dueAt, timer });
  }

  forget(incarnation: string): void {
    this.#planned.get(incarnation)?.timer.close();
    this.#planned.delete(incarnation);
    this.#appendedAt.delete(incarnation);
  }

  close(): void {
    for (const { timer } of this.#planned.values()) timer.close();
    this.#planned.clear();
  }

  async #append(incarnation: string): Promise<void> {
    this.#planned.delete(incarnation);
    const now = this.#clock.now();
    this.#appendedAt.set(incarnation, now);
    try {
      await this.#store.appendExpiry(incarnation, now);
    } catch (error) {
      if (error instanceof CollectionGoneError || error instanceof ClosedError) return;
      // The next fold of the collection plans anew.
      this.#logger.error({ err: error, incarnation }, 'expiry could not be journaled');
      return;
    }
    this.#options.onAppended(incarnation);
  }
}
