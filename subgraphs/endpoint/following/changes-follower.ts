import type { Clock } from '../../../platform/clock.ts';
import { UnavailableError } from '../../../platform/errors.ts';
import { FollowLoop } from '../../../platform/following/follow-loop.ts';
import type { ServiceClient } from '../../../platform/http/service-client.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { ChangePage } from '../../../platform/model/record.ts';
import type { ChangePosition, KeptPosition, ViewCache } from '../../../platform/ports/view-cache.ts';
import type { Closeable } from '../../../platform/scope.ts';
import type { LiveCollection } from '../live-collection.ts';
import { CacheKeeper, type ToldHead } from './cache-keeper.ts';
import type { RequestGate } from './request-gate.ts';

const CHANGES_SINCE = /* GraphQL */ `
  query ChangesSince(
    $collection: String!, $incarnation: ID!, $version: Counter!, $first: Int!, $resetHead: Counter
  ) {
    changesSince(
      collection: $collection, incarnation: $incarnation, version: $version, first: $first, resetHead: $resetHead
    ) {
      incarnation
      reset
      version
      head
      changes { id key version removed fields firstSeenAt updatedAt sourceIds }
    }
  }
`;

/** Longer than any page takes: a request that hangs must not be taken for one that is under way. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface ChangesFollowerOptions {
  readonly resyncMs: number;
  /** Changes read at once. */
  readonly pageChanges: number;
  readonly removedMax: number;
}

/** The position of one who knows nothing, and is told all. */
const NOWHERE: ChangePosition = { incarnation: '', version: 0, resetHead: null };

interface Deps {
  readonly datasource: ServiceClient;
  readonly cache?: ViewCache | undefined;
  /** Bounds the requests to datasource. */
  readonly gate: RequestGate;
  /** Bounds the pages on their way to the cache, or from it. */
  readonly cacheGate: RequestGate;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps one collection's view equal to datasource's entries. */
export class ChangesFollower implements Closeable {
  readonly #deps: Deps;
  readonly #live: LiveCollection;
  readonly #options: ChangesFollowerOptions;
  readonly #loop: FollowLoop;
  readonly #keeper: CacheKeeper | undefined;
  #told: ToldHead | undefined;

  constructor(deps: Deps, live: LiveCollection, options: ChangesFollowerOptions) {
    this.#deps = deps;
    this.#live = live;
    this.#options = options;
    this.#loop = new FollowLoop(deps, (signal) => this.#follow(signal), {
      what: { collection: live.name },
      resyncMs: options.resyncMs,
    });
    const { cache } = deps;
    this.#keeper = cache && new CacheKeeper({ ...deps, cache, gate: deps.cacheGate }, live.view, options);
  }

  wake(): void {
    this.#loop.wake();
  }

  /** Resolves when datasource has been asked anew, whether or not it answered. */
  sync(): Promise<void> {
    return this.#loop.sync().catch(() => {});
  }

  async close(): Promise<void> {
    await this.#loop.close();
    await this.#keeper?.close();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      await this.#catchUp(signal);
    } catch (error) {
      if (!signal.aborted && this.#deps.cache) await this.#refill(this.#deps.cache, error, signal);
      throw error;
    }
  }

  /** @param reason Why datasource is not the one that fills the view. */
  async #refill(cache: ViewCache, reason: unknown, signal: AbortSignal): Promise<void> {
    try {
      await this.#readCache(cache, signal);
    } catch (error) {
      throw new AggregateError([reason, error], 'Neither datasource nor the cache says what changed.');
    }
  }

  /** Takes from the cache what another replica has kept there and this one does not know. */
  async #readCache(cache: ViewCache, signal: AbortSignal): Promise<void> {
    const { view, name } = this.#live;
    const { pageChanges, removedMax } = this.#options;
    const { cacheGate } = this.#deps;
    const kept = await cache.position(name);
    if (!kept) return;
    for (let isFirst = true; ; isFirst = false) {
      const { position, state } = view;
      // All anew that datasource has begun to tell is not for another to end: it may know less.
      const isInterrupted = isFirst && position.resetHead !== null;
      const behind = isInterrupted ? NOWHERE : position;
      const page = await cacheGate.run(() => cache.changesSince(name, behind, pageChanges));
      await view.settled();
      if (!page || signal.aborted || view.isDropped || !isSame(view.position, position)) return;
      if (page.incarnation !== state.incarnation || page.head < state.version) return;
      // What is known here already may have been all there was until later: no more is to be had from it.
      if (page.head === state.version && (page.reset || isInterrupted)) return;
      this.#live.apply(page, { askedAtMs: this.#asOf(page, kept), removedMax });
      this.#keeper?.told(undefined);
      if (page.version >= page.head) return;
    }
  }

  /** Until when all changes are known once the cache's page is worked in; null where that is not to be said. */
  #asOf({ incarnation, version }: ChangePage, kept: KeptPosition): number | null {
    const told = this.#told?.incarnation === incarnation ? this.#told.head : 0;
    if (version < told) return null;
    return Math.max(kept.asOfMs ?? 0, this.#live.view.state.asOfMs ?? 0) || null;
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { view } = this.#live;
    const { pageChanges, removedMax } = this.#options;
    for (;;) {
      const askedAtMs = this.#deps.clock.now();
      const position = view.position;
      const { incarnation } = position;
      const page = await this.#deps.gate.run(() => this.#read(position, signal));
      await view.settled();
      if (signal.aborted || view.isDropped) return;
      // Meanwhile the definition changed, and what was asked for is not what is wanted now.
      if (view.position.incarnation !== incarnation || view.position.version !== position.version) continue;
      if (page.incarnation !== incarnation) {
        throw new UnavailableError(`Datasource does not have this ${this.#live.name} yet, or no longer.`);
      }
      this.#told = { incarnation, head: page.head };
      this.#live.apply(page, { askedAtMs, removedMax });
      this.#keeper?.told(this.#told);
      if (page.version >= page.head) return;
      if (page.changes.length < 1 && !page.reset)
        throw new UnavailableError('Datasource gives no further changes.');
      if (page.changes.length >= pageChanges) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #read(position: ChangePosition, signal: AbortSignal): Promise<ChangePage> {
    const { changesSince } = await this.#deps.datasource.request<{ changesSince: ChangePage }>(
      CHANGES_SINCE,
      { collection: this.#live.name, ...position, first: this.#options.pageChanges },
      { signal, timeoutMs: REQUEST_TIMEOUT_MS },
    );
    return changesSince;
  }
}

function isSame(a: ChangePosition, b: ChangePosition): boolean {
  return a.incarnation === b.incarnation && a.version === b.version && a.resetHead === b.resetHead;
}
