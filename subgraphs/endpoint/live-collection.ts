import type { Clock } from '../../platform/clock.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { ChangePage } from '../../platform/model/record.ts';
import type { EndpointMetrics } from './metrics.ts';
import { PullIterator } from './subscriptions/pull-iterator.ts';
import { RecentChanges } from './subscriptions/recent-changes.ts';
import { Subscriber, type SubscriberOptions, type SubscriptionEvent } from './subscriptions/subscriber.ts';
import type { ApplyOptions, CollectionView } from './view/collection-view.ts';

export interface LiveCollectionOptions {
  readonly staleAfterMs: number;
  readonly recentChangesMax: number;
}

export interface Freshness {
  /** ISO 8601, UTC. */
  readonly asOf: string;
  readonly isStale: boolean;
  readonly reason: string | null;
}

/** A collection's view together with those who follow its changes. */
export class LiveCollection {
  readonly view: CollectionView;
  readonly recent: RecentChanges;
  readonly #clock: Clock;
  readonly #metrics: EndpointMetrics;
  readonly #options: LiveCollectionOptions;
  readonly #openedAtMs: number;
  readonly #subscriptions = new Set<PullIterator<SubscriptionEvent>>();

  constructor(
    { clock, metrics }: { clock: Clock; metrics: EndpointMetrics },
    view: CollectionView,
    options: LiveCollectionOptions,
  ) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.view = view;
    this.#options = options;
    this.#openedAtMs = clock.now();
    this.recent = new RecentChanges(options.recentChangesMax, view);
  }

  get name(): string {
    return this.view.name;
  }

  get subscriberCount(): number {
    return this.#subscriptions.size;
  }

  /** Applies a page and tells subscribers. */
  apply(page: ChangePage, options: Omit<ApplyOptions, 'withBefore'>): void {
    const before = this.view.state;
    const set = this.view.apply(page, { ...options, withBefore: this.#subscriptions.size > 0 });
    this.#metrics.changesRead.inc(page.changes.length);
    if (!set) this.#restart();
    else if (set.to > before.version) {
      // What is read for the first time may have changed long ago.
      if (before.asOfMs !== null) this.#noteLag(page);
      if (this.#subscriptions.size > 0) this.recent.add(set, this.view.epoch);
      this.#wakeAll();
    }
  }

  /** Follows a change of the definition; subscribers are told where it has become another collection. */
  async define(definition: CollectionDefinition): Promise<void> {
    const { epoch } = this.view;
    await this.view.define(definition);
    if (this.view.epoch !== epoch) this.#restart();
  }

  subscribe(options: SubscriberOptions): AsyncIterableIterator<SubscriptionEvent> {
    if (this.#subscriptions.size === 0) this.recent.restart(this.view);
    const subscriber = new Subscriber(this, options);
    const iterator: PullIterator<SubscriptionEvent> = new PullIterator(
      () => this.#counted(subscriber.next()),
      () => {
        this.#subscriptions.delete(iterator);
        if (this.#subscriptions.size === 0) this.recent.restart(this.view);
      },
    );
    this.#subscriptions.add(iterator);
    return iterator;
  }

  freshness(): Freshness {
    const { asOfMs } = this.view.state;
    const ageMs = this.#clock.now() - (asOfMs ?? 0);
    const isStale = asOfMs === null || ageMs > this.#options.staleAfterMs;
    return {
      asOf: new Date(asOfMs ?? this.#openedAtMs).toISOString(),
      isStale,
      reason: isStale ? this.#staleReason(asOfMs) : null,
    };
  }

  /** Completes all subscriptions: the collection is gone, or the service stops. */
  close(): void {
    for (const subscription of [...this.#subscriptions]) subscription.end();
  }

  #noteLag({ changes: [oldest] }: ChangePage): void {
    if (!oldest) return;
    const lagMs = this.#clock.now() - Date.parse(oldest.updatedAt);
    this.#metrics.viewLag.observe(Math.max(0, lagMs) / 1_000);
  }

  #counted(event: SubscriptionEvent | undefined): SubscriptionEvent | undefined {
    if (!event) return undefined;
    const { events, deltaEntries } = this.#metrics;
    events.inc({ kind: event.kind });
    if (event.kind === 'delta') deltaEntries.observe(event.upserted.length + event.removed.length);
    return event;
  }

  #staleReason(asOfMs: number | null): string {
    return asOfMs === null
      ? 'The entries have not been read in full yet.'
      : 'Datasource has not answered, or its changes have not been caught up with, since then.';
  }

  #restart(): void {
    this.recent.restart(this.view);
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const subscription of this.#subscriptions) subscription.wake();
  }
}
