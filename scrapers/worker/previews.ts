import type { Clock } from '../../platform/clock.ts';
import { messageOf } from '../../platform/errors.ts';
import { createFailureLog, type FailureLog } from '../../platform/failure-log.ts';
import { linkAbort } from '../../platform/linked-abort.ts';
import type { Logger } from '../../platform/logger.ts';
import type { FieldValues } from '../../platform/model/record.ts';
import type { PreviewReport } from '../../platform/model/run.ts';
import type { ScraperMetrics } from '../metrics.ts';
import { decideOutcome } from '../pipeline/outcome.ts';
import { type RecordChunk, readSource } from '../pipeline/read-source.ts';
import { RunTally } from '../pipeline/tally.ts';
import { RunFailure } from '../run-failure.ts';
import type { ConfigurationApi, PreviewTask } from './configuration-api.ts';
import type { Readers } from './readers.ts';

export interface PreviewsDeps {
  readonly api: ConfigurationApi;
  readonly readers: Readers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ScraperMetrics;
}

/** Previews at once: somebody waits for each, so they do not stand in line with the runs. */
const PREVIEWS_MAX = 4;
/** Nobody waits longer for an answer. */
const PREVIEW_TIMEOUT_MS = 60_000;

/** Reads sources that are not stored, once, for those who want to see what they would give. */
export class Previews {
  readonly #deps: PreviewsDeps;
  readonly #claimLog: FailureLog;
  readonly #stopping = new AbortController();
  readonly #active = new Set<Promise<void>>();
  #claiming: Promise<void> | undefined;
  /** Asked again while a claim was on its way. */
  #isWanted = false;

  constructor(deps: PreviewsDeps) {
    this.#deps = deps;
    this.#claimLog = createFailureLog(deps.logger, 'claiming previews');
  }

  /** Takes what waits and there is room for. Never throws; a claim that fails is made again at the next call. */
  serve(workerId: string): void {
    this.#isWanted = true;
    if (this.#claiming || this.#stopping.signal.aborted) return;
    this.#claiming = this.#claim(workerId)
      .then(this.#claimLog.succeeded, (error) => {
        if (!this.#stopping.signal.aborted) this.#claimLog.failed(error);
      })
      .finally(() => {
        this.#claiming = undefined;
      });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#claiming, ...this.#active]);
  }

  async #claim(workerId: string): Promise<void> {
    const { signal } = this.#stopping;
    while (this.#isWanted && this.#active.size < PREVIEWS_MAX && !signal.aborted) {
      this.#isWanted = false;
      const room = PREVIEWS_MAX - this.#active.size;
      const tasks = await this.#deps.api.claimPreviews(workerId, room, { signal });
      if (tasks.length === room) this.#isWanted = true;
      for (const task of tasks) this.#begin(task, workerId);
    }
  }

  #begin(task: PreviewTask, workerId: string): void {
    const preview = this.#preview(task, workerId)
      .catch((error) => {
        if (this.#stopping.signal.aborted) return;
        this.#deps.logger.warn({ reason: messageOf(error) }, 'preview failed, or nobody waits any more');
      })
      .finally(() => {
        this.#active.delete(preview);
        if (this.#isWanted) this.serve(workerId);
      });
    this.#active.add(preview);
  }

  async #preview(task: PreviewTask, workerId: string): Promise<void> {
    const { controller, signal, unlink } = linkAbort(this.#stopping.signal);
    const timer = this.#deps.clock.schedule(PREVIEW_TIMEOUT_MS, () =>
      controller.abort(
        new RunFailure('TIMEOUT', 'The preview took longer than a minute.', { limit: 'PREVIEW_TIMEOUT_MS' }),
      ),
    );
    try {
      const report = await readPreview(task, this.#deps, signal);
      this.#stopping.signal.throwIfAborted();
      await this.#deps.api.reportPreview(task.id, workerId, report, { signal: this.#stopping.signal });
    } finally {
      timer.close();
      unlink();
    }
  }
}

/** Reads until there is enough to show. */
async function readPreview(
  { spec, first }: PreviewTask,
  { readers, logger, metrics }: PreviewsDeps,
  signal: AbortSignal,
): Promise<PreviewReport> {
  const tally = new RunTally();
  const samples: FieldValues[] = [];
  const sink = {
    async take({ records }: RecordChunk) {
      samples.push(...records.slice(0, first - samples.length).map(({ fields }) => fields));
      return samples.length < first;
    },
  };
  let failure: RunFailure | undefined;
  try {
    const reader = await readers.open(spec);
    failure = await readSource(spec, { ...reader, sink, tally }, signal);
  } catch (error) {
    if (!(error instanceof RunFailure)) {
      if (signal.aborted) throw error;
      logger.error({ err: error }, 'preview failed unexpectedly');
    }
    failure =
      error instanceof RunFailure
        ? error
        : new RunFailure('INTERNAL', 'Something went wrong in the scraper; its log says what.');
  }
  if (failure?.limit) metrics.limits.inc({ limit: failure.limit });
  const { status, error } = decideOutcome(
    {
      records: tally.records,
      quarantined: tally.quarantined,
      keyless: tally.keyless,
      failure,
      baselineRecords: null,
    },
    0,
  );
  return { ...tally.report(status, error), samples };
}
