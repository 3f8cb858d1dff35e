import type { Metrics } from '../../platform/metrics.ts';

/** What the proxy before Docker tells of itself. */
export function dockerProxyMetrics(metrics: Metrics) {
  return {
    callDuration: metrics.histogram({
      name: 'tributary_docker_proxy_call_duration_seconds',
      help: 'From a call that was let through to the answer of the engine',
      labelNames: ['call', 'outcome'],
    }),
    refusals: metrics.counter({
      name: 'tributary_docker_proxy_refusals_total',
      help: 'Calls that were not let through',
      labelNames: ['call'],
    }),
    eventStreams: metrics.reading({
      name: 'tributary_docker_proxy_event_streams',
      help: 'Streams of events that are open',
    }),
  };
}

export type DockerProxyMetrics = ReturnType<typeof dockerProxyMetrics>;
