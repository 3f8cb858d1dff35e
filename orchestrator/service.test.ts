import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../platform/clock.ts';
import { Metrics } from '../platform/metrics.ts';
import type { ObservedTask } from '../platform/model/cluster.ts';
import {
  createOrchestratorHarness,
  dedicated,
  type FakeRuntime,
  type OrchestratorHarness,
  shared,
} from '../test/support/orchestrator.ts';
import { shownMetrics } from '../test/support/shown-metrics.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

let harness: OrchestratorHarness;
let runtime: FakeRuntime;
beforeEach(() => {
  harness = createOrchestratorHarness();
  runtime = harness.runtime;
});
afterEach(() => harness.close());

const replicas = () => runtime.replicas();

describe('The orchestrator', () => {
  it('makes the pools that configuration demands', async () => {
    await harness.openConfiguration([shared(25), dedicated('a')]);
    await harness.open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 3, 'source-a': 1 });
  });

  it('follows the demands as they change', async () => {
    const configuration = await harness.openConfiguration([shared(1), dedicated('a')]);
    await harness.open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1, 'source-a': 1 });
    configuration.demand([shared(11), dedicated('b')]);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 2, 'source-b': 1 });
  });

  it('goes by the capacity that holds now', async () => {
    const configuration = await harness.openConfiguration([shared(20)]);
    let capacity = 10;
    await harness.open({ live: { current: () => ({ WORKER_CAPACITY: capacity }) } });
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 2 });
    capacity = 5;
    configuration.demand([shared(20)]);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 4 });
  });

  it('mends what changes beneath it', async () => {
    await harness.openConfiguration([shared(1)]);
    await harness.open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    runtime.change('shared', { replicas: 0 });
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
  });

  it('looks again after a while though nothing woke it', async () => {
    const clock = new ManualClock();
    await harness.openConfiguration([shared(1)]);
    await harness.open({ clock, settings: { ORCHESTRATOR_RESYNC: 'PT10S' } });
    // The turn at the start looks before and after it acts; the one after the first gap has nothing to do.
    await expect.poll(() => runtime.observations, DEADLINE).toBe(3);
    runtime.pools.delete('shared');
    const nudge = () => {
      clock.advance(10_000);
      return replicas();
    };
    await expect.poll(nudge, DEADLINE).toEqual({ shared: 1 });
  });

  it('reports the cluster, then only what has changed', async () => {
    const configuration = await harness.openConfiguration([shared(1)]);
    await harness.open();
    const { reports } = configuration.state;
    await expect.poll(() => reports.at(-1)?.pools.length, DEADLINE).toBe(1);
    expect(reports.at(-1)).toEqual({
      nodes: (await runtime.observe()).nodes,
      pools: [
        {
          name: 'shared',
          isolation: 'SHARED',
          render: 'HTTP',
          replicas: 1,
          tasks: [],
          update: null,
          problem: null,
        },
      ],
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
    const configuration = await harness.openConfiguration([shared(1)]);
    await runtime.apply({
      kind: 'ensurePool',
      pool: { name: 'theirs', isolation: 'SHARED', render: 'HTTP', replicas: 9 },
    });
    runtime.change('theirs', { isOwned: false });
    await harness.open();
    await expect.poll(() => configuration.state.reports.length, DEADLINE).toBeGreaterThan(0);
    expect(configuration.state.reports.at(-1)?.pools.map(({ name }) => name)).toEqual(['shared']);
    expect(runtime.pools.get('theirs')?.replicas).toBe(9);
  });

  it('leaves everything as it is while configuration is down, and tells a new one at once', async () => {
    const first = await harness.openConfiguration([shared(1), dedicated('a')]);
    await harness.open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1, 'source-a': 1 });
    await first.goDown();
    const before = runtime.applied.length;
    runtime.change('shared', {});
    runtime.change('shared', { replicas: 0 });
    expect(runtime.applied.length).toBe(before);
    const second = await harness.openConfiguration([shared(1)]);
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    await expect.poll(() => second.state.reports.length, DEADLINE).toBeGreaterThan(0);
  });

  it('tells whether it leads, what there should be and is, and which bound keeps more from being', async () => {
    const metrics = new Metrics();
    const shown = async (name: string, labels?: string) =>
      shownMetrics(await metrics.text()).value(name, labels);
    await harness.openConfiguration([shared(25), dedicated('a'), dedicated('b')]);
    await harness.open({ metrics, settings: { POOL_REPLICAS_MAX: '2', DEDICATED_POOLS_MAX: '1' } });
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
    await harness.open({ metrics });
    const failures = async () =>
      shownMetrics(await metrics.text()).value('tributary_reconcile_failures_total');
    await expect.poll(failures, DEADLINE).toBeGreaterThan(0);
  });

  it('leaves the workers running when it is closed, and does nothing more', async () => {
    const configuration = await harness.openConfiguration([shared(1)]);
    const orchestrator = await harness.open();
    await expect.poll(replicas, DEADLINE).toEqual({ shared: 1 });
    await orchestrator.close();
    runtime.change('shared', { replicas: 0 });
    configuration.demand([shared(100)]);
    // As long as a turn would take.
    await harness.client.request('{ poolDemands { pool } }');
    expect(replicas()).toEqual({ shared: 0 });
  });
});
