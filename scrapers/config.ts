import { z } from 'zod';
import { durationMs, wholeNumber } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';
import { SHARED_POOL } from '../platform/model/cluster.ts';
import { createAddressGuard } from '../platform/network/address-guard.ts';

/** What a worker is told by its environment. */
export const scraperSettings = z.object({
  /** The pool whose sources the worker takes. */
  POOL: z.string().default(SHARED_POOL),
  /** The runtime's id of the task that this worker is. */
  TASK_ID: z.string().optional(),

  /** Sources one worker holds: an idle one costs a few kilobytes, so memory is no reason for more workers. */
  WORKER_CAPACITY: wholeNumber(10_000, 1, 100_000),
  /** The same of a worker with a browser: its pool says which one it is. */
  BROWSER_WORKER_CAPACITY: wholeNumber(50, 1, 100_000),
  /** Runs at once. Each holds one page and what was made of it: some megabytes. */
  RUN_CONCURRENCY: wholeNumber(16, 1, 1_000),
  /** A run that takes longer is ended: it would hold its place among the others for ever. */
  RUN_TIMEOUT: durationMs('PT15M'),
  /** How long runs may go on after SIGTERM: less than the runtime waits before it kills. */
  DRAIN_TIMEOUT: durationMs('PT1.5S'),

  /** Requests at once to one host, as a browser makes them. */
  HOST_CONCURRENCY: wholeNumber(4, 1, 100),
  /** Between the beginnings of two requests to one host: a guest does not come more often. */
  HOST_INTERVAL: durationMs('PT0.1S'),
  /** Networks that are not public and may be scraped all the same: CIDRs with commas between. */
  SCRAPER_ALLOW_NETWORKS: z.string().default('').superRefine(refineNetworks),
  /** What sites are told that we are. */
  USER_AGENT: z.string().default('Tributary/0.1'),

  /** For one page, redirects included; time in the queue for its host does not count. */
  PAGE_TIMEOUT: durationMs('PT30S'),
  /** After decompression. */
  PAGE_BYTES_MAX: wholeNumber(16 * 1024 * 1024, 1_024, 1024 * 1024 * 1024),
  /** For the selectors on one page, which stop all else in the worker so long. */
  EXTRACT_TIMEOUT: durationMs('PT5S'),
  /** As many as a browser follows. */
  REDIRECTS_MAX: wholeNumber(20, 0, 100),
  /** After the first attempt at a page. */
  RETRIES_MAX: wholeNumber(3, 0, 20),
  /** Pause before the first retry, doubled with each, by up to a half more or less. */
  RETRY_INTERVAL: durationMs('PT1S'),
  /** A site that asks us to wait longer is asked again by the source's next run. */
  RETRY_AFTER_MAX: durationMs('PT1M'),

  /** A run that finds less than this part of what the last complete one found removes nothing. In percent. */
  SUSPECT_BELOW: wholeNumber(20, 0, 100),
});

/** Those of them that may change while a worker works. */
export const liveScraperSettings = scraperSettings.pick({
  WORKER_CAPACITY: true,
  HOST_CONCURRENCY: true,
  HOST_INTERVAL: true,
});

export type ScraperConfig = z.infer<typeof scraperSettings>;
export type LiveScraperConfig = z.infer<typeof liveScraperSettings>;

function refineNetworks(networks: string, context: z.RefinementCtx): void {
  try {
    createAddressGuard(networks);
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: messageOf(error).replaceAll('SCRAPER_ALLOW_NETWORKS: ', '').replaceAll('\n', '; '),
    });
  }
}
