import { z } from 'zod';
import { durationMs, wholeNumber } from '../../platform/config.ts';

/** Settings of the configuration subgraph, as `readConfig` takes them. */
export const configurationSettings = z.object({
  /** How long a worker that falls silent keeps its sources: so long nobody reads them. */
  LEASE: durationMs('PT15S'),
  /** From which age a report of the cluster counts for nothing: several times the orchestrator's CLUSTER_REPORT. */
  CLUSTER_STALE_AFTER: durationMs('PT2M'),
  /** The shortest schedule: more often than each second nobody's page is worth the traffic. */
  EVERY_MIN: durationMs('PT1S'),
  /** Living sources in all: what lists, and the definitions that every follower holds, are made for. */
  SOURCES_MAX: wholeNumber(50_000, 1, 1_000_000),
  /** Fields of one source: each is a field of a GraphQL type, and costs all composition time. */
  FIELDS_MAX: wholeNumber(100, 1, 1_000),
  /** Upper bound of `pagination.limit`: a run holds its source's lease while it reads. */
  PAGES_MAX: wholeNumber(1_000, 1, 1_000_000),
  /** Runs kept for each source: enough to look back, while 10,000 sources stay within a few gigabytes. */
  RUNS_KEPT: wholeNumber(200, 1, 100_000),
  /** How long a preview may take, from the request on: an app waits for it. */
  PREVIEW_TIMEOUT: durationMs('PT30S'),
  /** Previews that wait or are being read at once, at all replicas together: each holds a request open. */
  PREVIEWS_QUEUED_MAX: wholeNumber(64, 1, 10_000),
  /** Networks that sources may name although they are not public: CIDRs, with commas between. */
  SCRAPER_ALLOW_NETWORKS: z.string().default(''),
});

export type ConfigurationConfig = z.infer<typeof configurationSettings>;
