import type { EventEmitter } from 'node:events';
import { type Clock, systemClock } from './clock.ts';
import { TributaryError } from './errors.ts';

/**
 * Signals closer together are one: at Ctrl-C the terminal signals every process in its foreground, and npm passes
 * on to the program it runs what that program has already got.
 */
const SAME_SIGNAL_MS = 500;

interface ShutdownDeps {
  readonly signals?: EventEmitter;
  readonly clock?: Clock;
  readonly exit?: (code: number) => void;
}

/** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
export function shutdownSignal(deps: ShutdownDeps = {}): AbortSignal {
  const { signals = process, clock = systemClock, exit = process.exit } = deps;
  const controller = new AbortController();
  let firstAtMs: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    signals.on(name, () => {
      firstAtMs ??= clock.now();
      controller.abort();
      if (clock.now() - firstAtMs >= SAME_SIGNAL_MS) exit(130);
    });
  }
  return controller.signal;
}

/** Resolves once the signal is aborted, be it already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Says why a program ends: what is meant in a line for each problem, what is not for whoever mends it. */
export function tellFailure(program: string, error: unknown): void {
  if (!(error instanceof TributaryError)) console.error(error);
  else for (const line of error.message.split('\n')) console.error(`${program}: ${line}`);
}
