import { STATUS_CODES } from 'node:http';
import { errors } from 'undici';
import { messageOf } from '../../platform/errors.ts';
import { type RunErrorCode, RunFailure } from '../run-failure.ts';

const NETWORK_CODES: Readonly<Record<string, { code: RunErrorCode; message: string; retryable?: boolean }>> =
  {
    ENOTFOUND: { code: 'DNS_FAILED', message: 'The name {host} is not known; check the address.' },
    EAI_AGAIN: { code: 'DNS_FAILED', message: 'The name {host} could not be looked up just now.' },
    ENODATA: { code: 'DNS_FAILED', message: 'The name {host} has no address.' },
    ESERVFAIL: { code: 'DNS_FAILED', message: 'The name {host} could not be looked up just now.' },
    ECONNREFUSED: { code: 'CONNECTION_FAILED', message: '{host} refuses connections.' },
    ECONNRESET: { code: 'CONNECTION_FAILED', message: '{host} broke the connection off.' },
    EPIPE: { code: 'CONNECTION_FAILED', message: '{host} broke the connection off.' },
    EHOSTUNREACH: { code: 'CONNECTION_FAILED', message: '{host} cannot be reached from here.' },
    ENETUNREACH: { code: 'CONNECTION_FAILED', message: '{host} cannot be reached from here.' },
    UND_ERR_SOCKET: {
      code: 'CONNECTION_FAILED',
      message: '{host} closed the connection before the page was whole.',
    },
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
      code: 'CONNECTION_FAILED',
      message: '{host} sent another length than it said.',
    },
    UND_ERR_CONNECT_TIMEOUT: { code: 'TIMEOUT', message: '{host} does not take the connection.' },
    UND_ERR_HEADERS_TIMEOUT: { code: 'TIMEOUT', message: '{host} does not answer.' },
    UND_ERR_BODY_TIMEOUT: { code: 'TIMEOUT', message: '{host} stopped in the middle of the page.' },
    ETIMEDOUT: { code: 'TIMEOUT', message: '{host} does not take the connection.' },
    UND_ERR_HEADERS_OVERFLOW: {
      code: 'BAD_CONTENT',
      message: '{host} sends too many headers.',
      retryable: false,
    },
  };

/** OpenSSL's and Node's names for certificates that do not hold. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|CRL_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** Says of what went wrong between us and a host what it was, and whether another attempt may help. */
export function networkFailure(error: unknown, host: string, url: string): RunFailure {
  if (error instanceof RunFailure) {
    if (error.url !== undefined) return error;
    const { retryable, retryAfterMs, limit, cause } = error;
    return new RunFailure(error.code, error.message, { url, retryable, retryAfterMs, limit, cause });
  }
  const cause = rootCause(error);
  const code = codeOf(cause);
  const known = NETWORK_CODES[code];
  if (known) {
    const message = known.message.replace('{host}', host);
    return new RunFailure(known.code, message, { url, retryable: known.retryable ?? true, cause: error });
  }
  if (code === 'ADDRESS_FORBIDDEN') return forbiddenAddress(messageOf(cause), url);
  if (TLS_CODE.test(code)) {
    const message = `The secure connection to ${host} failed (${code}): ${messageOf(cause)}`;
    return new RunFailure('TLS_FAILED', oneLine(message), { url, cause: error });
  }
  if (cause instanceof errors.HTTPParserError) {
    const message = `${host} does not answer as a web server does.`;
    return new RunFailure('BAD_CONTENT', message, { url, cause: error });
  }
  const message = `The connection to ${host} failed: ${messageOf(cause)}`;
  return new RunFailure('CONNECTION_FAILED', oneLine(message), { url, retryable: true, cause: error });
}

export function forbiddenAddress(problem: string, url: string): RunFailure {
  const limit = 'SCRAPER_ALLOW_NETWORKS';
  const message = `${problem}, which sources may not reach; ${limit} can allow it.`;
  return new RunFailure('ADDRESS_FORBIDDEN', message, { url, limit });
}

const STATUS_HINTS: Readonly<Record<number, string>> = {
  401: 'It wants a login.',
  403: 'It does not let scrapers in, or wants a login.',
  404: 'Check the address.',
  410: 'The page is gone for good.',
  429: 'It is asked too often; run the source less often.',
};

/** Statuses that may be another in a moment. */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501);
}

export function statusFailure(status: number, url: string, retryAfterMs: number | undefined): RunFailure {
  const name = STATUS_CODES[status] ?? '';
  const hint = STATUS_HINTS[status] ?? (status >= 500 ? 'The fault is on its side.' : '');
  const message = oneLine(`The site answered ${status} ${name}. ${hint}`);
  return new RunFailure('HTTP_STATUS', message, { url, retryable: isPassing(status), retryAfterMs });
}

/** @returns Milliseconds from `nowMs`; undefined where the header is none we understand. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** The error at the bottom: of several attempts at several addresses, the first. */
function rootCause(error: unknown): unknown {
  let cause = error;
  for (let depth = 0; depth < 5; depth++) {
    const next: unknown =
      cause instanceof AggregateError && cause.errors.length > 0
        ? cause.errors[0]
        : (cause as Error | undefined)?.cause;
    if (next === undefined || codeOf(cause) in NETWORK_CODES) return cause;
    cause = next;
  }
  return cause;
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
