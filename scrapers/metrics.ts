import type { Metrics } from '../platform/metrics.ts';

/** What a worker tells of itself. */
export function scraperMetrics(metrics: Metrics) {
  return {
    limits: metrics.limits,
    heldSources: metrics.reading({
      name: 'tributary_scraper_held_sources',
      help: 'Sources that this worker holds: WORKER_CAPACITY is the most',
    }),
    runs: metrics.reading({
      name: 'tributary_scraper_runs',
      help: 'Runs that go on now: where it stays at RUN_CONCURRENCY, sources wait for their turn',
    }),
    pages: metrics.counter({
      name: 'tributary_scraper_pages_total',
      help: 'Attempts at pages, by what came of them: OK, or the code of the failure',
      labelNames: ['outcome'],
    }),
    pageBytes: metrics.counter({
      name: 'tributary_scraper_page_bytes_total',
      help: 'Bytes of the pages that came, after decompression',
    }),
    retries: metrics.counter({
      name: 'tributary_scraper_retries_total',
      help: 'Attempts at pages that came after one that failed',
    }),
    turnWait: metrics.histogram({
      name: 'tributary_scraper_turn_wait_seconds',
      help: 'How long requests wait until politeness towards their host lets them begin',
    }),
    requestDuration: metrics.histogram({
      name: 'tributary_scraper_request_duration_seconds',
      help: 'One request to a site, from its turn to the last byte; a redirect is a request of its own',
    }),
    records: metrics.counter({
      name: 'tributary_scraper_records_total',
      help: 'Records that datasource has acknowledged',
    }),
    quarantined: metrics.counter({
      name: 'tributary_scraper_quarantined_records_total',
      help: 'Records that were not fit to deliver: many of them, and a site looks different than it did',
    }),
    batches: metrics.counter({
      name: 'tributary_scraper_batches_total',
      help: 'Batches that datasource has acknowledged',
    }),
    resentBatches: metrics.counter({
      name: 'tributary_scraper_resent_batches_total',
      help: 'Batches and completions sent again, because nobody had acknowledged them',
    }),
  };
}

export type ScraperMetrics = ReturnType<typeof scraperMetrics>;
