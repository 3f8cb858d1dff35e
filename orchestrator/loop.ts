import type { Clock, Timer } from '../platform/clock.ts';
import { createFailureLog } from '../platform/failure-log.ts';
import type { Logger } from '../platform/logger.ts';
import type { Closeable } from '../platform/scope.ts';

export interface LoopOptions {
  /** Pause after which the work is done again though nobody asked for it. */
  readonly resyncMs: number;
  /** Pause after a failure, doubled with each further one up to the maximum. @default 100 */
  readonly retryMs?: number;
  /** Bounds how long what has mended stays unnoticed. @default 5_000 */
  readonly retryMsMax?: number;
}

export interface Loop extends Closeable {
  /** Has the work done soon: at once where it rests, again where it runs, with the next attempt where it has failed. */
  wake(): void;
  /** Resolves when the work that runs has ended; none is begun afterwards. */
  close(): Promise<void>;
}

/** Configuration that starts, or is a moment away, is no reason for a warning: half a second of it is. */
const FAILURES_TOLERATED = 3;

/**
 * Does the same work over and over: when woken, when it failed, and on a timer; never twice at once. However
 * many wakes come while it runs, they cost one more turn.
 */
export function startLoop(
  { clock, logger }: { clock: Clock; logger: Logger },
  work: () => Promise<void>,
  { resyncMs, retryMs = 100, retryMsMax = 5_000 }: LoopOptions,
): Loop {
  const failureLog = createFailureLog(logger, 'reconciling', { tolerated: FAILURES_TOLERATED });
  let isClosed = false;
  let isWoken = false;
  let failures = 0;
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;

  function start(): void {
    timer?.close();
    isWoken = false;
    running = turn().finally(() => {
      running = undefined;
      if (isClosed) return;
      // After a failure a wake does not shorten the pause: what fails may be what wakes.
      if (isWoken && failures === 0) start();
      else timer = clock.schedule(failures === 0 ? resyncMs : pauseMs(), start);
    });
  }

  async function turn(): Promise<void> {
    try {
      await work();
      failures = 0;
      failureLog.succeeded();
    } catch (error) {
      if (isClosed) return;
      failures++;
      failureLog.failed(error, { failures });
    }
  }

  function pauseMs(): number {
    return Math.min(retryMs * 2 ** (failures - 1), retryMsMax);
  }

  return {
    wake() {
      isWoken = true;
      if (!isClosed && !running && failures === 0) start();
    },
    async close() {
      isClosed = true;
      timer?.close();
      await running;
    },
  };
}
