import type { Clock, Timer } from '../../platform/clock.ts';
import { ClosedError } from '../../platform/errors.ts';
import type { IdFactory } from '../../platform/ids.ts';
import type { PreviewReport } from '../../platform/model/run.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Closeable } from '../../platform/scope.ts';

export interface PreviewTask {
  readonly id: string;
  readonly spec: SourceSpec;
  /** Records to show at the most. */
  readonly first: number;
}

export type PreviewOutcome =
  | { readonly report: PreviewReport }
  | { readonly refused: 'TOO_MANY' | 'NO_WORKER' | 'TIMEOUT' };

interface Waiting {
  readonly task: PreviewTask;
  readonly timer: Timer;
  /** Null until a worker took it. */
  workerId: string | null;
  settle(outcome: PreviewOutcome | Error): void;
}

/**
 * Previews that somebody waits for. They live in the replica that was asked, as long as the request does: a
 * preview that is lost with it is asked for again.
 */
export class PreviewQueue implements Closeable {
  readonly #clock: Clock;
  readonly #newId: IdFactory;
  readonly #limits: { readonly timeoutMs: number; readonly queuedMax: number };
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners = new Set<() => void>();
  #isClosed = false;

  constructor(
    { clock, newId }: { clock: Clock; newId: IdFactory },
    limits: { readonly timeoutMs: number; readonly queuedMax: number },
  ) {
    this.#clock = clock;
    this.#newId = newId;
    this.#limits = limits;
  }

  /** Previews that wait for a worker or its answer. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether one waits that no worker has taken. */
  get hasUnclaimed(): boolean {
    return [...this.#waiting.values()].some((waiting) => waiting.workerId === null);
  }

  /** @throws {ClosedError} The queue is closed before the answer came. */
  submit(spec: SourceSpec, first: number): Promise<PreviewOutcome> {
    if (this.#isClosed) return Promise.reject(new ClosedError('The preview queue'));
    if (this.#waiting.size >= this.#limits.queuedMax) return Promise.resolve({ refused: 'TOO_MANY' });
    return new Promise((resolve, reject) => {
      const id = this.#newId();
      const waiting: Waiting = {
        task: { id, spec, first },
        workerId: null,
        timer: this.#clock.schedule(this.#limits.timeoutMs, () =>
          waiting.settle({ refused: waiting.workerId === null ? 'NO_WORKER' : 'TIMEOUT' }),
        ),
        settle: (outcome) => {
          waiting.timer.close();
          this.#waiting.delete(id);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
          this.#tell();
        },
      };
      this.#waiting.set(id, waiting);
      this.#tell();
    });
  }

  /** Gives the worker the oldest previews that nobody has taken. */
  claim(workerId: string, first: number): readonly PreviewTask[] {
    const free = [...this.#waiting.values()].filter((waiting) => waiting.workerId === null).slice(0, first);
    for (const waiting of free) waiting.workerId = workerId;
    return free.map((waiting) => waiting.task);
  }

  /** @returns Whether somebody was still waiting for it, of this worker. */
  report(id: string, workerId: string, report: PreviewReport): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting?.workerId !== workerId) return false;
    waiting.settle({ report });
    return true;
  }

  /** Calls back whenever previews come or go. */
  onChange(listener: () => void): Closeable {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    for (const waiting of [...this.#waiting.values()]) waiting.settle(new ClosedError('The preview queue'));
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
