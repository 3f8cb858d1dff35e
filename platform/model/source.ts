import { BROWSER_POOL, dedicatedPool, SHARED_POOL } from './cluster.ts';
import type { SourceSpec } from './source-spec.ts';

export type SourceState = 'ACTIVE' | 'PAUSED' | 'FAILING' | 'REMOVED';

/** What becomes of what a removed source contributed. */
export type DataDisposal = 'KEEP' | 'DELETE';

/** A source as configuration keeps it. Instants are milliseconds since 1970, UTC. */
export interface Source {
  readonly spec: SourceSpec;
  /** The incarnation of the collection it feeds. */
  readonly incarnation: string;
  /** Counts the changes of its configuration, from 1. */
  readonly revision: number;
  /** The revision that last changed what a run reads: runs of earlier ones say nothing of what to expect. */
  readonly readRevision: number;
  readonly isPaused: boolean;
  /** Whether its last run failed. */
  readonly isFailing: boolean;
  /** Null while it lives. A removed source stays as a tombstone, so that what names it finds it. */
  readonly removed: DataDisposal | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** In the past where it is due; kept while paused. Null once removed. */
  readonly nextRunAt: number | null;
  /** At most one run waits, and at most one runs. */
  readonly queuedRunId: string | null;
  readonly runningRunId: string | null;
  /** The run that was created last. */
  readonly lastRunId: string | null;
  /** Records of the last run that succeeded since `readRevision`. */
  readonly baselineRecords: number | null;
  /** The worker that holds the lease. */
  readonly workerId: string | null;
  /** Fencing token: grows with each claim, never shrinks. 0 before the first. */
  readonly token: number;
  /** Counts every stored change of this source, from 1: what compare-and-set compares. */
  readonly version: number;
}

export function sourceState(source: Pick<Source, 'isPaused' | 'isFailing' | 'removed'>): SourceState {
  if (source.removed) return 'REMOVED';
  if (source.isPaused) return 'PAUSED';
  return source.isFailing ? 'FAILING' : 'ACTIVE';
}

/** Whether workers may claim and run it. */
export function isLive(source: Pick<Source, 'isPaused' | 'removed'>): boolean {
  return !source.isPaused && source.removed === null;
}

/** The pool whose workers may claim it. */
export function poolOf({ id, isolation, render }: Pick<SourceSpec, 'id' | 'isolation' | 'render'>): string {
  if (isolation === 'DEDICATED') return dedicatedPool(id, render);
  return render === 'BROWSER' ? BROWSER_POOL : SHARED_POOL;
}
