import { messageOf, TributaryError } from './errors.ts';
import type { Logger } from './logger.ts';

/** Whether somebody did not answer: here, or where we asked. */
function isUnavailable(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'DATASOURCE_UNAVAILABLE';
}

/** A failure's place in a log line. Where somebody does not answer, where we asked from explains nothing. */
export function reasonOf(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  return isUnavailable(error) ? { reason: messageOf(error) } : { err: error };
}

export interface FailureLog {
  /** @param about Said beside it. */
  failed(error: unknown, about?: Readonly<Record<string, unknown>>): void;
  succeeded(): void;
}

/**
 * Says of what is done again and again that it fails. That somebody does not answer is said once, and once more when it
 * succeeds again: how long that lasts is no reason for as many lines. Any other failure is said each time.
 *
 * @param what Begins the message: `lease check`.
 * @param options.tolerated Of failures in a row for want of an answer, this many say nothing. @default 0
 */
export function createFailureLog(
  logger: Logger,
  what: string,
  { tolerated = 0 }: { readonly tolerated?: number } = {},
): FailureLog {
  let unanswered = 0;
  return {
    failed(error, about = {}) {
      if (!isUnavailable(error)) logger.error({ ...about, err: error }, `${what} failed`);
      else if (unanswered++ === tolerated)
        logger.warn({ ...about, ...reasonOf(error) }, `${what} failed, trying on`);
    },
    succeeded() {
      if (unanswered > tolerated) logger.info(`${what} succeeds again`);
      unanswered = 0;
    },
  };
}
