import type { Closeable } from '../scope.ts';

/**
 * How often and how much at once a host is asked, over all workers that share the budget: a scraper is a
 * guest. Hosts are independent of each other.
 */
export interface HostBudget extends Closeable {
  /**
   * Waits for a turn with the host, first come first served.
   *
   * @param host Host and port, in any case: `example.org`, `example.org:8080`.
   * @throws The signal's reason, where it is aborted before the turn comes: the place in the queue is free then.
   */
  take(host: string, signal: AbortSignal): Promise<HostTurn>;
  /** No turn with the host begins within the next `pauseMs`: it asked us to wait. Never shortens a pause. */
  pause(host: string, pauseMs: number): Promise<void>;
}

/** One request's turn with a host. */
export interface HostTurn {
  /** Gives the turn back; doing so twice is harmless. */
  release(): void;
}

export interface HostBudgetOptions {
  /** Turns at once with one host. */
  readonly concurrency: number;
  /** Between the beginnings of two turns with one host, in milliseconds. */
  readonly intervalMs: number;
}
