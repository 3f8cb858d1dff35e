import type { SourceSpec } from '../../platform/model/source-spec.ts';

/** A SourceLease of schema/configuration.graphql, as it comes over the wire. */
export interface SourceLease {
  readonly sourceId: string;
  readonly token: number;
  readonly revision: number;
  readonly spec: SourceSpec;
  /** ISO 8601, UTC. */
  readonly nextRunAt: string | null;
  readonly queuedRunId: string | null;
  readonly baselineRecords: number | null;
}

/** A source that this worker may run, and how it stands with it. Small: a worker holds thousands. */
export class HeldSource {
  readonly id: string;
  lease: SourceLease;
  /** When it runs next, in milliseconds since 1970; undefined: only on request. */
  dueAtMs: number | undefined;
  /** The run that waits to be started at once. */
  queuedRunId: string | null;
  /** The run that goes on, or the last that did. */
  #lastRunId: string | undefined;
  /** Ends the run that goes on. */
  #running: AbortController | undefined;

  constructor(lease: SourceLease) {
    this.id = lease.sourceId;
    this.lease = lease;
    this.dueAtMs = dueAt(lease.nextRunAt);
    this.queuedRunId = lease.queuedRunId;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get host(): string {
    const { url } = this.lease.spec;
    return URL.canParse(url) ? new URL(url).host : '';
  }

  /** Takes over what configuration says now. A lease may be told twice, and late. */
  update(lease: SourceLease): void {
    if (lease.token < this.lease.token) return;
    // The same spec stays the same object, for which the selectors are compiled.
    const { spec } = lease.revision === this.lease.revision ? this.lease : lease;
    this.lease = { ...lease, spec };
    this.queuedRunId = lease.queuedRunId === this.#lastRunId ? null : lease.queuedRunId;
    // While a run goes on, its end tells when the next one is due.
    if (!this.isRunning) this.dueAtMs = dueAt(lease.nextRunAt);
  }

  /** @returns Aborted where the run must stop. */
  begin(runId: string): AbortSignal {
    this.#running = new AbortController();
    this.#lastRunId = runId;
    if (this.queuedRunId === runId) this.queuedRunId = null;
    return this.#running.signal;
  }

  end(dueAtMs: number | undefined): void {
    this.#running = undefined;
    this.dueAtMs = dueAtMs;
  }

  stop(reason: Error): void {
    this.#running?.abort(reason);
  }
}

export function dueAt(nextRunAt: string | null): number | undefined {
  return nextRunAt === null ? undefined : Date.parse(nextRunAt);
}
