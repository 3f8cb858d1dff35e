import { isDeepStrictEqual } from 'node:util';
import type { ObservedCluster } from '../../../platform/model/cluster.ts';
import type { CommandContext } from '../commands/context.ts';
import { isForgotten } from '../source-problem.ts';

/**
 * Takes what the orchestrator saw. Those who follow the cluster are told where it is otherwise than before; that it was
 * looked at once more tells nothing, unless nobody had for long.
 */
export async function reportCluster(
  { store, announcer, clock }: CommandContext,
  clusterStaleMs: number,
  observed: ObservedCluster,
): Promise<void> {
  const before = await store.cluster();
  await store.putCluster(observed);
  const isSame =
    before !== undefined &&
    isDeepStrictEqual({ ...before, observedAt: '' }, { ...observed, observedAt: '' }) &&
    !isForgotten(before, clock.now(), clusterStaleMs);
  if (!isSame) announcer.cluster();
}
