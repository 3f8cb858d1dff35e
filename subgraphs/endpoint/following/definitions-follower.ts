import type { Clock } from '../../../platform/clock.ts';
import { newDefinitions } from '../../../platform/following/definition-pages.ts';
import { FollowLoop } from '../../../platform/following/follow-loop.ts';
import type { ServiceClient } from '../../../platform/http/service-client.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { ViewCache } from '../../../platform/ports/view-cache.ts';
import type { Closeable } from '../../../platform/scope.ts';

/** What is done with the definitions that were read. */
export interface DefinitionsReceiver {
  /** The revision up to which definitions have been received. */
  readonly revision: number;
  /** Those in force. */
  readonly definitions: readonly CollectionDefinition[];
  /** @param isWhole True where these are all there are: what is not among them is gone. */
  receive(definitions: readonly CollectionDefinition[], revision: number, isWhole: boolean): Promise<void>;
}

/** Follows configuration's definitions of collections. */
export class DefinitionsFollower implements Closeable {
  readonly #configuration: ServiceClient;
  readonly #cache: ViewCache | undefined;
  readonly #receiver: DefinitionsReceiver;
  readonly #loop: FollowLoop;
  #keptRevision: number | undefined;

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
  }

  wake(): void {
    this.#loop.wake();
  }

  /** Resolves when configuration has been asked anew, whether or not it answered. */
  sync(): Promise<void> {
    return this.#loop.sync().catch(() => {});
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const receiver = this.#receiver;
    try {
      await this.#catchUp(signal);
    } catch (error) {
      const kept = signal.aborted ? undefined : await this.#cache?.definitions();
      if (kept && kept.revision > receiver.revision)
        await receiver.receive(kept.definitions, kept.revision, true);
      throw error;
    }
    const { revision, definitions } = receiver;
    if (revision !== this.#keptRevision) await this.#cache?.keepDefinitions({ revision, definitions });
    this.#keptRevision = revision;
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
