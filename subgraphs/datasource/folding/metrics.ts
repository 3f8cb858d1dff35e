import type { Metrics } from '../../../platform/metrics.ts';

/** What datasource tells of itself, beside its requests. */
export function datasourceMetrics(metrics: Metrics) {
  return {
    limits: metrics.limits,
    journaledRecords: metrics.counter({
      name: 'tributary_journaled_records_total',
      help: 'Records in acknowledged batches, without those that came again',
    }),
    duplicateBatches: metrics.counter({
      name: 'tributary_duplicate_batches_total',
      help: 'Batches that had been journaled before',
    }),
    refusedDeliveries: metrics.counter({
      name: 'tributary_refused_deliveries_total',
      help: 'Batches and completions refused, by the code of the refusal',
      labelNames: ['code'],
    }),
    foldDuration: metrics.histogram({
      name: 'tributary_fold_duration_seconds',
      help: 'One commit of a fold, from reading the journal to the moved head',
    }),
    foldedEntries: metrics.counter({
      name: 'tributary_folded_entries_total',
      help: 'Entries that commits of folds wrote or looked at',
    }),
    foldLag: metrics.histogram({
      name: 'tributary_fold_lag_seconds',
      help: 'From the acknowledgement of a journal item to the commit that folded it',
    }),
    foldFailures: metrics.counter({
      name: 'tributary_fold_failures_total',
      help: 'Commits of folds that failed and were tried again',
    }),
    heldFolds: metrics.gauge({
      name: 'tributary_held_folds',
      help: 'Collections that this replica folds now',
    }),
  };
}

export type DatasourceMetrics = ReturnType<typeof datasourceMetrics>;
