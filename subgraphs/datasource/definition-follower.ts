import type { Clock, Timer } from '../../platform/clock.ts';
import { ClosedError, messageOf } from '../../platform/errors.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { Collections } from './collections.ts';

export interface DefinitionFollowerOptions {
  /** How often definitions are read though no event said so. */
  readonly resyncMs: number;
  /** Called when a definition has been taken over. */
  readonly onTaken: (definition: CollectionDefinition) => void;
  /** Called when a collection is gone. */
  readonly onGone: (incarnation: string) => void;
}

const DEFINITIONS = /* GraphQL */ `
  query CollectionDefinitions($after: Counter!) {
    collectionDefinitions(after: $after) { definitions revision hasMore }
  }
`;

interface DefinitionPage {
  readonly definitions: readonly CollectionDefinition[];
  readonly revision: number;
  readonly hasMore: boolean;
}

/** Pause while configuration is away, doubled each time up to the resync interval. */
const RETRY_MS = 250;

/** Keeps the definitions that configuration has; goes on with the last known while configuration is away. */
export class DefinitionFollower implements Closeable {
  readonly #store: CollectionStore;
  readonly #configuration: ServiceClient;
  readonly #collections: Collections;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: DefinitionFollowerOptions;
  readonly #closing = new AbortController();
  #revision = 0;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failures = 0;

  constructor(
    deps: {
      readonly store: CollectionStore;
      readonly configuration: ServiceClient;
      readonly collections: Collections;
      readonly clock: Clock;
      readonly logger: Logger;
    },
    options: DefinitionFollowerOptions,
  ) {
    this.#store = deps.store;
    this.#configuration = deps.configuration;
    this.#collections = deps.collections;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#options = options;
  }

  /** Takes what is stored, then follows configuration, which need not be there. */
  async start(): Promise<void> {
    const { revision, definitions } = await this.#store.definitions();
    this.#revision = revision;
    for (const definition of definitions) this.#collections.take(definition);
    this.wake();
  }

  /** Definitions may have changed. */
  wake(): void {
    // Logged, and tried again by the timer.
    this.refresh().catch(() => {});
  }

  /**
   * Resolves when all is known that configuration had at the time of the call.
   *
   * @throws {UnavailableError} Configuration does not answer; it is asked again later anyway.
   */
  refresh(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(new ClosedError('The definition follower'));
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined;
      });
      return this.#reading;
    }
    // What is being read may be older than the call: all who ask meanwhile share one more.
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.refresh();
      });
    return this.#next;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.close();
    await this.#reading?.catch(() => {});
  }

  async #read(): Promise<void> {
    this.#timer?.close();
    let delayMs = this.#options.resyncMs;
    try {
      await this.#readPages();
      if (this.#failures > 0) this.#logger.info({ failures: this.#failures }, 'configuration is back');
      this.#failures = 0;
    } catch (error) {
      delayMs = Math.min(RETRY_MS * 2 ** this.#failures, delayMs);
      this.#failures += 1;
      if (this.#failures === 1 && !this.#closing.signal.aborted) {
        this.#logger.warn(
          { reason: messageOf(error) },
          'definitions cannot be read; going on with those known',
        );
      }
      throw error;
    } finally {
      if (!this.#closing.signal.aborted) this.#timer = this.#clock.schedule(delayMs, () => this.wake());
    }
  }

  async #readPages(): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const page = await this.#page(this.#revision);
      hasMore = page.hasMore;
      if (page.revision < this.#revision) {
        // Configuration began anew: what it has now counts.
        this.#revision = 0;
        hasMore = true;
      } else if (page.definitions.length > 0 || page.revision > this.#revision) {
        await this.#take(page);
      }
    }
  }

  async #page(after: number): Promise<DefinitionPage> {
    const { signal } = this.#closing;
    const data = await this.#configuration.request<{ collectionDefinitions: DefinitionPage }>(
      DEFINITIONS,
      { after },
      { signal },
    );
    return data.collectionDefinitions;
  }

  async #take({ definitions, revision }: DefinitionPage): Promise<void> {
    await this.#store.takeDefinitions(definitions, revision, this.#clock.now());
    this.#revision = revision;
    for (const definition of definitions) {
      const gone = this.#collections.take(definition);
      if (gone !== undefined) this.#options.onGone(gone);
      this.#options.onTaken(definition);
    }
  }
}
