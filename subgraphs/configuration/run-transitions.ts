import type { RunStatus } from '../../platform/model/run.ts';

/** What a worker's report does to a run. */
export type RunTransition =
  /** The run begins: it takes the source's one place for a running run. */
  | 'START'
  /** The run goes on, with new counts. */
  | 'PROGRESS'
  /** The run is over, whether its beginning was ever heard of or not. */
  | 'FINISH'
  /** Said before: nothing changes. */
  | 'REPEAT'
  /** Cannot be: a run that is over does not run again, and nobody but configuration queues. */
  | 'REFUSE';

export function isFinal(status: RunStatus): boolean {
  return status !== 'QUEUED' && status !== 'RUNNING';
}

/** @param current Where the run stands; undefined where it is not known yet: its worker started it by schedule. */
export function runTransition(current: RunStatus | undefined, reported: RunStatus): RunTransition {
  if (reported === 'QUEUED') return 'REFUSE';
  if (current === undefined || current === 'QUEUED') return reported === 'RUNNING' ? 'START' : 'FINISH';
  if (current === 'RUNNING') return reported === 'RUNNING' ? 'PROGRESS' : 'FINISH';
  return current === reported ? 'REPEAT' : 'REFUSE';
}
