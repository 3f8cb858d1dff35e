/** Codes of `UserError`: stable, apps branch on them. */
export type ProblemCode =
  | 'REQUIRED'
  | 'INVALID_NAME'
  | 'NAME_TAKEN'
  | 'DUPLICATE'
  | 'INVALID_SELECTOR'
  | 'INVALID_URL'
  | 'ADDRESS_FORBIDDEN'
  | 'INVALID_DURATION'
  | 'TOO_FREQUENT'
  | 'INVALID_CRON'
  | 'INVALID_TIMEZONE'
  | 'SCHEDULE_CONFLICT'
  | 'INVALID_TYPE'
  | 'INVALID_MERGE'
  | 'TYPE_CONFLICT'
  | 'MERGE_CONFLICT'
  | 'KEY_CONFLICT'
  | 'KEY_UNKNOWN'
  | 'UNSUPPORTED'
  | 'TOO_MANY'
  | 'TOO_FEW'
  | 'TOO_LONG'
  | 'NOT_FOUND'
  | 'PAUSED'
  | 'REVISION_CONFLICT'
  | 'NO_WORKER'
  | 'TIMEOUT';

/** What the caller can mend: a `UserError` of schema/configuration.graphql. */
export interface Problem {
  /** The input field, such as "fields.2.select"; null where it is none's fault. */
  readonly field: string | null;
  /** What is wrong and how to mend it: whole sentences. */
  readonly message: string;
  readonly code: ProblemCode;
  /** The setting that says so, where it is a bound that somebody could have set otherwise. */
  readonly limit?: string;
}
