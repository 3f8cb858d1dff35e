/** Why a run failed: `RunError.code` of schema/configuration.graphql. */
export type RunErrorCode =
  | 'TIMEOUT'
  | 'DNS_FAILED'
  | 'CONNECTION_FAILED'
  | 'TLS_FAILED'
  | 'HTTP_STATUS'
  | 'ADDRESS_FORBIDDEN'
  | 'TOO_LARGE'
  | 'TOO_SLOW'
  | 'TOO_MANY_REDIRECTS'
  | 'BAD_CONTENT'
  | 'RESULT_EMPTY'
  | 'RESULT_SUSPECT'
  | 'RECORDS_INVALID'
  | 'DELIVERY_FAILED'
  | 'UNSUPPORTED'
  | 'INTERNAL';

export interface RunFailureOptions {
  /** The page on which it happened, without credentials. */
  readonly url?: string | undefined;
  /** Whether asking again soon may help. */
  readonly retryable?: boolean;
  /** How long the site asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The bound that it ran into, by the name of its setting. */
  readonly limit?: string | undefined;
  readonly cause?: unknown;
}

/** Ends a run or one attempt at a page. Its message is for whoever added the source. */
export class RunFailure extends Error {
  readonly code: RunErrorCode;
  readonly url: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly limit: string | undefined;

  constructor(code: RunErrorCode, message: string, options: RunFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RunFailure';
    this.code = code;
    this.url = options.url;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.limit = options.limit;
  }
}

/** The URL as it may be shown and stored: without user name and password. */
export function shownUrl(url: URL): string {
  if (url.username === '' && url.password === '') return url.href;
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
