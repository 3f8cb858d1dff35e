/** Why a run ends that has not come to its end: nothing more of it may be delivered or reported by us. */
export type StopReason = 'LEASE_LOST' | 'SOURCE_LOST' | 'WORKER_STOPS';

export class RunStopped extends Error {
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`The run was stopped: ${reason}.`);
    this.name = 'RunStopped';
    this.reason = reason;
  }
}
