import type { Clock, Timer } from '../../../platform/clock.ts';
import { ClosedError } from '../../../platform/errors.ts';
import { createFailureLog } from '../../../platform/failure-log.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { CollectionStore } from '../../../platform/ports/collection-store.ts';
import type { Closeable } from '../../../platform/scope.ts';
import type { Collections } from '../collections.ts';
import { expiringSources } from '../fold/fold.ts';
import type { Folder } from './folder.ts';

export interface Resync extends Closeable {
  /** Looks soon, once however often it is called meanwhile. */
  wake(): void;
}

/**
 * Finds from time to time what no message told of: journal items whose replica died before it could fold them or say
 * so, and contributions that fall due in collections that nobody folds. Resolves once it has looked for the first time.
 */
export async function openResync(
  deps: {
    readonly store: CollectionStore;
    readonly collections: Collections;
    readonly folder: Folder;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  { everyMs }: { readonly everyMs: number },
): Promise<Resync> {
  const { store, collections, folder, clock, logger } = deps;
  const failureLog = createFailureLog(logger, 'looking for unfolded journals');
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  /** Woken while it looked: it may have passed what it was woken for. */
  let isWanted = false;
  let isClosed = false;

  async function look(): Promise<void> {
    for (const incarnation of await store.unfolded()) folder.wake(incarnation);
    for (const definition of collections.all()) {
      // Folding nothing plans when they fall due; whoever holds the fold has planned it.
      const { incarnation } = definition;
      if (expiringSources(definition).length > 0 && !folder.holds(incarnation)) folder.wake(incarnation);
    }
  }

  function start(): void {
    if (running) isWanted = true;
    if (isClosed || running) return;
    timer?.close();
    isWanted = false;
    running = look()
      .then(failureLog.succeeded)
      .catch((error: unknown) => {
        if (!(error instanceof ClosedError)) failureLog.failed(error);
      })
      .finally(() => {
        running = undefined;
        if (!isClosed) timer = clock.schedule(isWanted ? 0 : everyMs, start);
      });
  }

  await look();
  timer = clock.schedule(everyMs, start);
  return {
    wake: start,
    async close() {
      isClosed = true;
      timer?.close();
      await running;
    },
  };
}
