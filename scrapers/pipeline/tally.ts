import type { FieldValue } from '../../platform/model/record.ts';
import {
  type FieldMiss,
  QUARANTINED_RECORDS_MAX,
  type QuarantinedRecord,
  RAW_VALUE_LENGTH_MAX,
  type RunError,
  type RunReport,
  type RunStatus,
} from '../../platform/model/run.ts';
import type { RawRecord } from '../extractors/extractor.ts';
import type { ExtractedPage } from './extract.ts';
import type { Miss, UnfitRecord } from './validate.ts';

/** Counts what a run comes to; of what may be much it keeps the first few. */
export class RunTally {
  pages = 0;
  bytes = 0;
  /** Records fit to deliver. */
  records = 0;
  quarantined = 0;
  /** Quarantined records of which not even the entry is known. */
  keyless = 0;
  readonly #quarantinedRecords: QuarantinedRecord[] = [];
  readonly #misses = new Map<string, { missing: number; invalid: number; sample: string | null }>();

  addPage(page: Pick<ExtractedPage, 'bytes'>): void {
    this.pages += 1;
    this.bytes += page.bytes;
  }

  addRecord(misses: readonly Miss[]): void {
    this.records += 1;
    this.#addMisses(misses);
  }

  addUnfit(record: UnfitRecord, raw: RawRecord, page: Pick<ExtractedPage, 'url'>): void {
    this.quarantined += 1;
    if (record.key === undefined) this.keyless += 1;
    this.#addMisses(record.misses);
    if (this.#quarantinedRecords.length >= QUARANTINED_RECORDS_MAX) return;
    const { field, reason } = record;
    this.#quarantinedRecords.push({ page: page.url, field, reason, raw: shownRecord(raw) });
  }

  report(status: RunStatus, error: RunError | null): RunReport {
    const misses: FieldMiss[] = [...this.#misses].map(([field, counts]) => ({ field, ...counts }));
    return {
      status,
      pages: this.pages,
      bytes: this.bytes,
      records: this.records,
      quarantined: this.quarantined,
      quarantinedRecords: [...this.#quarantinedRecords],
      misses,
      error,
    };
  }

  #addMisses(misses: readonly Miss[]): void {
    for (const { field, kind, sample } of misses) {
      const counts = this.#misses.get(field) ?? { missing: 0, invalid: 0, sample: null };
      counts[kind] += 1;
      counts.sample ??= sample === undefined ? null : shownValue(sample);
      this.#misses.set(field, counts);
    }
  }
}

function shownRecord(raw: RawRecord): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(raw).map(([field, values]) => [
      field,
      shownValue(values.length === 1 ? (values[0] ?? null) : values),
    ]),
  );
}

function shownValue(value: FieldValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > RAW_VALUE_LENGTH_MAX ? `${text.slice(0, RAW_VALUE_LENGTH_MAX - 1)}…` : text;
}
