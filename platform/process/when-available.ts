import type { Clock } from '../clock.ts';
import { TributaryError } from '../errors.ts';
import { createFailureLog } from '../failure-log.ts';
import type { Logger } from '../logger.ts';

/** Between two attempts, in milliseconds. Each waits itself for as long as its driver waits for a server. */
const RETRY_MS = 500;

/**
 * Opens something again and again until what it needs is there. Says once that it waits, and for what, and once that it
 * has it. Never gives up: whoever runs the process sees that it is not ready.
 *
 * @throws What does not pass by itself: a setting that is wrong, a database of a newer version.
 */
export async function whenAvailable<T>(
  what: string,
  open: () => Promise<T>,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<T> {
  const failures = createFailureLog(logger, `opening ${what}`);
  for (;;) {
    try {
      const opened = await open();
      failures.succeeded();
      return opened;
    } catch (error) {
      if (!(error instanceof TributaryError && error.retryable)) throw error;
      failures.failed(error);
    }
    await new Promise<void>((resolve) => clock.schedule(RETRY_MS, resolve));
  }
}
