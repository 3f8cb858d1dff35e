import type { Clock } from '../../platform/clock.ts';
import { newDefinitions } from '../../platform/following/definition-pages.ts';
import { FollowLoop } from '../../platform/following/follow-loop.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { Collections } from './collections.ts';

interface Deps {
  readonly store: CollectionStore;
  readonly configuration: ServiceClient;
  readonly collections: Collections;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DefinitionFollowerOptions {
  /** How often definitions are read though no event said so. */
  readonly resyncMs: number;
  /** Called when a definition has been taken over. */
  readonly onTaken: (definition: CollectionDefinition) => void;
  /** Called when a collection is gone. */
  readonly onGone: (incarnation: string) => void;
}

/** Keeps the definitions that configuration has; goes on with the last known while configuration is away. */
export class DefinitionFollower implements Closeable {
  readonly #deps: Deps;
  readonly #options: DefinitionFollowerOptions;
  readonly #loop: FollowLoop;
  #revision = 0;

  constructor(deps: Deps, options: DefinitionFollowerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#loop = new FollowLoop(deps, (signal) => this.#follow(signal), {
      what: { following: 'definitions' },
      resyncMs: options.resyncMs,
    });
  }

  /** Takes what is stored, then follows configuration, which need not be there. */
  async start(): Promise<void> {
    const { store, collections } = this.#deps;
    const { revision, definitions } = await store.definitions();
    this.#revision = revision;
    for (const definition of definitions) collections.take(definition);
    this.wake();
  }

  /** Definitions may have changed. */
  wake(): void {
    this.#loop.wake();
  }

  /**
   * Resolves when all is known that configuration had at the time of the call.
   *
   * @throws {UnavailableError} Configuration does not answer; it is asked again later anyway.
   */
  sync(): Promise<void> {
    return this.#loop.sync();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** What is missing in a configuration that began anew stays: entries go with a definition that says so. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { store, configuration, collections, clock } = this.#deps;
    for await (const { definitions, revision } of newDefinitions(configuration, this.#revision, signal)) {
      await store.takeDefinitions(definitions, revision, clock.now());
      this.#revision = revision;
      for (const definition of definitions) {
        const gone = collections.take(definition);
        if (gone !== undefined) this.#options.onGone(gone);
        this.#options.onTaken(definition);
      }
    }
  }
}
