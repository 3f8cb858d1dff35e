/** What a source is and how to read it, as configuration stores it and workers get it. */

const SOURCE_FORMATS = ['HTML', 'JSON', 'XML', 'CSV'] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

export const RENDERERS = ['HTTP', 'BROWSER'] as const;
export type Renderer = (typeof RENDERERS)[number];

export const ISOLATIONS = ['SHARED', 'DEDICATED'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

export const FIELD_TYPES = [
  'STRING',
  'INT',
  'FLOAT',
  'DECIMAL',
  'BOOLEAN',
  'DATETIME',
  'URL',
  'JSON',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export const MERGES = ['LATEST', 'FIRST', 'SET', 'LIST', 'MIN', 'MAX', 'SUM', 'AVG', 'COUNT'] as const;
export type Merge = (typeof MERGES)[number];

export interface FieldSpec {
  readonly name: string;
  readonly select: string;
  readonly type: FieldType;
  /** Whether the selector's every match counts, in document order. */
  readonly list: boolean;
  readonly merge: Merge;
  readonly required: boolean;
}

export interface PaginationSpec {
  readonly next: string;
  /** Pages one run reads at the most. */
  readonly limit: number;
}

/** When a source runs: at a fixed rate, or by cron in a zone. */
export type ScheduleSpec =
  | { readonly every: string; readonly cron?: undefined; readonly timezone?: undefined }
  | { readonly every?: undefined; readonly cron: string; readonly timezone: string };

/** Which records still contribute: the last run's, all, or those seen within an ISO 8601 duration. */
export type Retain = 'LATEST_RUN' | 'FOREVER' | (string & {});

/** Everything a worker needs to read a source. */
export interface SourceSpec {
  readonly id: string;
  readonly name: string;
  readonly collection: string;
  readonly url: string;
  readonly format: SourceFormat;
  readonly render: Renderer;
  readonly schedule: ScheduleSpec;
  /** Selector of one record. */
  readonly records: string;
  readonly fields: readonly FieldSpec[];
  /** Names of the fields that identify an entry; never empty. */
  readonly key: readonly string[];
  readonly retain: Retain;
  readonly pagination?: PaginationSpec | undefined;
  readonly isolation: Isolation;
}
