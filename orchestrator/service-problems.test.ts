import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../platform/clock.ts';
import { RuntimeRefusal, UnavailableError } from '../platform/errors.ts';
import { Metrics } from '../platform/metrics.ts';
import { createLogLines } from '../test/support/log-lines.ts';
import {
  createOrchestratorHarness,
  dedicated,
  type FakeConfiguration,
  type FakeRuntime,
  type OrchestratorHarness,
  shared,
} from '../test/support/orchestrator.ts';
import { shownMetrics } from '../test/support/shown-metrics.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const NO_IMAGE = 'No node has the image tributary:gone.';

let harness: OrchestratorHarness;
let runtime: FakeRuntime;
beforeEach(() => {
  harness = createOrchestratorHarness();
  runtime = harness.runtime;
});
afterEach(() => harness.close());

const refuse = (message: string) => () => {
  throw new RuntimeRefusal(message);
};
/** What people are shown of a pool, as last told. */
const told = ({ state }: FakeConfiguration, name: string) =>
  state.reports.at(-1)?.pools.find((pool) => pool.name === name);
const problem = (configuration: FakeConfiguration, name: string) => told(configuration, name)?.problem;

describe('A pool that the runtime refuses', () => {
  it('is shown with the reason, and keeps no other from being', async () => {
    const configuration = await harness.openConfiguration([shared(1), dedicated('a'), dedicated('b')]);
    runtime.hurdles.set('source-a', refuse(NO_IMAGE));
    await harness.open();
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({ shared: 1, 'source-b': 1 });
    await expect.poll(() => problem(configuration, 'source-b'), DEADLINE).toBeNull();
    expect(told(configuration, 'source-a')).toEqual({
      name: 'source-a',
      isolation: 'DEDICATED',
      render: 'HTTP',
      replicas: 1,
      tasks: [],
      update: null,
      problem: NO_IMAGE,
    });
  });

  it('is made as soon as it can be, whatever wakes the orchestrator, and then has no problem', async () => {
    const configuration = await harness.openConfiguration([shared(1), dedicated('a')]);
    runtime.hurdles.set('source-a', refuse(NO_IMAGE));
    await harness.open();
    await expect.poll(() => problem(configuration, 'source-a'), DEADLINE).toBe(NO_IMAGE);
    runtime.hurdles.clear();
    runtime.wake();
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({ shared: 1, 'source-a': 1 });
    await expect.poll(() => problem(configuration, 'source-a'), DEADLINE).toBeNull();
  });

  it('is tried again by the timer, not in a circle', async () => {
    const clock = new ManualClock();
    const configuration = await harness.openConfiguration([shared(1)]);
    runtime.hurdles.set('shared', refuse(NO_IMAGE));
    await harness.open({ clock, settings: { ORCHESTRATOR_RESYNC: 'PT10S' } });
    // The turn at the start, and the one after the first gap.
    await expect.poll(() => runtime.asked.length, DEADLINE).toBe(2);
    await expect.poll(() => clock.pending, DEADLINE).toBe(1);
    clock.advance(9_999);
    for (let question = 0; question < 3; question++) await harness.client.request('{ poolDemands { pool } }');
    expect(runtime.asked.length).toBe(2);
    clock.advance(1);
    await expect.poll(() => runtime.asked.length, DEADLINE).toBe(3);
    expect(problem(configuration, 'shared')).toBe(NO_IMAGE);
  });

  it('goes on with the workers it has where only its change is refused', async () => {
    const configuration = await harness.openConfiguration([shared(1)]);
    await harness.open();
    await expect.poll(() => problem(configuration, 'shared'), DEADLINE).toBeNull();
    runtime.hurdles.set('shared', refuse('There is no such network.'));
    runtime.change('shared', { isOutdated: true, problem: 'A task failed.' });
    await expect.poll(() => problem(configuration, 'shared'), DEADLINE).toBe('There is no such network.');
    expect(told(configuration, 'shared')).toMatchObject({ replicas: 1 });
    runtime.change('shared', { isOutdated: false });
    await expect.poll(() => problem(configuration, 'shared'), DEADLINE).toBe('A task failed.');
  });

  it('is warned of once, and counted while it is so', async () => {
    const { logger, messages } = createLogLines();
    const metrics = new Metrics();
    const shown = async (name: string) => shownMetrics(await metrics.text()).value(name);
    const warnings = () => messages().filter((message) => message === 'pool has a problem').length;
    const configuration = await harness.openConfiguration([shared(1), dedicated('a')]);
    runtime.hurdles.set('source-a', refuse(NO_IMAGE));
    await harness.open({ logger, metrics });
    await expect.poll(() => problem(configuration, 'source-a'), DEADLINE).toBe(NO_IMAGE);
    for (let turn = 0; turn < 3; turn++) {
      const asked = runtime.asked.length;
      runtime.wake();
      await expect.poll(() => runtime.asked.length, DEADLINE).toBeGreaterThan(asked);
    }
    expect(warnings()).toBe(1);
    expect(messages()).not.toContain('reconciling failed');
    expect(await shown('tributary_pool_problems')).toBe(1);
    expect(await shown('tributary_refused_pools')).toBe(1);
    expect(await shown('tributary_reconcile_failures_total')).toBe(0);
    runtime.hurdles.set('source-a', refuse('There is no such network.'));
    runtime.wake();
    await expect.poll(warnings, DEADLINE).toBe(2);
  });
});

