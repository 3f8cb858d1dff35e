import { COUNT_BUCKETS, type Metrics } from '../../platform/metrics.ts';

/** What endpoint tells of itself, beside its requests. */
export function endpointMetrics(metrics: Metrics) {
  return {
    limits: metrics.limits,
    collections: metrics.reading({
      name: 'tributary_view_collections',
      help: 'Collections in the view',
    }),
    staleCollections: metrics.reading({
      name: 'tributary_view_stale_collections',
      help: 'Collections whose entries are served as stale: datasource has not answered for STALE_AFTER',
    }),
    changesRead: metrics.counter({
      name: 'tributary_view_changes_total',
      help: 'Changes of entries that were worked into the view, from datasource or from the shared cache',
    }),
    viewLag: metrics.histogram({
      name: 'tributary_view_lag_seconds',
      help: "From an entry's change to its being in the view: of each page that was read, its oldest change",
    }),
    subscribers: metrics.reading({
      name: 'tributary_view_subscribers',
      help: 'Subscriptions that this replica serves now; the gateway shares one among many apps',
    }),
    events: metrics.counter({
      name: 'tributary_view_events_total',
      help: 'Events told to subscribers: snapshot (a page of one), delta, or cursorExpired',
      labelNames: ['kind'],
    }),
    deltaEntries: metrics.histogram({
      name: 'tributary_view_delta_entries',
      help: 'Entries in one delta: many where subscribers are slow to ask for the next',
      buckets: COUNT_BUCKETS,
    }),
  };
}

export type EndpointMetrics = ReturnType<typeof endpointMetrics>;
