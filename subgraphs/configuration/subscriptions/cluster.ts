import type { ObservedCluster } from '../../../platform/model/cluster.ts';
import type { SourceStore } from '../../../platform/ports/source-store.ts';
import { type ChangeIterator, openChanges } from './change-iterator.ts';
import { createPacedTrigger } from './paced-trigger.ts';
import type { WakeDeps } from './wakes.ts';

/** Between what is told of the cluster: a person cannot follow more, and a pool that starts changes at every step. */
const PAUSE_MS = 250;

/** The cluster as it was before anybody reported it. */
const UNSEEN = { nodes: [], pools: [], observedAt: null };

export async function clusterOf(store: SourceStore): Promise<ObservedCluster | typeof UNSEEN> {
  return (await store.cluster()) ?? UNSEEN;
}

/**
 * Tells the cluster as it is, at once and whenever it has changed: never each change, always the last. It is read when
 * its reader is ready, and again where messages of the bus were lost.
 */
export function followCluster({
  bus,
  store,
  clock,
}: Omit<WakeDeps, 'logger'>): Promise<
  ChangeIterator<{ clusterChanged: Awaited<ReturnType<typeof clusterOf>> }>
> {
  return openChanges(
    async () => ({ clusterChanged: await clusterOf(store) }),
    async (changes, opened) => {
      const { trigger } = opened.use(createPacedTrigger(clock, PAUSE_MS, () => changes.push('cluster')));
      opened.use(await bus.subscribe('cluster.changed', trigger));
      opened.use(bus.onGap(trigger));
      trigger();
    },
  );
}
