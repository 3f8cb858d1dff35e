import { z } from 'zod';
import { durationMs, wholeNumber } from '../../platform/config.ts';
import { BATCH_PLACES_MAX } from '../../platform/model/journal.ts';

/** Settings of datasource, as `readConfig` takes them. */
export const datasourceSettings = z.object({
  /** Records, and seen keys, of one batch: what is parsed and journaled in one go, while others wait. */
  BATCH_RECORDS_MAX: wholeNumber(1_000, 1, BATCH_PLACES_MAX / 2),
  /** One record as JSON: an article fits, a page does not. */
  RECORD_BYTES_MAX: wholeNumber(256 * 1_024, 1_024, 8 * 1_024 * 1_024),
  /** Items that one source contributes to one entry: each is read and written whenever the entry changes. */
  CONTRIBUTION_ITEMS_MAX: wholeNumber(1_000, 1, 100_000),
  /** How long each change of each entry is kept. */
  HISTORY_RETAIN: durationMs('P30D'),
  /** How long a reader may be away and still go on from its version: after that it reads everything anew. */
  TOMBSTONE_RETAIN: durationMs('P7D'),
  /** How long folded batches are kept: a retry younger than this counts once. */
  JOURNAL_RETAIN: durationMs('P7D'),
  /** How often what need not be kept any longer is looked for. */
  DATASOURCE_UPKEEP: durationMs('PT10M'),
  /** How often definitions are read and readers are woken though no event said so: what a lost event costs at the most. */
  DATASOURCE_RESYNC: durationMs('PT30S'),
  /** The least between two expiries of a collection: what falls due in between goes together. */
  EXPIRY_INTERVAL: durationMs('PT1S'),
  /** How long a replica that dies keeps others from folding what it held: some missed renewals. */
  FOLD_LEASE: durationMs('PT10S'),
  /** Collections that one replica folds at once: while one waits for the store, others go on. */
  FOLD_CONCURRENCY: wholeNumber(4, 1, 100),
  /** Entries folded before others get their turn: about ten milliseconds' work. */
  FOLD_CHUNK_ENTRIES: wholeNumber(250, 1, 10_000),
});

export type DatasourceConfig = z.infer<typeof datasourceSettings>;
