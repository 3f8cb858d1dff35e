import type { Clock } from '../../../platform/clock.ts';
import { TributaryError } from '../../../platform/errors.ts';
import { newDefinitions } from '../../../platform/following/definition-pages.ts';
import { FollowLoop } from '../../../platform/following/follow-loop.ts';
import type { ServiceClient } from '../../../platform/http/service-client.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { ViewCache } from '../../../platform/ports/view-cache.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { DefinitionsKeeper } from './definitions-keeper.ts';

/** What is done with the definitions that were read. */
export interface DefinitionsReceiver {
  /** The revision up to which definitions have been received. */
  readonly revision: number;
  /** Those in force. */
  readonly definitions: readonly CollectionDefinition[];
  /** @param isWhole True where these are all there are: what is not among them is gone. */
  receive(definitions: readonly CollectionDefinition[], revision: number, isWhole: boolean): Promise<void>;
}

/** Follows configuration's definitions of collections; where it does not answer, those that other replicas have kept. */
export class DefinitionsFollower implements Closeable {
  readonly #configuration: ServiceClient;
  readonly #cache: ViewCache | undefined;
  readonly #receiver: DefinitionsReceiver;
  readonly #loop: FollowLoop;
  readonly #keeper: DefinitionsKeeper | undefined;

  constructor(
    deps: {
      readonly configuration: ServiceClient;
      readonly cache?: ViewCache | undefined;
      readonly clock: Clock;
      readonly logger: Logger;
    },
    receiver: DefinitionsReceiver,
    options: { readonly resyncMs: number },
  ) {
    this.#configuration = deps.configuration;
    this.#cache = deps.cache;
    this.#receiver = receiver;
    this.#loop = new FollowLoop(deps, (signal) => this.#follow(signal), {
      what: { following: 'definitions' },
      resyncMs: options.resyncMs,
    });
    const followed = {
      get revision() {
        return receiver.revision;
      },
      get definitions() {
        return receiver.definitions;
      },
      refresh: () => this.#loop.sync(),
    };
    const { cache } = deps;
    this.#keeper = cache && new DefinitionsKeeper({ ...deps, cache }, followed, options);
  }

  wake(): void {
    this.#loop.wake();
  }

  /** Resolves when configuration has been asked anew, whether or not it answered. */
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
      this.#keeper?.wake();
    } catch (error) {
      if (!signal.aborted && this.#cache && isAway(error)) await this.#receiveKept(this.#cache, error);
      throw error;
    }
  }

  /** @param reason Why configuration is not the one that says it. */
  async #receiveKept(cache: ViewCache, reason: unknown): Promise<void> {
    const receiver = this.#receiver;
    try {
      if ((await cache.revision()) <= receiver.revision) return;
      const { definitions, revision } = await cache.definitions();
      if (revision > receiver.revision) await receiver.receive(definitions, revision, true);
    } catch (error) {
      throw new AggregateError([reason, error], 'Neither configuration nor the cache says what is defined.');
    }
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    for await (const { definitions, revision, isWhole } of newDefinitions(
      this.#configuration,
      this.#receiver.revision,
      signal,
    )) {
      await this.#receiver.receive(definitions, revision, isWhole);
    }
  }
}

/** Whether configuration may say it later; else it has said something, and is right. */
function isAway(error: unknown): boolean {
  return error instanceof TributaryError && error.retryable;
}
