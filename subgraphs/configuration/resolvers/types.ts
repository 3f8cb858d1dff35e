import { type ObservedPool, type ObservedTask, renderOf } from '../../../platform/model/cluster.ts';
import type { Run } from '../../../platform/model/run.ts';
import { isLive, type Source, sourceState } from '../../../platform/model/source.ts';
import type { WorkerRecord } from '../../../platform/ports/source-store.ts';
import { type ConnectionArgs, connection, pageRequest } from '../connection.ts';
import type { CollectionResolvers, Resolvers, RunResolvers, SourceResolvers } from '../generated.ts';
import { counterScalar, dateTimeScalar, durationScalar } from '../scalars.ts';
import { awaitsWorker, sourceProblem } from '../source-problem.ts';
import { type ResolverDeps, runConnection, sourceConnection } from './context.ts';
import { createSharedReads } from './shared-reads.ts';

/** What GraphQL's Int can say; a run that received more says this. */
const INT_MAX = 2_147_483_647;

/** What makes an entity of what another subgraph knows of it. */
interface Referenced<Key> {
  readonly __resolveReference: (reference: Key) => unknown;
}

type TypeResolvers = Omit<Resolvers, 'Query' | 'Mutation' | 'Subscription'> & {
  readonly Source: SourceResolvers & Referenced<{ id: string }>;
  readonly Run: RunResolvers & Referenced<{ id: string }>;
  readonly Collection: CollectionResolvers & Referenced<{ name: string }>;
};

/** Parents: `Source`, `Run` and `WorkerRecord` as stored; of a collection only its name. */
export function typeResolvers({ store, clock, clusterStaleMs }: ResolverDeps): TypeResolvers {
  const reads = createSharedReads(store);
  return {
    DateTime: dateTimeScalar,
    Duration: durationScalar,
    Counter: counterScalar,

    Source: {
      __resolveReference: async ({ id }) => (await store.source(id)) ?? null,
      id: ({ spec }: Source) => spec.id,
      name: ({ spec }: Source) => spec.name,
      url: ({ spec }: Source) => spec.url,
      state: (source: Source) => sourceState(source),
      collection: ({ spec }: Source) => ({ name: spec.collection }),
      format: ({ spec }: Source) => spec.format,
      render: ({ spec }: Source) => spec.render,
      every: ({ spec }: Source) => spec.schedule.every ?? null,
      cron: ({ spec }: Source) => spec.schedule.cron ?? null,
      timezone: ({ spec }: Source) => spec.schedule.timezone ?? null,
      records: ({ spec }: Source) => spec.records,
      fields: ({ spec }: Source) => [...spec.fields],
      key: ({ spec }: Source) => [...spec.key],
      retain: ({ spec }: Source) => spec.retain,
      pagination: ({ spec }: Source) => spec.pagination ?? null,
      isolation: ({ spec }: Source) => spec.isolation,
      nextRunAt: (source: Source) => (isLive(source) ? source.nextRunAt : null),
      lastRun: async ({ lastRunId }: Source) =>
        lastRunId === null ? null : ((await store.run(lastRunId)) ?? null),
      worker: async ({ workerId }: Source) =>
        workerId === null ? null : ((await reads.worker(workerId)) ?? null),
      problem: async (source: Source) =>
        awaitsWorker(source)
          ? sourceProblem(source, await reads.cluster(), clock.now(), clusterStaleMs)
          : null,
      runs: ({ spec }: Source, args) => runConnection(store, { sourceId: spec.id }, args),
    },

    Collection: {
      __resolveReference: ({ name }) => ({ name }),
      sources: ({ name }: { name: string }, args) => sourceConnection(store, { collection: name }, args),
    },

    Run: {
      __resolveReference: async ({ id }) => (await store.run(id)) ?? null,
      source: ({ sourceId }: Run) => store.source(sourceId),
      bytes: ({ bytes }: Run) => Math.min(bytes, INT_MAX),
    },

    Cluster: {
      workers: async () => [...(await reads.workers())],
    },
    ClusterPool: {
      // A report from before workers differed in it says nothing of it.
      render: ({ name, render }: Partial<ObservedPool> & { name: string }) => render ?? renderOf(name),
      sourceCount: async ({ name }: ObservedPool) =>
        (await reads.demands()).find((demand) => demand.pool === name)?.sourceCount ?? 0,
    },
    ClusterTask: {
      async sources({ id }: ObservedTask, args: ConnectionArgs) {
        const worker = (await reads.workers()).find((candidate) => candidate.taskId === id);
        if (worker) return sourceConnection(store, { workerId: worker.id }, args);
        return connection({ items: [], hasMore: false }, pageRequest(args), async () => 0);
      },
    },
    Worker: {
      sourceCount: ({ id }: WorkerRecord) => store.countSources({ workerId: id }),
      sources: ({ id }: WorkerRecord, args) => sourceConnection(store, { workerId: id }, args),
    },
    Preview: {
      bytes: ({ bytes }: { bytes: number }) => Math.min(bytes, INT_MAX),
    },
  };
}
