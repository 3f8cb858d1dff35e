import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { ViewCache } from '../../platform/ports/view-cache.ts';
import { type Closeable, Scope } from '../../platform/scope.ts';
import type { EndpointConfig } from './config.ts';
import { ChangesFollower } from './following/changes-follower.ts';
import type { DefinitionsReceiver } from './following/definitions-follower.ts';
import { RequestGate } from './following/request-gate.ts';
import { LiveCollection } from './live-collection.ts';
import type { EndpointMetrics } from './metrics.ts';
import type { SubscriptionEvent } from './subscriptions/subscriber.ts';
import type { SubscriptionRequest } from './typing/collections.ts';
import type { CollectionView } from './view/collection-view.ts';
import type { ViewFile } from './view/view-file.ts';

/** Requests to datasource at once: enough to keep it busy, few enough not to keep others waiting. */
const REQUESTS_MAX = 16;

/** Pages on their way to the cache, or from it, at once: it answers one after the other, and some wait in memory here. */
const CACHE_REQUESTS_MAX = 4;

interface Deps {
  readonly viewFile: ViewFile;
  readonly datasource: ServiceClient;
  readonly cache?: ViewCache | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: EndpointMetrics;
}

interface Member {
  readonly live: LiveCollection;
  readonly follower: ChangesFollower;
}

/** All collections: what is defined is in the view, followed, and open to subscribers. */
export class CollectionSet implements DefinitionsReceiver, Closeable {
  readonly #deps: Deps;
  readonly #config: EndpointConfig;
  readonly #onChange: () => void;
  readonly #gate = new RequestGate(REQUESTS_MAX);
  readonly #cacheGate = new RequestGate(CACHE_REQUESTS_MAX);
  readonly #members = new Map<string, Member>();
  readonly #readings = new Scope();

  /** @param onChange Called when definitions are others than before. */
  constructor(deps: Deps, config: EndpointConfig, onChange: () => void) {
    this.#deps = deps;
    this.#config = config;
    this.#onChange = onChange;
    for (const view of deps.viewFile.collections.values()) this.#open(view);
    const { collections, staleCollections, subscribers } = deps.metrics;
    const all = () => [...this.#members.values()];
    this.#readings.use(collections.from(() => this.#members.size));
    this.#readings.use(
      staleCollections.from(() => all().filter(({ live }) => live.freshness().isStale).length),
    );
    this.#readings.use(subscribers.from(() => this.#subscriberCount));
  }

  get #subscriberCount(): number {
    let count = 0;
    for (const { live } of this.#members.values()) count += live.subscriberCount;
    return count;
  }

  get revision(): number {
    return this.#deps.viewFile.revision;
  }

  get definitions(): readonly CollectionDefinition[] {
    return [...this.#members.values()].map(({ live }) => live.view.definition);
  }

  get(name: string): LiveCollection | undefined {
    return this.#members.get(name)?.live;
  }

  /** Has datasource asked for the collection's changes, or for those of all. */
  wake(name?: string): void {
    if (name !== undefined) this.#members.get(name)?.follower.wake();
    else for (const { follower } of this.#members.values()) follower.wake();
  }

  async receive(
    definitions: readonly CollectionDefinition[],
    revision: number,
    isWhole: boolean,
  ): Promise<void> {
    const gone = definitions.filter(({ deleted }) => deleted).map(({ name }) => name);
    const current = definitions.filter(({ deleted }) => !deleted);
    if (isWhole) {
      const names = new Set(current.map(({ name }) => name));
      gone.push(...[...this.#members.keys()].filter((name) => !names.has(name)));
    }
    for (const name of gone) this.#remove(name);
    for (const definition of current) {
      if (!this.#members.has(definition.name))
        this.#open(this.#deps.viewFile.add(definition)).follower.wake();
    }
    // What is new need not wait until tables of a million entries have been altered.
    this.#onChange();
    await Promise.all(current.map((definition) => this.#redefine(definition)));
    if (this.revision !== revision) this.#deps.viewFile.revision = revision;
    this.#onChange();
  }

  /** @throws {TributaryError} RATE_LIMITED */
  async subscribe(
    live: LiveCollection,
    request: SubscriptionRequest,
  ): Promise<AsyncIterableIterator<SubscriptionEvent>> {
    const { incarnation, version } = live.view.state;
    // A cursor of a replica that is ahead of this one: a moment, and it is no longer.
    if (request.after?.incarnation === incarnation && request.after.version > version) {
      await this.#members.get(live.name)?.follower.sync();
    }
    if (this.#subscriberCount >= this.#config.SUBSCRIBERS_MAX) {
      this.#deps.metrics.limits.inc({ limit: 'SUBSCRIBERS_MAX' });
      throw new TributaryError('RATE_LIMITED', 'There are too many subscribers; try again later.', {
        retryable: true,
      });
    }
    return live.subscribe({ ...request, pageEntries: this.#config.SNAPSHOT_PAGE });
  }

  async close(): Promise<void> {
    await this.#readings.close();
    const members = [...this.#members.values()];
    for (const { live } of members) live.close();
    await Promise.all(members.map(({ follower }) => follower.close()));
  }

  #open(view: CollectionView): Member {
    const { STALE_AFTER, RECENT_CHANGES, RESYNC, CHANGES_PAGE, REMOVED_MAX } = this.#config;
    const live = new LiveCollection(this.#deps, view, {
      staleAfterMs: STALE_AFTER,
      recentChangesMax: RECENT_CHANGES,
    });
    const gates = { gate: this.#gate, cacheGate: this.#cacheGate };
    const follower = new ChangesFollower({ ...this.#deps, ...gates }, live, {
      resyncMs: RESYNC,
      pageChanges: CHANGES_PAGE,
      removedMax: REMOVED_MAX,
    });
    const member = { live, follower };
    this.#members.set(view.name, member);
    return member;
  }

  async #redefine(definition: CollectionDefinition): Promise<void> {
    const member = this.#members.get(definition.name);
    if (!member) return;
    const { live, follower } = member;
    const { incarnation, revision } = live.view.definition;
    if (incarnation === definition.incarnation && revision === definition.revision) return;
    await live.define(definition);
    follower.wake();
  }

  #remove(name: string): void {
    const member = this.#members.get(name);
    if (!member) return;
    this.#deps.viewFile.remove(name);
    this.#members.delete(name);
    member.live.close();
    void member.follower.close();
  }
}
