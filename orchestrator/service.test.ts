import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AlwaysLeader } from '../platform/adapters/always-leader.ts';
import { MemoryRegistry } from '../platform/adapters/memory-registry.ts';
import { type Clock, ManualClock, systemClock } from '../platform/clock.ts';
import { readConfig } from '../platform/config.ts';
import { guardInnerOperations } from '../platform/http/inner-operations.ts';
import { openServiceClient } from '../platform/http/service-client.ts';
import { openSubgraphServer } from '../platform/http/subgraph-server.ts';
import type { LiveConfig } from '../platform/live-config.ts';
import { silentLogger } from '../platform/logger.ts';
import { Metrics } from '../platform/metrics.ts';
import type { ObservedCluster, ObservedTask } from '../platform/model/cluster.ts';
import type { Leadership } from '../platform/ports/leadership.ts';
import type { ObservedRuntime, Runtime, RuntimeAction, RuntimePool } from '../platform/ports/runtime.ts';
import { type Closeable, Scope } from '../platform/scope.ts';
import { readSdl } from '../platform/sdl.ts';
import { shownMetrics } from '../test/support/shown-metrics.ts';
import { type LiveOrchestratorConfig, orchestratorSettings } from './config.ts';
import type { PoolDemand } from './desired.ts';
import { openOrchestrator } from './service.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const TOKEN = 'a-token-for-services';
/** So long that nothing happens by the timer. */
const NO_TIMERS = { ORCHESTRATOR_RESYNC: 'PT1H', CLUSTER_REPORT: 'PT1H', POOL_SHRINK_AFTER: 'PT0.001S' };

let scope: Scope;
let registry: MemoryRegistry;
let runtime: FakeRuntime;

beforeEach(() => {
  scope = new Scope();
  registry = scope.use(new MemoryRegistry([], silentLogger));
  runtime = new FakeRuntime();
});
afterEach(() => scope.close());

/** A runtime that does at once what it is told, unless it was told not to. */
class FakeRuntime implements Runtime {
  isShared = true;
  observations = 0;
  readonly applied: RuntimeAction[] = [];
  readonly refuses = new Set<string>();
  readonly pools = new Map<string, RuntimePool>();
  readonly #listeners = new Set<() => void>();

  async observe(): Promise<ObservedRuntime> {
    this.observations++;
    const resources = { cpus: 2, memory: 4e9 };
    const node = { hostname: 'one', role: 'manager', availability: 'active', state: 'ready', resources };
    return { nodes: [node], pools: [...this.pools.values()] };
  }

  async apply(action: RuntimeAction): Promise<void> {
    const name = action.kind === 'ensurePool' ? action.pool.name : action.name;
    if (this.refuses.has(name)) throw new Error(`no room for ${name}`);
    this.applied.push(action);
    if (action.kind === 'removePool') this.pools.delete(name);
    else {
      const own = { isOwned: true, isOutdated: false, changedAt: '2026-01-01T00:00:00.000Z' };
      this.pools.set(name, { ...action.pool, tasks: [], update: null, problem: null, ...own });
    }
  }

