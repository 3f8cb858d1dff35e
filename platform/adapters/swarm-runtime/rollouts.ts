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

/**
 * Remembers which newer workers this runtime has tried, so that those which the swarm took back are not tried over and
 * over. It remembers for as long as it lives: the next orchestrator tries them once more, since what broke them may be
 * mended by then.
 */
export class Rollouts {
  readonly #tried = new Map<string, { readonly hash: string; failed?: FailedRollout }>();

  /** @param pool As it was asked to be updated, once the engine has taken that on. */
  noteTried(pool: string, hash: string): void {
    this.#tried.set(pool, { hash });
  }

  /** Looks at what became of what was tried. @param reason What ended the newest workers. */
  noteSeen(pool: string, service: EngineService, reason: string | undefined): void {
    const tried = this.#tried.get(pool);
    const update = updateOf(service.UpdateStatus);
    const isBack = service.UpdateStatus?.State?.startsWith('rollback_') === true;
    if (!tried || !update || !isBack || service.Spec.Labels?.[LABELS.spec] === tried.hash) return;
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

/** Whether workers are being replaced at this moment. */
export function isUpdating(service: EngineService): boolean {
  return /^(updating|rollback_started)$/.test(service.UpdateStatus?.State ?? '');
}

/** The engine's times have nanoseconds. */
export function isoTime(time: string): string {
  return new Date(time).toISOString();
}
