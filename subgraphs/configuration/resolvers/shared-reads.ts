import type { ObservedCluster } from '../../../platform/model/cluster.ts';
import type { Demand, SourceStore, WorkerRecord } from '../../../platform/ports/source-store.ts';

/** Reads that many items of one answer ask for: together, so that a list costs no query for each of its items. */
export interface SharedReads {
  cluster(): Promise<ObservedCluster | undefined>;
  workers(): Promise<readonly WorkerRecord[]>;
  demands(): Promise<readonly Demand[]>;
  /** The worker, unless it has ended. */
  worker(id: string): Promise<WorkerRecord | undefined>;
}

export function createSharedReads(store: SourceStore): SharedReads {
  const wanted = new Set<string>();
  const wantedWorkers = shared(async () => {
    const [id, ...others] = wanted;
    wanted.clear();
    const found = id !== undefined && others.length === 0 ? [await store.worker(id)] : await store.workers();
    return new Map(found.flatMap((worker) => (worker ? [[worker.id, worker] as const] : [])));
  });
  return {
    cluster: shared(() => store.cluster()),
    workers: shared(() => store.workers()),
    demands: shared(() => store.demands()),
    async worker(id) {
      wanted.add(id);
      return (await wantedWorkers()).get(id);
    },
  };
}

/**
 * The fields of a list's items are resolved in one go. Those who ask in one go share a read that begins behind it: so
 * each gets what is there after it asked, and nothing is kept that could grow old.
 */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  return () => {
    next ??= Promise.resolve().then(() => {
      next = undefined;
      return read();
    });
    return next;
  };
}
