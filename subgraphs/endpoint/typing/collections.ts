import type { LiveCollection } from '../live-collection.ts';
import type { SubscriberOptions, SubscriptionEvent } from '../subscriptions/subscriber.ts';

export type SubscriptionRequest = Omit<SubscriberOptions, 'pageEntries'>;

/** Where resolvers find the collections, by name, at the time of the request. */
export interface Collections {
  /** Those there are now. */
  get(name: string): LiveCollection | undefined;
  /** Also one that configuration has defined only just now: asks it anew before it says undefined. */
  find(name: string): Promise<LiveCollection | undefined>;
  /** @throws {TributaryError} RATE_LIMITED where there are too many subscribers. */
  subscribe(
    live: LiveCollection,
    request: SubscriptionRequest,
  ): Promise<AsyncIterableIterator<SubscriptionEvent>>;
}
