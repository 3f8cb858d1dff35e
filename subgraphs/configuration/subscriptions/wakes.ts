import type { Logger } from '../../../platform/logger.ts';
import type { Bus } from '../../../platform/ports/bus.ts';
import type { SourceStore } from '../../../platform/ports/source-store.ts';
import { createLevelTrigger } from '../level-trigger.ts';
import { poolDemands } from '../pool-demands.ts';
import type { PreviewQueue } from '../preview-queue.ts';
import { type ChangeIterator, openChanges } from './change-iterator.ts';

export interface WakeDeps {
  readonly bus: Bus;
  readonly store: SourceStore;
  readonly previews: PreviewQueue;
  readonly logger: Logger;
}

/** What a worker is woken for. */
export type WakeReason = 'CLAIM' | 'RENEW' | 'PREVIEW';

/** Wakes a worker for what waits for it. What has not been read yet is said once, however often it comes up. */
export function followWork(
  { bus, store, previews, logger }: WakeDeps,
  workerId: string,
): Promise<ChangeIterator<{ workChanged: { reason: string } }>> {
  return openChanges(
    (reason) => ({ workChanged: { reason } }),
    async (pushReason) => {
      const push = (reason: WakeReason) => pushReason(reason);
      let toldPosition = await store.leasePosition(workerId);
      const check = async () => {
        const position = await store.leasePosition(workerId);
        if (position > toldPosition) push('RENEW');
        toldPosition = position;
        if (await mayClaim(store, workerId)) push('CLAIM');
      };
      const trigger = createLevelTrigger(check, (error) =>
        logger.error({ err: error, workerId }, 'cannot tell whether a worker has work'),
      );
      const tellPreviews = () => {
        if (previews.hasUnclaimed) push('PREVIEW');
      };
      const sources = await bus.subscribe('sources.changed', trigger);
      tellPreviews();
      return [sources, previews.onChange(tellPreviews)];
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
  previews,
  logger,
}: WakeDeps): Promise<ChangeIterator<{ poolDemandsChanged: true }>> {
  return openChanges(
    () => ({ poolDemandsChanged: true as const }),
    async (push) => {
      const read = async () => JSON.stringify(await poolDemands(store, previews));
      let told = await read();
      const check = async () => {
        const current = await read();
        if (current !== told) push('demands');
        told = current;
      };
      const trigger = createLevelTrigger(check, (error) =>
        logger.error({ err: error }, 'cannot tell what the pools must serve'),
      );
      return [await bus.subscribe('sources.changed', trigger), previews.onChange(trigger)];
    },
  );
}
