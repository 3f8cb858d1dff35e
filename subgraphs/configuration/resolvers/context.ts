import type { Bus } from '../../../platform/ports/bus.ts';
import type { RunQuery, SourceQuery, SourceStore } from '../../../platform/ports/source-store.ts';
import type { CommandContext } from '../commands/context.ts';
import { type ConnectionArgs, connection, pageRequest } from '../connection.ts';
import type { PreviewQueue } from '../preview-queue.ts';
import type { ProblemWatchDeps } from '../subscriptions/problem-watch.ts';

/** What the resolvers work with. */
export interface ResolverDeps extends ProblemWatchDeps {
  readonly bus: Bus;
  readonly store: SourceStore;
  readonly previews: PreviewQueue;
  readonly commands: CommandContext;
  readonly leaseMs: number;
  /** Runs what changes sources one after the other. */
  readonly serially: <T>(work: () => Promise<T>) => Promise<T>;
}

export async function sourceConnection(store: SourceStore, query: SourceQuery, args: ConnectionArgs) {
  const request = pageRequest(args);
  return connection(await store.sources(query, request), request, () => store.countSources(query));
}

export async function runConnection(store: SourceStore, query: RunQuery, args: ConnectionArgs) {
  const request = pageRequest(args);
  return connection(await store.runs(query, request), request, () => store.countRuns(query));
}
