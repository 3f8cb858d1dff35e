import type { Clock } from '../../../platform/clock.ts';
import { FollowLoop } from '../../../platform/following/follow-loop.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { ViewCache } from '../../../platform/ports/view-cache.ts';
import type { Closeable } from '../../../platform/scope.ts';

/** What is kept. */
export interface FollowedDefinitions {
  readonly revision: number;
  readonly definitions: readonly CollectionDefinition[];
  /**
   * Asks configuration anew.
   *
   * @throws What kept it from answering.
   */
  refresh(): Promise<void>;
}

/** Brings the cache up to the definitions that are followed, also where it has lost what it had. */
export class DefinitionsKeeper implements Closeable {
  readonly #cache: ViewCache;
  readonly #followed: FollowedDefinitions;
  readonly #loop: FollowLoop;

  constructor(
    deps: { readonly cache: ViewCache; readonly clock: Clock; readonly logger: Logger },
    followed: FollowedDefinitions,
    options: { readonly resyncMs: number },
  ) {
    this.#cache = deps.cache;
    this.#followed = followed;
    this.#loop = new FollowLoop(deps, () => this.#keep(), {
      what: { following: 'definitions in the cache' },
      resyncMs: options.resyncMs,
    });
  }

  wake(): void {
    this.#loop.wake();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #keep(): Promise<void> {
    const kept = await this.#cache.revision();
    // Either another replica has followed further, or configuration counts from the beginning again: it knows.
    if (kept > this.#followed.revision) await this.#followed.refresh();
    const { revision, definitions } = this.#followed;
    if (revision === kept) return;
    await this.#cache.keepDefinitions({ revision, definitions }, revision < kept ? { inPlaceOf: kept } : {});
  }
}
