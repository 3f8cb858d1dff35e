import type { Clock } from '../../platform/clock.ts';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import { pause } from '../fetchers/retry.ts';
import type { ScraperMetrics } from '../metrics.ts';
import { RunFailure } from '../run-failure.ts';
import type { RecordChunk, RecordSink } from './read-source.ts';

const INGEST = `mutation Ingest($input: IngestInput!) { ingest(input: $input) { sequence } }`;
const COMPLETE_RUN = `mutation CompleteRun($input: CompleteRunInput!) { completeRun(input: $input) { sequence } }`;

/** Which run of which source delivers, under which lease. */
export interface DeliveryIdentity {
  readonly collection: string;
  readonly sourceId: string;
  readonly runId: string;
  readonly token: number;
}

/** Pause before a batch is sent again, doubled each time up to the maximum. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;
/** For one attempt: datasource may be busy folding for others. */
const ATTEMPT_TIMEOUT_MS = 30_000;

/**
 * Delivers a run's records to datasource in numbered batches, each again and again until it is acknowledged. The
 * batch's id stays the same, so it counts once however often it arrives; it holds the lease's token, since
 * a run that another worker begins anew has other batches.
 */
export class Delivery implements RecordSink {
  readonly #client: ServiceClient;
  readonly #clock: Clock;
  readonly #metrics: ScraperMetrics;
  readonly #identity: DeliveryIdentity;
  readonly #signal: AbortSignal;
  #batches = 0;

  constructor(
    { client, clock, metrics }: { client: ServiceClient; clock: Clock; metrics: ScraperMetrics },
    identity: DeliveryIdentity,
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#identity = identity;
    this.#signal = signal;
  }

  /** @throws {TributaryError} STALE_TOKEN or SOURCE_REMOVED: the run must stop. {RunFailure} DELIVERY_FAILED. */
  async take({ records, seenKeys }: RecordChunk): Promise<boolean> {
    const { runId, token } = this.#identity;
    const batchId = `${runId}-${token}-${this.#batches}`;
    await this.#send(INGEST, { ...this.#identity, batchId, records, seenKeys });
    this.#batches += 1;
    this.#metrics.batches.inc();
    this.#metrics.records.inc(records.length);
    return true;
  }

  /** Says that the run saw all there is. Throws as `take` does. */
  async complete(): Promise<void> {
    await this.#send(COMPLETE_RUN, { ...this.#identity, batches: this.#batches });
  }

  async #send(document: string, input: Record<string, unknown>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      let failure: TributaryError;
      try {
        await this.#client.request(
          document,
          { input },
          { signal: this.#signal, timeoutMs: ATTEMPT_TIMEOUT_MS },
        );
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        failure = refusal(error);
      }
      try {
        await pause(this.#clock, Math.min(RETRY_MS * 2 ** attempt, RETRY_MS_MAX), this.#signal);
      } catch (reason) {
        // Out of time while it could not be delivered: that is what the run failed of.
        throw reason instanceof RunFailure ? undelivered(failure, reason.limit) : reason;
      }
      this.#metrics.resentBatches.inc();
    }
  }
}

/** @returns What passes. @throws What does not. */
function refusal(error: unknown): TributaryError {
  if (!(error instanceof TributaryError)) throw error;
  if (error.retryable) return error;
  if (error.code === 'STALE_TOKEN' || error.code === 'SOURCE_REMOVED') throw error;
  throw undelivered(error);
}

function undelivered(error: TributaryError, limit?: string): RunFailure {
  const message = `The records could not be delivered: ${messageOf(error)}`;
  return new RunFailure('DELIVERY_FAILED', message, { limit, cause: error });
}
