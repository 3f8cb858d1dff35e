import { ClosedError, messageOf, RuntimeRefusal } from '../platform/errors.ts';
import type { RuntimeAction } from '../platform/ports/runtime.ts';

/** What became of a plan's actions, where it was not what they say. */
export interface Applied {
  /** What the runtime will not do, and why, by the pool's name. */
  readonly refusals: Map<string, string>;
  /** Of those that went wrong otherwise, mostly for want of an answer. */
  readonly failures: readonly unknown[];
}

/**
 * Applies one action after the other. One pool that cannot be must not keep the others from being.
 *
 * @param mayGoOn Asked before each: whoever may act no more leaves the rest to others.
 */
export async function applyActions(
  actions: readonly RuntimeAction[],
  apply: (action: RuntimeAction) => Promise<void>,
  mayGoOn: () => boolean,
): Promise<Applied> {
  const refusals = new Map<string, string>();
  const failures: unknown[] = [];
  for (const action of actions) {
    if (!mayGoOn()) break;
    try {
      await apply(action);
    } catch (error) {
      if (error instanceof RuntimeRefusal) refusals.set(poolOf(action), messageOf(error));
      else failures.push(error);
    }
  }
  return { refusals, failures };
}

function poolOf(action: RuntimeAction): string {
  return action.kind === 'ensurePool' ? action.pool.name : action.name;
}

/**
 * What the call gives, unless the signal is aborted first: then nobody hears what becomes of it.
 *
 * @throws {ClosedError} The signal is aborted.
 */
export function untilAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new ClosedError('The orchestrator'));
    const forget = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    call.then(resolve, reject).finally(forget);
    if (signal.aborted) onAbort();
  });
}
