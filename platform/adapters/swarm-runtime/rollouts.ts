import type { ObservedUpdate, PoolUpdateState } from '../../model/cluster.ts';
import { readable } from './engine-error.ts';
import type { EngineService, EngineUpdateStatus } from './engine-types.ts';
import { LABELS } from './names.ts';

const STATES: Readonly<Record<string, PoolUpdateState>> = {
  updating: 'UPDATING',
  paused: 'PAUSED',
  completed: 'COMPLETED',
  rollback_started: 'ROLLING_BACK',
  rollback_paused: 'PAUSED',
  rollback_completed: 'ROLLED_BACK',
};

/** What was tried, and taken back by the swarm. */
export interface FailedRollout {
  readonly update: ObservedUpdate;
  /** What ended the workers that were tried: undefined where nobody has seen them. */
  readonly reason: string | undefined;
}

interface Tried {
  readonly hash: string;
  /** Version of the service below which nothing that is seen of it says anything new. */
  newest: number;
  failed?: FailedRollout;
}

/**
 * Remembers which newer workers this runtime has tried, so that those which the swarm took back are not tried over and
 * over. It remembers for as long as it lives: the next orchestrator tries them once more, since what broke them may be
 * mended by then.
 */
export class Rollouts {
  readonly #tried = new Map<string, Tried>();

  /**
   * Once the engine has taken an update on.
   *
   * @param replaced The service as it was before.
   */
  noteTried(pool: string, hash: string, replaced: Pick<EngineService, 'Version'>): void {
    this.#tried.set(pool, { hash, newest: replaced.Version.Index + 1 });
  }

  /** Looks at what became of what was tried. @param reason What ended the newest workers. */
  noteSeen(pool: string, service: EngineService, reason: string | undefined): void {
    const tried = this.#tried.get(pool);
    // Who began to look before the update sees what became of an earlier one.
    if (!tried || service.Version.Index < tried.newest) return;
    tried.newest = service.Version.Index;
    if (service.Spec.Labels?.[LABELS.spec] === tried.hash) {
      // Somebody has tried again since: whatever becomes of it, it is not what was taken back.
      delete tried.failed;
      return;
    }
    const update = updateOf(service.UpdateStatus);
    const isBack = service.UpdateStatus?.State?.startsWith('rollback_') === true;
    if (!update || !isBack) return;
    // Once the workers are back, those that failed are forgotten by and by: the first reason is the one.
    tried.failed = { update, reason: tried.failed?.reason ?? reason };
  }

  /** @returns undefined where such workers were not tried, or have not failed. */
  failedOf(pool: string, hash: string): FailedRollout | undefined {
    const tried = this.#tried.get(pool);
    return tried?.hash === hash ? tried.failed : undefined;
  }

  forget(pool: string): void {
    this.#tried.delete(pool);
  }
}

/** @returns null where nothing was ever updated. */
export function updateOf(status: EngineUpdateStatus | undefined): ObservedUpdate | null {
  const state = STATES[status?.State ?? ''];
  if (!state || !status?.StartedAt) return null;
  return { state, startedAt: isoTime(status.StartedAt), message: readable(status.Message ?? '') || null };
}

/**
 * How long a replacement holds up a change of the number, in milliseconds: where no node fits the newer workers it never
 * ends, and meanwhile sources wait for workers.
 */
const HELD_MS = 120_000;

/** Whether workers are being replaced at this moment, and may soon have been. */
export function isUpdating({ UpdateStatus }: EngineService, nowMs: number): boolean {
  if (!/^(updating|rollback_started)$/.test(UpdateStatus?.State ?? '')) return false;
  return Math.abs(nowMs - Date.parse(UpdateStatus?.StartedAt ?? '')) < HELD_MS;
}

/** The engine's times have nanoseconds. */
export function isoTime(time: string): string {
  return new Date(time).toISOString();
}
