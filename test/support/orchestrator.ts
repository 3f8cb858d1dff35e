import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { type LiveOrchestratorConfig, orchestratorSettings } from '../../orchestrator/config.ts';
import type { PoolDemand } from '../../orchestrator/desired.ts';
import { openOrchestrator } from '../../orchestrator/service.ts';
import { AlwaysLeader } from '../../platform/adapters/always-leader.ts';
import { MemoryRegistry } from '../../platform/adapters/memory-registry.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { guardInnerOperations } from '../../platform/http/inner-operations.ts';
import { openServiceClient, type ServiceClient } from '../../platform/http/service-client.ts';
import { openSubgraphServer } from '../../platform/http/subgraph-server.ts';
import type { LiveConfig } from '../../platform/live-config.ts';
import { type Logger, silentLogger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import type { ObservedCluster } from '../../platform/model/cluster.ts';
import type { Leadership } from '../../platform/ports/leadership.ts';
import type { ObservedRuntime, Runtime, RuntimeAction, RuntimePool } from '../../platform/ports/runtime.ts';
import { type Closeable, Scope } from '../../platform/scope.ts';
import { readSdl } from '../../platform/sdl.ts';

const TOKEN = 'a-token-for-services';
/** So long that nothing happens by the timer. */
const NO_TIMERS = { ORCHESTRATOR_RESYNC: 'PT1H', CLUSTER_REPORT: 'PT1H', POOL_SHRINK_AFTER: 'PT0.001S' };

/** A runtime that does at once what it is told, unless it was told not to. */
export class FakeRuntime implements Runtime {
  isShared = true;
  observations = 0;
  /** What each call for a pool of that name meets first: throws, or holds it up. */
  readonly hurdles = new Map<string, () => Promise<void> | void>();
  /** What looking meets first. */
  blindness: () => Promise<void> | void = () => {};
  /** All that was asked for, and what of it was done. */
  readonly asked: RuntimeAction[] = [];
  readonly applied: RuntimeAction[] = [];
  readonly pools = new Map<string, RuntimePool>();
  readonly #listeners = new Set<() => void>();

  async observe(): Promise<ObservedRuntime> {
    this.observations++;
    await this.blindness();
    const resources = { cpus: 2, memory: 4e9 };
    const node = { hostname: 'one', role: 'manager', availability: 'active', state: 'ready', resources };
    return { nodes: [node], pools: [...this.pools.values()] };
  }

  async apply(action: RuntimeAction): Promise<void> {
    this.asked.push(action);
    const name = action.kind === 'ensurePool' ? action.pool.name : action.name;
    await this.hurdles.get(name)?.();
    this.applied.push(action);
    if (action.kind === 'removePool') this.pools.delete(name);
    else {
      const own = { isOwned: true, isOutdated: false, changedAt: '2026-01-01T00:00:00.000Z' };
      const before = this.pools.get(name);
      const kept = before?.isOwned
        ? { tasks: before.tasks, update: before.update, problem: before.problem }
        : {};
      this.pools.set(name, { tasks: [], update: null, problem: null, ...kept, ...action.pool, ...own });
    }
  }

  watch(listener: () => void): Closeable {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** Changes a pool beneath the orchestrator. */
  change(name: string, changes: Partial<RuntimePool>): void {
    const pool = this.pools.get(name);
    if (pool) this.pools.set(name, { ...pool, ...changes });
    this.wake();
  }

  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /** How many workers each pool should have. */
  replicas(): Record<string, number> {
    return Object.fromEntries([...this.pools.values()].map((pool) => [pool.name, pool.replicas]));
  }

  async close(): Promise<void> {}
}

/** Who leads is what the test says. */
export class FakeLeadership implements Leadership {
  #isLeader: boolean;
  #isOtherLeading = false;
  readonly #listeners = new Set<(isLeader: boolean) => void>();

  constructor(isLeader: boolean) {
    this.#isLeader = isLeader;
  }

  isLeader(): boolean {
    return this.#isLeader;
  }

  isOtherLeading(): boolean {
    return this.#isOtherLeading;
  }

  watch(listener: (isLeader: boolean) => void): Closeable {
    this.#listeners.add(listener);
    listener(this.#isLeader);
    return { close: () => void this.#listeners.delete(listener) };
  }

  pass(to: 'us' | 'nobody' | 'another'): void {
    this.#isLeader = to === 'us';
    this.#isOtherLeading = to === 'another';
    for (const listener of this.#listeners) listener(this.#isLeader);
  }

  close(): void {}
}

export interface OrchestratorOptions {
  readonly leadership?: Leadership;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly settings?: Readonly<Record<string, string>>;
  readonly live?: LiveConfig<LiveOrchestratorConfig>;
  readonly metrics?: Metrics;
}

/** Configuration as far as the orchestrator meets it, over the real wire and the real schema. */
export interface FakeConfiguration {
  readonly state: { reports: ObservedCluster[]; asked: number };
  demand(demands: readonly PoolDemand[]): void;
  goDown(): Promise<void>;
}

/** An orchestrator's surroundings. */
export interface OrchestratorHarness extends Closeable {
  readonly runtime: FakeRuntime;
  /** As others ask configuration. */
  readonly client: ServiceClient;
  openConfiguration(demands?: readonly PoolDemand[]): Promise<FakeConfiguration>;
  /** Closed with the harness, if not before. */
  open(options?: OrchestratorOptions): Promise<{ close(): Promise<void> }>;
}

export function createOrchestratorHarness(): OrchestratorHarness {
  const scope = new Scope();
  const registry = scope.use(new MemoryRegistry([], silentLogger));
  const runtime = new FakeRuntime();
  const client = scope.use(openServiceClient({ registry }, 'configuration', TOKEN));
  return {
    runtime,
    client,
    async openConfiguration(demands = []) {
      return scope.use(await serveConfiguration(registry, demands));
    },
    async open(options = {}) {
      const leadership = options.leadership ?? scope.use(new AlwaysLeader(silentLogger));
      const orchestrator = await openOrchestrator(
        {
          configuration: scope.use(openServiceClient({ registry }, 'configuration', TOKEN)),
          runtime,
          leadership,
          clock: options.clock ?? systemClock,
          logger: options.logger ?? silentLogger,
          metrics: options.metrics ?? new Metrics(),
        },
        readConfig(orchestratorSettings, { WORKER_CAPACITY: '10', ...NO_TIMERS, ...options.settings }),
        options.live,
      );
      return scope.use(orchestrator);
    },
    close: () => scope.close(),
  };
}

async function serveConfiguration(registry: MemoryRegistry, demands: readonly PoolDemand[]) {
  const state = { demands, reports: [] as ObservedCluster[], asked: 0, wake: () => {} };
  const resolvers = {
    Query: {
      poolDemands() {
        state.asked++;
        return state.demands.map((demand) => ({ ...demand, workerIds: [] }));
      },
    },
    Mutation: {
      reportCluster(_: unknown, { input }: { input: { observed: ObservedCluster } }) {
        state.reports.push(input.observed);
        return true;
      },
    },
    Subscription: {
      poolDemandsChanged: {
        async *subscribe() {
          for (;;) {
            await new Promise<void>((resolve) => {
              state.wake = resolve;
            });
            yield { poolDemandsChanged: true };
          }
        },
      },
    },
  };
  const schema = guardInnerOperations(
    buildSubgraphSchema({ typeDefs: parse(readSdl('configuration')), resolvers } as never),
  );
  const server = await openSubgraphServer(
    { schema: () => schema, logger: silentLogger },
    { service: 'configuration', serviceToken: TOKEN },
  );
  const registration = await registry.register({
    id: 'configuration-1',
    service: 'configuration',
    url: server.url,
  });
  return {
    close: () => server.close(),
    state,
    demand(next: readonly PoolDemand[]) {
      state.demands = next;
      state.wake();
    },
    async goDown() {
      await registration.close();
      await server.close();
    },
  };
}

export const shared = (sourceCount: number): PoolDemand => ({
  pool: 'shared',
  isolation: 'SHARED',
  sourceCount,
});
export const dedicated = (id: string): PoolDemand => ({
  pool: `source-${id}`,
  isolation: 'DEDICATED',
  sourceCount: 1,
});
