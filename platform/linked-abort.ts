/** A controller that is also aborted when one of other signals is, until it is unlinked. */
export interface LinkedAbort {
  readonly controller: AbortController;
  readonly signal: AbortSignal;
  /** To be called when what the signal is for is over. */
  unlink(): void;
}

/**
 * In place of `AbortSignal.any`, whose signals Node 20 keeps for as long as the signals they follow live: some
 * kilobytes for each request that follows the life of its process.
 */
export function linkAbort(...followed: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const signals = followed.filter((signal) => signal !== undefined);
  const onAbort = (event: Event) => abort(event.target as AbortSignal);
  const unlink = () => {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  };
  const abort = (signal: AbortSignal) => {
    unlink();
    controller.abort(signal.reason);
  };
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted) abort(aborted);
  else for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  return { controller, signal: controller.signal, unlink };
}
