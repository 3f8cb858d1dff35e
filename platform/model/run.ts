import type { FieldValues } from './record.ts';

export const RUN_STATUSES = [
  'QUEUED',
  'RUNNING',
  'SUCCEEDED',
  'PARTIAL',
  'SUSPECT',
  'FAILED',
  'CANCELLED',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

const RUN_TRIGGERS = ['CREATED', 'SCHEDULE', 'REQUESTED', 'UPDATED'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** More are counted, not kept: a run's report stays small whatever the page does. */
export const QUARANTINED_RECORDS_MAX = 20;
/** Raw values are cut to this many characters in reports. */
export const RAW_VALUE_LENGTH_MAX = 200;

export interface QuarantinedRecord {
  /** URL of the page it stood on. */
  readonly page: string;
  readonly field: string | null;
  readonly reason: string;
  readonly raw: Readonly<Record<string, string | null>> | null;
}

export interface FieldMiss {
  readonly field: string;
  readonly missing: number;
  readonly invalid: number;
  readonly sample: string | null;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly url: string | null;
}

/** What one pass over a source came to, as a worker counts it. */
export interface RunReport {
  readonly status: RunStatus;
  readonly pages: number;
  readonly bytes: number;
  readonly records: number;
  readonly quarantined: number;
  readonly quarantinedRecords: readonly QuarantinedRecord[];
  readonly misses: readonly FieldMiss[];
  readonly error: RunError | null;
}

/** What a preview came to: a run's report and its first records, delivered nowhere. */
export interface PreviewReport extends RunReport {
  readonly samples: readonly FieldValues[];
}

/** A run as configuration keeps it. Instants are milliseconds since 1970, UTC. */
export interface Run extends RunReport {
  readonly id: string;
  readonly sourceId: string;
  readonly trigger: RunTrigger;
  /** The source's revision that it read, or is to read. */
  readonly revision: number;
  readonly queuedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** Of the worker whose lease ended while it ran: the source is due again at once. */
export const WORKER_LOST = 'WORKER_LOST';
