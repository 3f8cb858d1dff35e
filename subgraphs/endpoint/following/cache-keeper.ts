import type { Clock } from '../../../platform/clock.ts';
import { FollowLoop } from '../../../platform/following/follow-loop.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { ViewCache } from '../../../platform/ports/view-cache.ts';
import type { Closeable } from '../../../platform/scope.ts';
import type { CollectionView } from '../view/collection-view.ts';

/** Brings the cache up to what the view of one collection has. */
export class CacheKeeper implements Closeable {
  readonly #cache: ViewCache;
  readonly #view: CollectionView;
  readonly #pageChanges: number;
  readonly #loop: FollowLoop;

  constructor(
    deps: { cache: ViewCache; clock: Clock; logger: Logger },
    view: CollectionView,
    options: { readonly resyncMs: number; readonly pageChanges: number },
  ) {
    this.#cache = deps.cache;
    this.#view = view;
    this.#pageChanges = options.pageChanges;
    this.#loop = new FollowLoop(deps, (signal) => this.#catchUp(signal), {
      what: { collection: view.name, following: 'cache' },
      resyncMs: options.resyncMs,
    });
  }

  wake(): void {
    this.#loop.wake();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const view = this.#view;
    let position = await this.#cache.position(view.name);
    while (position && !signal.aborted && !view.isDropped) {
      const { incarnation, version, asOfMs } = view.state;
      // Another incarnation waits for its definition; what is further on comes from another replica.
      if (position.incarnation !== incarnation || position.version >= version) return;
      const before = position;
      const page = view.changesSince(position, this.#pageChanges);
      position = await this.#cache.keepChanges(view.name, position, page, asOfMs);
      if (position?.version === before.version && position.resetHead === before.resetHead) return;
    }
  }
}