describe('A pool that the orchestrator refuses', () => {
  it('is shown with the bound that keeps it from being', async () => {
    const configuration = await harness.openConfiguration([shared(1), dedicated('a'), dedicated('b')]);
    await harness.open({ settings: { DEDICATED_POOLS_MAX: '1' } });
    await expect
      .poll(() => told(configuration, 'source-b'), DEADLINE)
      .toMatchObject({
        replicas: 1,
        tasks: [],
        problem: 'DEDICATED_POOLS_MAX (1) workers of their own are there already.',
      });
    expect(problem(configuration, 'source-a')).toBeNull();
  });

  it('is shown with who has its name', async () => {
    const configuration = await harness.openConfiguration([shared(1)]);
    const pool = { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas: 9 } as const;
    await runtime.apply({ kind: 'ensurePool', pool });
    runtime.change('shared', { isOwned: false });
    await harness.open();
    await expect
      .poll(() => configuration.state.reports.at(-1)?.pools, DEADLINE)
      .toMatchObject([{ name: 'shared', replicas: 1, tasks: [], problem: /already/ }]);
    expect(runtime.replicas()).toEqual({ shared: 9 });
  });

  it('is shown as too small where its bound is too low for its sources', async () => {
    const configuration = await harness.openConfiguration([shared(25)]);
    await harness.open({ settings: { POOL_REPLICAS_MAX: '2' } });
    await expect
      .poll(() => problem(configuration, 'shared'), DEADLINE)
      .toBe('POOL_REPLICAS_MAX (2) workers of WORKER_CAPACITY (10) sources each are too few for 25.');
  });
});

describe('A runtime that does not answer', () => {
  it('is asked again soon, though a timer and events are far', async () => {
    await harness.openConfiguration([shared(1)]);
    let attempts = 0;
    runtime.hurdles.set('shared', () => {
      if (++attempts < 4) throw new UnavailableError('No manager answers.');
    });
    await harness.open();
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({ shared: 1 });
    expect(attempts).toBe(4);
  });

  it('leaves what was last seen as it was told, and is told anew when it answers', async () => {
    const clock = new ManualClock();
    const configuration = await harness.openConfiguration([shared(1)]);
    await harness.open({ clock, settings: { ORCHESTRATOR_RESYNC: 'PT10S', CLUSTER_REPORT: 'PT30S' } });
    await expect.poll(() => clock.pending, DEADLINE).toBe(1);
    const { reports } = configuration.state;
    const [count, before] = [reports.length, runtime.observations];
    runtime.blindness = () => {
      throw new UnavailableError('No manager answers.');
    };
    const nudge = () => {
      clock.advance(10_000);
      return runtime.observations - before;
    };
    await expect.poll(nudge, DEADLINE).toBeGreaterThan(5);
    expect(reports.length).toBe(count);
    runtime.blindness = () => {};
    const age = () => {
      clock.advance(10_000);
      return clock.now() - Date.parse(reports.at(-1)?.observedAt ?? '');
    };
    await expect.poll(age, DEADLINE).toBeLessThan(30_000);
    expect(reports.length).toBeGreaterThan(count);
  });

  it('does not hold up the end', async () => {
    await harness.openConfiguration([shared(1)]);
    runtime.hurdles.set('shared', () => new Promise(() => {}));
    const { logger, messages } = createLogLines();
    const metrics = new Metrics();
    const orchestrator = await harness.open({ logger, metrics });
    await expect.poll(() => runtime.asked.length, DEADLINE).toBe(1);
    await orchestrator.close();
    runtime.hurdles.clear();
    runtime.blindness = () => new Promise(() => {});
    const before = runtime.observations;
    const another = await harness.open({ logger, metrics });
    await expect.poll(() => runtime.observations, DEADLINE).toBeGreaterThan(before);
    await another.close();
    expect(messages().filter((message) => /failed/.test(message))).toEqual([]);
    expect(shownMetrics(await metrics.text()).value('tributary_reconcile_failures_total')).toBe(0);
  });
});

describe('A rollout', () => {
  it('that is taken back is warned of and counted, and not begun again', async () => {
    const { logger, messages } = createLogLines();
    const metrics = new Metrics();
    const rollbacks = async () => shownMetrics(await metrics.text()).value('tributary_pool_rollbacks_total');
    const configuration = await harness.openConfiguration([shared(1)]);
    await harness.open({ logger, metrics });
    await expect.poll(() => problem(configuration, 'shared'), DEADLINE).toBeNull();
    const { length } = runtime.asked;
    const startedAt = new Date().toISOString();
    for (const state of ['UPDATING', 'ROLLING_BACK', 'ROLLED_BACK'] as const) {
      runtime.change('shared', { update: { state, startedAt, message: null } });
      await expect.poll(() => told(configuration, 'shared')?.update?.state, DEADLINE).toBe(state);
    }
    expect(await rollbacks()).toBe(1);
    expect(messages().filter((message) => /newer/.test(message))).toEqual([
      'workers are being replaced by newer ones',
      'newer workers failed, and are being taken back',
      'newer workers failed, and were taken back',
    ]);
    expect(runtime.asked.length).toBe(length);
  });
});
