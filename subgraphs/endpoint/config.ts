import { z } from 'zod';
import { durationMs, wholeNumber } from '../../platform/config.ts';

/** The endpoint's settings, by their names in the environment. */
export const endpointSettings = z.object({
  /** How long the view counts as current without an answer of datasource. Three missed resyncs. */
  STALE_AFTER: durationMs('PT30S'),
  /** How often upstream is asked although nothing woke us: finds what an event lost on the way told. */
  RESYNC: durationMs('PT10S'),
  /** Entries in one event of a subscription: some 100 kB, so that no reader waits long for the first. */
  SNAPSHOT_PAGE: wholeNumber(500, 1, 10_000),
  /** Changes read from datasource at once: some ten milliseconds of writing, in which nothing else is answered. */
  CHANGES_PAGE: wholeNumber(500, 1, 10_000),
  /** Recent changes of a collection kept in memory while it has subscribers. Slower readers are served from the view. */
  RECENT_CHANGES: wholeNumber(4_096, 0, 1_000_000),
  /** Removed entries of a collection that are remembered, for subscribers that resume. */
  REMOVED_MAX: wholeNumber(100_000, 0, 100_000_000),
  /** How long the shared cache keeps a collection that no replica has touched: longer than any outage. */
  VIEW_CACHE_RETAIN: durationMs('P30D'),
  /** Subscriptions served at once; each costs some kilobytes. */
  SUBSCRIBERS_MAX: wholeNumber(20_000, 1, 1_000_000),
});

export type EndpointConfig = z.infer<typeof endpointSettings>;
