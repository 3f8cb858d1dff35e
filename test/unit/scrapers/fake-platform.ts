import { EventEmitter, on } from 'node:events';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { MemoryRegistry } from '../../../platform/adapters/memory-registry.ts';
import { StaleTokenError, TributaryError } from '../../../platform/errors.ts';
import { guardInnerOperations } from '../../../platform/http/inner-operations.ts';
import { openServiceClient, type ServiceClient } from '../../../platform/http/service-client.ts';
import { openSubgraphServer } from '../../../platform/http/subgraph-server.ts';
import { silentLogger } from '../../../platform/logger.ts';
import type { DataRecord } from '../../../platform/model/record.ts';
import type { PreviewReport, RunReport } from '../../../platform/model/run.ts';
import type { SourceSpec } from '../../../platform/model/source-spec.ts';
import { Scope } from '../../../platform/scope.ts';
import { readSdl } from '../../../platform/sdl.ts';

const TOKEN = 'a token that services share';

export interface FakeSource {
  spec: SourceSpec;
  revision: number;
  token: number;
  workerId: string | undefined;
  nextRunAt: string | null;
  queuedRunId: string | null;
  baselineRecords: number | null;
  /** Of its last change. */
  position: number;
}

export interface ReceivedReport extends RunReport {
  readonly runId: string;
  readonly sourceId: string;
  readonly workerId: string;
  readonly token: number;
}

export interface ReceivedBatch {
  readonly batchId: string;
  readonly runId: string;
  readonly token: number;
  readonly records: readonly DataRecord[];
  readonly seenKeys: readonly string[];
}

/**
 * Configuration and datasource as far as a worker sees them: real servers with the real SDL, and answers that a
 * test can disturb. `before` is called with each operation's name and arguments, and may throw.
 */
export class FakePlatform {
  readonly sources = new Map<string, FakeSource>();
  readonly reports: ReceivedReport[] = [];
  readonly previews: { id: string; spec: SourceSpec; first: number }[] = [];
  readonly previewReports = new Map<string, PreviewReport>();
  readonly batches = new Map<string, ReceivedBatch>();
  readonly completed: { runId: string; batches: number }[] = [];
  /** Operations in the order in which they came. */
  readonly operations: string[] = [];
  readonly workerIds: string[] = [];
  readonly released: string[] = [];
  readonly endedWorkers = new Set<string>();
  leaseMs = 30_000;
  before: (operation: string, input: Record<string, unknown>) => void = () => {};
  /** As `before`, when the work is done: what it throws loses the answer. */
  after: (operation: string, input: Record<string, unknown>) => void = () => {};
  readonly #wakes = new EventEmitter();
  readonly #lost: { sourceId: string; workerId: string; position: number }[] = [];
  readonly #began = new Map<string, number>();
  readonly #renewed = new Set<string>();
  #position = 0;

  addSource(spec: SourceSpec, rest: Partial<FakeSource> = {}): FakeSource {
    const source: FakeSource = {
      spec,
      revision: 1,
      token: 0,
      workerId: undefined,
      nextRunAt: null,
      queuedRunId: `${spec.id}-run-1`,
      baselineRecords: null,
      position: ++this.#position,
      ...rest,
    };
    this.sources.set(spec.id, source);
    return source;
  }