  watch(listener: () => void): Closeable {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  change(name: string, changes: Partial<RuntimePool>): void {
    const pool = this.pools.get(name);
    if (pool) this.pools.set(name, { ...pool, ...changes });
    for (const listener of this.#listeners) listener();
  }

  async close(): Promise<void> {}
}

/** Configuration as far as the orchestrator meets it, over the real wire and the real schema. */
async function openConfiguration(demands: readonly PoolDemand[] = []) {
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
  return Object.assign(scope.use({ close: () => server.close() }), {
    state,
    demand(next: readonly PoolDemand[]) {
      state.demands = next;
      state.wake();
    },
    async goDown() {
      await registration.close();
      await server.close();
    },
  });
}

function open(
  options: {
    leadership?: Leadership;
    clock?: Clock;
    settings?: Readonly<Record<string, string>>;
    live?: LiveConfig<LiveOrchestratorConfig>;
    metrics?: Metrics;
  } = {},
) {
  const configuration = scope.use(openServiceClient({ registry }, 'configuration', TOKEN));
  const leadership = options.leadership ?? scope.use(new AlwaysLeader(silentLogger));
  return openOrchestrator(
    {
      configuration,
      runtime,
      leadership,
      clock: options.clock ?? systemClock,
      logger: silentLogger,
      metrics: options.metrics ?? new Metrics(),
    },
    readConfig(orchestratorSettings, { WORKER_CAPACITY: '10', ...NO_TIMERS, ...options.settings }),
    options.live,
  ).then((orchestrator) => scope.use(orchestrator));
}

const shared = (sourceCount: number): PoolDemand => ({ pool: 'shared', isolation: 'SHARED', sourceCount });
const dedicated = (id: string): PoolDemand => ({
  pool: `source-${id}`,
  isolation: 'DEDICATED',
  sourceCount: 1,
});
const replicas = () =>
  Object.fromEntries([...runtime.pools.values()].map((pool) => [pool.name, pool.replicas]));

describe('The orchestrator', () => {
  it('makes the pools that configuration demands', async () => {
    await openConfiguration([shared(25), dedicated('a')]);
    await open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 3, 'source-a': 1 });
  });

  it('follows the demands as they change', async () => {
    const configuration = await openConfiguration([shared(1), dedicated('a')]);
    await open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1, 'source-a': 1 });
    configuration.demand([shared(11), dedicated('b')]);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 2, 'source-b': 1 });
  });

  it('goes by the capacity that holds now', async () => {
    const configuration = await openConfiguration([shared(20)]);
    let capacity = 10;
    await open({ live: { current: () => ({ WORKER_CAPACITY: capacity }) } });
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 2 });
    capacity = 5;
    configuration.demand([shared(20)]);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 4 });
  });

  it('mends what changes beneath it', async () => {
    await openConfiguration([shared(1)]);
    await open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    runtime.change('shared', { replicas: 0 });
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
  });

  it('looks again after a while though nothing woke it', async () => {
    const clock = new ManualClock();
    await openConfiguration([shared(1)]);
    await open({ clock, settings: { ORCHESTRATOR_RESYNC: 'PT10S' } });
    // The turn at the start and the one after the first gap: each looks before and after it acts.
    await expect.poll(() => runtime.observations, DEADLINE).toBe(4);
    runtime.pools.delete('shared');
    const nudge = () => {
      clock.advance(10_000);
      return replicas();
    };
    await expect.poll(nudge, DEADLINE).toEqual({ shared: 1 });
  });

  it('reports the cluster, then only what has changed', async () => {
    const configuration = await openConfiguration([shared(1)]);
    await open();
    const { reports } = configuration.state;
    await expect.poll(() => reports.at(-1)?.pools.length, DEADLINE).toBe(1);
    expect(reports.at(-1)).toEqual({
      nodes: (await runtime.observe()).nodes,
      pools: [{ name: 'shared', isolation: 'SHARED', replicas: 1, tasks: [] }],
      observedAt: expect.stringMatching(/Z$/),
    });
    const task: ObservedTask = {
      id: 't1',
      node: 'one',
      state: 'FAILED',
      since: '2026-01-01T00:00:00.000Z',
      error: 'The worker exited with code 1.',
    };
    runtime.change('shared', { tasks: [task] });
    await expect.poll(() => reports.at(-1)?.pools[0]?.tasks, DEADLINE).toEqual([task]);
    const count = reports.length;
    // The second turn begins when all of the first is done.
    for (let turn = 0; turn < 2; turn++) {
      const { asked } = configuration.state;
      runtime.change('shared', {});
      await expect.poll(() => configuration.state.asked, DEADLINE).toBeGreaterThan(asked);
    }
    expect(reports.length).toBe(count);
  });

  it('does not report pools of others', async () => {
    const configuration = await openConfiguration([shared(1)]);
    await runtime.apply({
      kind: 'ensurePool',
      pool: { name: 'theirs', isolation: 'SHARED', render: 'HTTP', replicas: 9 },
    });
    runtime.change('theirs', { isOwned: false });
    await open();
    await expect.poll(() => configuration.state.reports.length, DEADLINE).toBeGreaterThan(0);
    expect(configuration.state.reports.at(-1)?.pools.map(({ name }) => name)).toEqual(['shared']);
    expect(runtime.pools.get('theirs')?.replicas).toBe(9);
  });

  it('leaves everything as it is while configuration is down, and tells a new one at once', async () => {
    const first = await openConfiguration([shared(1), dedicated('a')]);
    await open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1, 'source-a': 1 });
    await first.goDown();
    const before = runtime.applied.length;
    runtime.change('shared', {});
    runtime.change('shared', { replicas: 0 });
    expect(runtime.applied.length).toBe(before);
    const second = await openConfiguration([shared(1)]);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    await expect.poll(() => second.state.reports.length, DEADLINE).toBeGreaterThan(0);
  });

  it('makes the other pools though one cannot be, and that one as soon as it can', async () => {
    const configuration = await openConfiguration([shared(1), dedicated('a'), dedicated('b')]);
    runtime.refuses.add('source-a');
    await open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1, 'source-b': 1 });
    await expect.poll(() => configuration.state.reports.length, DEADLINE).toBeGreaterThan(0);
    runtime.refuses.clear();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1, 'source-a': 1, 'source-b': 1 });
  });

  it('does nothing until it leads', async () => {
    const configuration = await openConfiguration([shared(1)]);
    const listeners = new Set<(isLeader: boolean) => void>();
    let isLeader = false;
    const leadership: Leadership = {
      isLeader: () => isLeader,
      isOtherLeading: () => !isLeader,
      watch(listener) {
        listeners.add(listener);
        listener(isLeader);
        return { close: () => void listeners.delete(listener) };
      },
      close() {},
    };
    await open({ leadership });
    runtime.change('shared', {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(configuration.state.asked).toBe(0);
    isLeader = true;
    for (const listener of listeners) listener(true);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
  });

  it('ends workers that only it sees once another leads, and not while nobody is known to', async () => {
    await openConfiguration([shared(1)]);
    runtime.isShared = false;
    let isOtherLeading = false;
    let isLeader = true;
    const listeners: ((isLeader: boolean) => void)[] = [];
    const leadership: Leadership = {
      isLeader: () => isLeader,
      isOtherLeading: () => isOtherLeading,
      watch(listener) {
        listeners.push(listener);
        listener(isLeader);
        return { close: () => {} };
      },
      close() {},
    };
    await open({ leadership });
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    isLeader = false;
    for (const listener of listeners) listener(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(replicas()).toEqual({ shared: 1 });
    isOtherLeading = true;
    for (const listener of listeners) listener(false);
    await expect.poll(replicas, DEADLINE).toEqual({});
  });

  it('tells whether it leads, what there should be and is, and which bound keeps more from being', async () => {
    const metrics = new Metrics();
    const shown = async (name: string, labels?: string) =>
      shownMetrics(await metrics.text()).value(name, labels);
    await openConfiguration([shared(25), dedicated('a'), dedicated('b')]);
    await open({ metrics, settings: { POOL_REPLICAS_MAX: '2', DEDICATED_POOLS_MAX: '1' } });
    await expect.poll(() => shown('tributary_pools', 'side="observed"'), DEADLINE).toBe(2);
    expect(await shown('tributary_orchestrator_leads')).toBe(1);
    expect(await shown('tributary_pools', 'side="desired"')).toBe(3);
    expect(await shown('tributary_workers', 'side="desired"')).toBe(4);
    expect(await shown('tributary_refused_pools')).toBe(1);
    expect(await shown('tributary_pool_changes_total', 'kind="ensurePool"')).toBe(2);
    for (const limit of ['POOL_REPLICAS_MAX', 'DEDICATED_POOLS_MAX']) {
      expect(await shown('tributary_limit_hits_total', `limit="${limit}"`)).toBeGreaterThan(0);
    }
  });

  it('counts the turns that fail', async () => {
    const metrics = new Metrics();
    await open({ metrics });
    const failures = async () =>
      shownMetrics(await metrics.text()).value('tributary_reconcile_failures_total');
    await expect.poll(failures, DEADLINE).toBeGreaterThan(0);
  });

  it('leaves the workers running when it is closed, and does nothing more', async () => {
    const configuration = await openConfiguration([shared(1)]);
    const orchestrator = await open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    await orchestrator.close();
    runtime.change('shared', { replicas: 0 });
    configuration.demand([shared(100)]);
    // As long as a turn would take.
    const client = scope.use(openServiceClient({ registry }, 'configuration', TOKEN));
    await client.request('{ poolDemands { pool } }');
    expect(replicas()).toEqual({ shared: 0 });
  });
});
