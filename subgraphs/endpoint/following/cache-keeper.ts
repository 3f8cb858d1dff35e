import type { Clock, Timer } from '../../../platform/clock.ts';
import { FollowLoop } from '../../../platform/following/follow-loop.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { ChangePosition, KeptPosition, ViewCache } from '../../../platform/ports/view-cache.ts';
import type { Closeable } from '../../../platform/scope.ts';
import type { CollectionView } from '../view/collection-view.ts';
import type { RequestGate } from './request-gate.ts';

/** From a wake to the pass: what changes meanwhile is kept with it. The cache may be so far behind, the view never is. */
const PAUSE_MS = 500;

export interface CacheKeeperOptions {
  /** Pause after which the cache is looked at though nothing changed: it may have lost what it had. */
  readonly resyncMs: number;
  /** Changes kept at once. */
  readonly pageChanges: number;
}

/** How far datasource was when it told something last: short of that, what the view has is no whole. */
export interface ToldHead {
  readonly incarnation: string;
  readonly head: number;
}

/**
 * Brings the cache up to what the view of one collection has. Where several replicas do so, the one that has begun goes
 * on: the others look whether it still does.
 */
export class CacheKeeper implements Closeable {
  readonly #cache: ViewCache;
  readonly #gate: RequestGate;
  readonly #view: CollectionView;
  readonly #clock: Clock;
  readonly #options: CacheKeeperOptions;
  readonly #loop: FollowLoop;
  #pause: Timer | undefined;
  #told: ToldHead | undefined;
  #isClosed = false;
  /** Where the cache was when we last looked, or had kept a page: where it is elsewhere, another replica keeps it. */
  #left: ChangePosition | undefined;

  /** @param deps.gate Bounds the pages in memory, on their way to the cache. */
  constructor(
    deps: { cache: ViewCache; gate: RequestGate; clock: Clock; logger: Logger },
    view: CollectionView,
    options: CacheKeeperOptions,
  ) {
    this.#cache = deps.cache;
    this.#gate = deps.gate;
    this.#view = view;
    this.#clock = deps.clock;
    this.#options = options;
    this.#loop = new FollowLoop(deps, (signal) => this.#catchUp(signal), {
      what: { collection: view.name, following: 'cache' },
      resyncMs: options.resyncMs,
    });
  }

  /** @param told undefined where what the view has is no longer datasource's own, but what was kept. */
  told(told: ToldHead | undefined): void {
    this.#told = told;
    if (told) this.wake();
  }

  wake(): void {
    if (this.#isClosed) return;
    this.#pause ??= this.#clock.schedule(PAUSE_MS, () => {
      this.#pause = undefined;
      this.#loop.wake();
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#pause?.close();
    return this.#loop.close();
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const left = this.#left;
    let position = await this.#gate.run(() => this.#cache.position(this.#view.name));
    this.#left = position;
    const isKeptByOther = left !== undefined && position !== undefined && !isSame(left, position);
    if (isKeptByOther && position && this.#isBehind(position)) return this.wake();
    while (position && !signal.aborted && this.#isBehind(position)) {
      const before: KeptPosition = position;
      position = await this.#gate.run(() => this.#keepPage(before));
      this.#left = position;
      if (position && isSame(position, before)) return;
    }
  }

  async #keepPage(position: KeptPosition): Promise<KeptPosition | undefined> {
    const view = this.#view;
    if (view.isDropped) return undefined;
    const page = view.changesSince(position, this.#options.pageChanges);
    // All anew is what there is at a head that the view has come to, since removals further on may be forgotten by then.
    if (page.reset && !this.#isWhole) return position;
    const head = Math.max(page.head, this.#told?.head ?? 0);
    return this.#cache.keepChanges(view.name, position, { ...page, head }, this.#asOfMs);
  }

  /**
   * Until when the cache knows all once it has come to the view's version; null where that is not to be said. On the way to
   * datasource's head entries that have changed further on are in neither, whatever the view has known of them before.
   */
  get #asOfMs(): number | null {
    return this.#isWhole ? this.#view.state.asOfMs : null;
  }

  get #isWhole(): boolean {
    return this.#told !== undefined && this.#view.state.version >= this.#told.head;
  }

  /**
   * Another incarnation waits for its definition; what is further on comes from another replica. What was read from the
   * cache goes back there with the next that datasource tells: nobody knows yet how much is missing of it.
   */
  #isBehind({ incarnation, version, resetHead, asOfMs }: KeptPosition): boolean {
    const { state, isDropped } = this.#view;
    if (isDropped || incarnation !== state.incarnation || this.#told?.incarnation !== incarnation)
      return false;
    if (Math.max(version, resetHead ?? 0) > state.version) return false;
    if (version < state.version) return true;
    // Nothing changed: a replica that reads it is to know until when.
    return this.#asOfMs !== null && this.#asOfMs - (asOfMs ?? 0) >= this.#options.resyncMs;
  }
}

function isSame(a: ChangePosition, b: ChangePosition): boolean {
  return a.incarnation === b.incarnation && a.version === b.version && a.resetHead === b.resetHead;
}
