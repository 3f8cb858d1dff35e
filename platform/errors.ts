/** The codes that a client of the graph can meet in `extensions.code`. */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'RATE_LIMITED'
  | 'CURSOR_INVALID'
  | 'DATASOURCE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  // Between services only:
  | 'STALE_TOKEN'
  | 'SOURCE_REMOVED'
  | 'BATCHES_MISSING'
  | 'RUNTIME_REFUSED'
  | 'CONFIG_INVALID'
  | 'CLOSED';

/** Base of every error that is meant: its message may be shown, its code is stable. */
export class TributaryError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The request is at fault; the same request never succeeds. */
export class BadUserInputError extends TributaryError {
  constructor(message: string) {
    super('BAD_USER_INPUT', message);
  }
}

/** Sent by no service of ours: nothing was done. */
export class UnauthenticatedError extends TributaryError {
  constructor(message = 'This operation is for services only and wants the service token.') {
    super('UNAUTHENTICATED', message);
  }
}

/** The cursor was not made by us: start anew without one. */
export class CursorInvalidError extends TributaryError {
  constructor(cursor: string) {
    super('CURSOR_INVALID', `Not a cursor of this collection: ${JSON.stringify(cursor.slice(0, 80))}`);
  }
}

/** The source was taken away, or has a younger lease: whoever gets this must stop its run and forget the source. */
export class StaleTokenError extends TributaryError {
  constructor(sourceId: string, token: number) {
    super('STALE_TOKEN', `The lease ${token} on source ${sourceId} has ended.`);
  }
}

/** The source is gone: nothing more is taken from it. */
export class SourceRemovedError extends TributaryError {
  constructor(sourceId: string) {
    super('SOURCE_REMOVED', `Source ${sourceId} has been removed.`);
  }
}

/** A service we depend on does not answer: try again later. */
export class UnavailableError extends TributaryError {
  constructor(message: string, cause?: unknown) {
    super('DATASOURCE_UNAVAILABLE', message, { cause, retryable: true });
  }
}

/** What runs workers answers, and will not do it: the same call fails until something else has changed. */
export class RuntimeRefusal extends TributaryError {
  constructor(message: string, cause?: unknown) {
    super('RUNTIME_REFUSED', message, { cause });
  }
}

/** Used after, or while, it was closed. */
export class ClosedError extends TributaryError {
  constructor(what: string) {
    super('CLOSED', `${what} is closed.`);
  }
}

/** One or more settings are wrong: each line names one and says what it takes. */
export class ConfigError extends TributaryError {
  constructor(problems: readonly string[]) {
    super('CONFIG_INVALID', problems.join('\n'));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
