import type { Clock } from '../../platform/clock.ts';
import { BadUserInputError, TributaryError } from '../../platform/errors.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import { entryKey, KEY_LENGTH_MAX } from '../../platform/model/entry.ts';
import type { DataRecord, FieldValues } from '../../platform/model/record.ts';
import type { Appended, CollectionStore } from '../../platform/ports/collection-store.ts';
import type { Collections } from './collections.ts';
import type { DatasourceMetrics } from './folding/metrics.ts';
import type { CompleteRunInput, IngestInput } from './generated.ts';

export interface IngestOptions {
  readonly batchRecordsMax: number;
  readonly recordBytesMax: number;
}

export interface IngestDeps {
  readonly store: CollectionStore;
  readonly collections: Collections;
  readonly clock: Clock;
  readonly metrics: DatasourceMetrics;
  /** Resolves when all definitions that configuration has now are known. */
  readonly refreshDefinitions: () => Promise<void>;
  /** Something was journaled. */
  readonly onAppended: (incarnation: string) => void;
}

/** Ids are made by workers; longer ones are somebody's mistake. In UTF-16 code units. */
const ID_LENGTH_MAX = 200;

/** The way into the journal: what is taken is stored, and what is refused leaves nothing behind. */
export class Ingest {
  readonly #deps: IngestDeps;
  readonly #options: IngestOptions;

  constructor(deps: IngestDeps, options: IngestOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async ingest(input: IngestInput): Promise<Appended> {
    assertIds(input.batchId, input.runId, input.sourceId);
    const definition = await this.#definition(input.collection, input.sourceId);
    const records = this.#records(input.records, definition);
    const seenKeys = [...new Set(input.seenKeys ?? [])];
    this.#assertCount('seen keys', seenKeys.length);
    for (const key of seenKeys) {
      if (key === '' || key.length > KEY_LENGTH_MAX) throw new BadUserInputError('A seen key is none.');
    }
    const { batchId, runId, sourceId, token } = input;
    const { incarnation } = definition;
    const batch = { incarnation, batchId, runId, sourceId, token, records, seenKeys };
    const appended = await this.#append(() => this.#deps.store.appendBatch(batch, this.#deps.clock.now()));
    if (appended.isDuplicate) this.#deps.metrics.duplicateBatches.inc();
    else this.#deps.metrics.journaledRecords.inc(records.length);
    this.#deps.onAppended(incarnation);
    return appended;
  }

  async completeRun(input: CompleteRunInput): Promise<Appended> {
    assertIds(input.runId, input.sourceId);
    const { incarnation } = await this.#definition(input.collection, input.sourceId);
    const { runId, sourceId, token, batches } = input;
    const completion = { incarnation, runId, sourceId, token, batches };
    const appended = await this.#append(() =>
      this.#deps.store.appendCompletion(completion, this.#deps.clock.now()),
    );
    this.#deps.onAppended(incarnation);
    return appended;
  }

  async #append(append: () => Promise<Appended>): Promise<Appended> {
    try {
      return await append();
    } catch (error) {
      const code = error instanceof TributaryError ? error.code : 'INTERNAL_SERVER_ERROR';
      this.#deps.metrics.refusedDeliveries.inc({ code });
      throw error;
    }
  }

  /**
   * A source may deliver before its definition has reached us: then configuration is asked once.
   *
   * @throws {UnavailableError} It does not answer, so the delivery is to be tried again.
   */
  async #definition(collection: string, sourceId: string): Promise<CollectionDefinition> {
    const { collections, refreshDefinitions } = this.#deps;
    const isKnown = () =>
      collections.byName(collection)?.sources.some((source) => source.id === sourceId) ?? false;
    if (!isKnown()) await refreshDefinitions();
    const definition = collections.byName(collection);
    if (!definition || !isKnown()) {
      throw new TributaryError('NOT_FOUND', `There is no source ${sourceId} of a collection ${collection}.`);
    }
    return definition;
  }

  #records(given: readonly unknown[], definition: CollectionDefinition): DataRecord[] {
    this.#assertCount('records', given.length);
    return given.map((record, index) => {
      if (!isRecord(record)) throw new BadUserInputError(`Record ${index} is not { key, fields }.`);
      const { key, fields } = record;
      if (entryKey(definition.key, fields) !== key) {
        throw new BadUserInputError(`Record ${index} does not have the key that its fields make.`);
      }
      if (Buffer.byteLength(JSON.stringify(fields)) > this.#options.recordBytesMax) {
        this.#deps.metrics.limits.inc({ limit: 'RECORD_BYTES_MAX' });
        throw new BadUserInputError(
          `Record ${index} is larger than ${this.#options.recordBytesMax} bytes (RECORD_BYTES_MAX).`,
        );
      }
      return { key, fields };
    });
  }

  #assertCount(what: string, count: number): void {
    if (count <= this.#options.batchRecordsMax) return;
    this.#deps.metrics.limits.inc({ limit: 'BATCH_RECORDS_MAX' });
    throw new BadUserInputError(
      `The batch has ${count} ${what}, more than ${this.#options.batchRecordsMax} (BATCH_RECORDS_MAX).`,
    );
  }
}

function isRecord(value: unknown): value is { key: string; fields: FieldValues } {
  if (!isObject(value)) return false;
  return typeof value.key === 'string' && isObject(value.fields);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function assertIds(...ids: readonly string[]): void {
  for (const id of ids) {
    if (id === '' || id.length > ID_LENGTH_MAX) {
      throw new BadUserInputError(`An id has from 1 to ${ID_LENGTH_MAX} characters.`);
    }
  }
}
