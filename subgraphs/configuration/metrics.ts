import { COUNT_BUCKETS, type Metrics } from '../../platform/metrics.ts';

/** Of runs, in seconds: from one page to RUN_TIMEOUT. */
const RUN_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900];

/** What configuration tells of itself, beside its requests. */
export function configurationMetrics(metrics: Metrics) {
  return {
    limits: metrics.limits,
    sources: metrics.reading({
      name: 'tributary_sources',
      help: 'Sources by their state, the same at every replica: many FAILING want somebody to look',
      labelNames: ['state'],
    }),
    runs: metrics.counter({
      name: 'tributary_runs_total',
      help: 'Runs that ended, by what they came to',
      labelNames: ['status'],
    }),
    runDuration: metrics.histogram({
      name: 'tributary_run_duration_seconds',
      help: "From a run's beginning to its end",
      buckets: RUN_BUCKETS,
    }),
    runRecords: metrics.histogram({
      name: 'tributary_run_records',
      help: 'Records that a run delivered',
      buckets: COUNT_BUCKETS,
    }),
    lostLeases: metrics.counter({
      name: 'tributary_lost_leases_total',
      help: 'Sources taken from workers that fell silent: so often somebody else had to begin anew',
    }),
    commitConflicts: metrics.counter({
      name: 'tributary_commit_conflicts_total',
      help: 'Commits that met another of the same source or collection, and were decided anew',
    }),
    previews: metrics.counter({
      name: 'tributary_previews_total',
      help: 'Previews asked for, by their outcome: ANSWERED, or why not',
      labelNames: ['outcome'],
    }),
  };
}

export type ConfigurationMetrics = ReturnType<typeof configurationMetrics>;