  change(id: string, change: Partial<FakeSource>): void {
    Object.assign(this.sources.get(id) as FakeSource, change, { position: ++this.#position });
  }

  /** Takes a source from its worker, as pausing does. */
  takeAway(id: string): void {
    const source = this.sources.get(id) as FakeSource;
    if (source.workerId) {
      this.#lost.push({ sourceId: id, workerId: source.workerId, position: ++this.#position });
    }
    this.sources.delete(id);
  }

  wake(reason: 'CLAIM' | 'RENEW' | 'PREVIEW'): void {
    this.#wakes.emit('work', reason);
  }

  finalReports(sourceId?: string): ReceivedReport[] {
    return this.reports.filter(
      (report) => report.status !== 'RUNNING' && (!sourceId || report.sourceId === sourceId),
    );
  }

  keys(): string[] {
    return [...this.batches.values()].flatMap(({ records }) => records.map(({ key }) => key));
  }

  configurationResolvers() {
    return {
      Mutation: {
        claimSources: this.#operation('claimSources', ({ input }) => {
          const { workerId, capacity } = input as { workerId: string; capacity: number };
          if (!this.workerIds.includes(workerId)) this.workerIds.push(workerId);
          if (this.endedWorkers.has(workerId)) throw new TributaryError('STALE_TOKEN', 'ended');
          const held = [...this.sources.values()].filter((source) => source.workerId === workerId).length;
          const free = [...this.sources.values()].filter((source) => source.workerId === undefined);
          const claimed = free.slice(0, capacity - held);
          // Until the worker has renewed, it goes on from where it began.
          const after = this.#began.get(workerId) ?? this.#position;
          if (!this.#renewed.has(workerId)) this.#began.set(workerId, after);
          for (const source of claimed) {
            source.workerId = workerId;
            source.token += 1;
            source.position = ++this.#position;
          }
          return { leases: claimed.map(leaseOf), leaseMs: this.leaseMs, after };
        }),
        renewLeases: this.#operation('renewLeases', ({ input }) => {
          const { workerId, after } = input as { workerId: string; after: number };
          this.#renewed.add(workerId);
          this.#began.delete(workerId);
          const changed = [...this.sources.values()].filter(
            (source) => source.workerId === workerId && source.position > after,
          );
          return {
            isKnown: !this.endedWorkers.has(workerId),
            changed: changed.map(leaseOf),
            lostSourceIds: this.#lost
              .filter((lost) => lost.workerId === workerId && lost.position > after)
              .map(({ sourceId }) => sourceId),
            leaseMs: this.leaseMs,
            after: this.#position,
            hasUnclaimed: [...this.sources.values()].some((source) => source.workerId === undefined),
          };
        }),
        releaseLeases: this.#operation('releaseLeases', ({ workerId }) => {
          this.endWorker(workerId as string);
          this.released.push(workerId as string);
          return true;
        }),
        reportRun: this.#operation('reportRun', ({ input }) => {
          const report = input as ReceivedReport;
          const source = this.sources.get(report.sourceId);
          if (!source || source.workerId !== report.workerId || source.token !== report.token) {
            throw new StaleTokenError(report.sourceId, report.token);
          }
          this.reports.push(report);
          if (source.queuedRunId === report.runId) source.queuedRunId = null;
          if (report.status === 'RUNNING') source.nextRunAt = null;
          return { nextRunAt: source.nextRunAt };
        }),
        claimPreviews: this.#operation('claimPreviews', ({ first }) =>
          this.previews.splice(0, first as number),
        ),
        reportPreview: this.#operation('reportPreview', ({ input }) => {
          const { id, report } = input as { id: string; report: PreviewReport };
          this.previewReports.set(id, report);
          return true;
        }),
      },
      Subscription: {
        workChanged: {
          subscribe: () => this.#follow(),
          resolve: (reason: string) => ({ reason }),
        },
      },
    };
  }

  datasourceResolvers() {
    return {
      Mutation: {
        ingest: this.#operation('ingest', ({ input }) => {
          const batch = input as unknown as ReceivedBatch;
          const isDuplicate = this.batches.has(batch.batchId);
          if (!isDuplicate) this.batches.set(batch.batchId, batch);
          return { sequence: this.batches.size, isDuplicate };
        }),
        completeRun: this.#operation('completeRun', ({ input }) => {
          this.completed.push(input as { runId: string; batches: number });
          return { sequence: this.batches.size, isDuplicate: false };
        }),
      },
    };
  }

  /** Frees what a worker holds: all of it is due at once. */
  endWorker(workerId: string): void {
    this.endedWorkers.add(workerId);
    for (const source of this.sources.values()) {
      if (source.workerId !== workerId) continue;
      source.workerId = undefined;
      source.nextRunAt = new Date(0).toISOString();
    }
  }

  #operation(name: string, work: (args: Record<string, unknown>) => unknown) {
    return (_: unknown, args: Record<string, unknown>) => {
      const input = (args.input ?? args) as Record<string, unknown>;
      this.operations.push(name);
      this.before(name, input);
      const result = work(args);
      this.after(name, input);
      return result;
    };
  }

  async *#follow(): AsyncGenerator<string> {
    for await (const [reason] of on(this.#wakes, 'work')) yield reason as string;
  }
}

function leaseOf(source: FakeSource) {
  return { ...source, sourceId: source.spec.id };
}

export interface OpenedPlatform {
  readonly configuration: ServiceClient;
  readonly datasource: ServiceClient;
  readonly registryUrl: string;
  readonly serviceToken: string;
  close(): Promise<void>;
}

/** Serves a fake platform on loopback, and connects clients to it. */
export async function openFakePlatform(platform: FakePlatform): Promise<OpenedPlatform> {
  const scope = new Scope();
  const registry = scope.use(new MemoryRegistry());
  const urls: string[] = [];
  for (const [service, resolvers] of [
    ['configuration', platform.configurationResolvers()],
    ['datasource', platform.datasourceResolvers()],
  ] as const) {
    const schema = guardInnerOperations(
      buildSubgraphSchema({ typeDefs: parse(readSdl(service)), resolvers: resolvers as never }),
    );
    const server = scope.use(
      await openSubgraphServer(
        { schema: () => schema, logger: silentLogger },
        { service: 'configuration', serviceToken: TOKEN },
      ),
    );
    await registry.register({ id: service, service, url: server.url });
    urls.push(`${service}=${server.url}`);
  }
  return {
    configuration: scope.use(openServiceClient({ registry }, 'configuration', TOKEN)),
    datasource: scope.use(openServiceClient({ registry }, 'datasource', TOKEN)),
    registryUrl: `static:${urls.join(',')}`,
    serviceToken: TOKEN,
    close: () => scope.close(),
  };
}
