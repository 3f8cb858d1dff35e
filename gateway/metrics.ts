import type { Metrics } from '../platform/metrics.ts';
import type { Refused } from './execution/prepare.ts';

/** What the gateway tells of itself. */
export function gatewayMetrics(metrics: Metrics) {
  return {
    limits: metrics.limits,
    requestDuration: metrics.histogram({
      name: 'tributary_gateway_request_duration_seconds',
      help: 'Execution of a query or mutation, over HTTP as over WebSocket; aborted where nobody waited any more',
      labelNames: ['kind', 'outcome'],
    }),
    refusals: metrics.counter({
      name: 'tributary_gateway_refusals_total',
      help: 'Requests and operations that were refused before anything of them ran, by code',
      labelNames: ['code'],
    }),
    connections: metrics.reading({
      name: 'tributary_gateway_connections',
      help: 'WebSockets of apps that are open now: CONNECTIONS_MAX is the most',
    }),
    bufferedBytes: metrics.reading({
      name: 'tributary_gateway_buffered_bytes',
      help: 'What waits in memory for readers of WebSockets, over all of them',
    }),
    subscribers: metrics.reading({
      name: 'tributary_gateway_subscribers',
      help: 'Subscriptions of apps that run now',
    }),
    streams: metrics.reading({
      name: 'tributary_gateway_streams',
      help: 'Subscriptions in the subgraphs that serve them: far fewer where many apps follow the same',
    }),
    deliveredEvents: metrics.counter({
      name: 'tributary_gateway_delivered_events_total',
      help: 'Events handed to the sockets of subscribers, one for each subscriber',
    }),
    eventDuration: metrics.histogram({
      name: 'tributary_gateway_event_duration_seconds',
      help: "From an event's coming from a subgraph to its being with the sockets of all who follow",
    }),
    lostUpstreams: metrics.counter({
      name: 'tributary_gateway_lost_upstreams_total',
      help: 'Subscriptions in subgraphs that broke: resumed without a word to their subscribers, or ended',
      labelNames: ['outcome'],
    }),
    fetchDuration: metrics.histogram({
      name: 'tributary_gateway_fetch_duration_seconds',
      help: 'One fetch of an execution from a subgraph; unavailable where none of its instances answered',
      labelNames: ['subgraph', 'outcome'],
    }),
    retriedFetches: metrics.counter({
      name: 'tributary_gateway_retried_fetches_total',
      help: 'Queries that one instance of a subgraph did not answer, and that were sent to the next',
      labelNames: ['subgraph'],
    }),
    compositionDuration: metrics.histogram({
      name: 'tributary_composition_duration_seconds',
      help: 'From changed schemas of subgraphs to the new graph, where they fit together',
    }),
    compositionFailures: metrics.counter({
      name: 'tributary_composition_failures_total',
      help: 'Compositions that failed, so that the graph stayed as it was',
    }),
  };
}

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

export function noteRefused({ refusals, limits }: GatewayMetrics, { errors, limit }: Refused): void {
  refusals.inc({ code: String(errors[0]?.extensions.code) });
  if (limit !== undefined) limits.inc({ limit });
}
