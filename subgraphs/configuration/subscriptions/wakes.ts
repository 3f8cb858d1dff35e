import type { Clock } from '../../../platform/clock.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Bus } from '../../../platform/ports/bus.ts';
import type { SourceStore } from '../../../platform/ports/source-store.ts';
import { createLevelTrigger } from '../level-trigger.ts';
import { poolDemands } from '../pool-demands.ts';
import { type ChangeIterator, openChanges } from './change-iterator.ts';

export interface WakeDeps {
  readonly bus: Bus;
  readonly store: SourceStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a worker is woken for. */
export type WakeReason = 'CLAIM' | 'RENEW' | 'PREVIEW';

/**
 * Wakes a worker for what waits for it. What has not been read yet is said once, however often it comes up. Where
 * messages of the bus were lost, it is looked for as if all of them had come.
 */
export function followWork(
  { bus, store, clock, logger }: WakeDeps,
  workerId: string,
): Promise<ChangeIterator<{ workChanged: { reason: string } }>> {
  return openChanges(
    (reason) => ({ workChanged: { reason } }),
    async (changes, opened) => {
      const push = (reason: WakeReason) => changes.push(reason);
      const onError = (error: unknown) =>
        logger.error({ err: error, workerId }, 'cannot tell whether a worker has work');
      let toldPosition = await store.leasePosition(workerId);
      const checkSources = createLevelTrigger(async () => {
        const position = await store.leasePosition(workerId);
        if (position > toldPosition) push('RENEW');
        toldPosition = position;
        if (await mayClaim(store, workerId)) push('CLAIM');
      }, onError);
      const checkPreviews = createLevelTrigger(async () => {
        if (await store.hasUnclaimedPreviews(clock.now())) push('PREVIEW');
      }, onError);
      opened.use(await bus.subscribe('sources.changed', checkSources));
      opened.use(await bus.subscribe('previews.changed', checkPreviews));
      opened.use(
        bus.onGap(() => {
          void checkSources();
          void checkPreviews();
        }),
      );
      await checkPreviews();
    },
  );
}

/** One that is not known, or not any more, learns by a claim how it stands. */
async function mayClaim(store: SourceStore, workerId: string): Promise<boolean> {
  const worker = await store.worker(workerId);
  if (!worker) return true;
  if (!(await store.hasUnclaimed(worker.pool))) return false;
  return (await store.countSources({ workerId })) < worker.capacity;
}

/** Wakes the orchestrator where the demands are others than it was last woken for. */
export function followDemands({
  bus,
  store,
  clock,
  logger,
}: WakeDeps): Promise<ChangeIterator<{ poolDemandsChanged: true }>> {
  return openChanges(
    () => ({ poolDemandsChanged: true as const }),
    async (changes, opened) => {
      const read = async () => JSON.stringify(await poolDemands(store, clock.now()));
      let told = await read();
      const check = createLevelTrigger(
        async () => {
          const current = await read();
          if (current !== told) changes.push('demands');
          told = current;
        },
        (error) => logger.error({ err: error }, 'cannot tell what the pools must serve'),
      );
      opened.use(await bus.subscribe('sources.changed', check));
      opened.use(await bus.subscribe('previews.changed', check));
      opened.use(bus.onGap(check));
    },
  );
}
