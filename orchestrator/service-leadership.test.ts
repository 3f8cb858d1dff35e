import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../platform/clock.ts';
import { Metrics } from '../platform/metrics.ts';
import {
  createOrchestratorHarness,
  dedicated,
  FakeLeadership,
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

/** A call that ends when the test says so. */
function createHurdle() {
  const hurdle = { isMet: false, lift: () => {} };
  const lifted = new Promise<void>((resolve) => {
    hurdle.lift = resolve;
  });
  return Object.assign(hurdle, {
    meet() {
      hurdle.isMet = true;
      return lifted;
    },
  });
}
/** As long as a turn would take. */
const aTurn = () => harness.client.request('{ poolDemands { pool } }');

describe('An orchestrator that does not lead', () => {
  it('does nothing until it does', async () => {
    const configuration = await harness.openConfiguration([shared(1)]);
    const leadership = new FakeLeadership(false);
    await harness.open({ leadership });
    runtime.wake();
    await new Promise((resolve) => setImmediate(resolve));
    expect(configuration.state.asked).toBe(0);
    leadership.pass('us');
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({ shared: 1 });
  });

  it('ends workers that only it sees once another leads, and not while nobody is known to', async () => {
    await harness.openConfiguration([shared(1)]);
    runtime.isShared = false;
    const leadership = new FakeLeadership(true);
    await harness.open({ leadership });
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({ shared: 1 });
    leadership.pass('nobody');
    await new Promise((resolve) => setImmediate(resolve));
    expect(runtime.replicas()).toEqual({ shared: 1 });
    leadership.pass('another');
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({});
  });

  it('leaves workers alone that the one which leads sees too, and knows no figures any more', async () => {
    const metrics = new Metrics();
    const shown = async () => shownMetrics(await metrics.text()).value('tributary_pools', 'side="observed"');
    await harness.openConfiguration([shared(1), dedicated('a')]);
    const leadership = new FakeLeadership(true);
    await harness.open({ leadership, metrics });
    await expect.poll(shown, DEADLINE).toBe(2);
    leadership.pass('another');
    await expect.poll(shown, DEADLINE).toBeUndefined();
    expect(runtime.replicas()).toEqual({ shared: 1, 'source-a': 1 });
  });

  it('does not go on with what it was at, nor reports it', async () => {
    const configuration = await harness.openConfiguration([shared(1), dedicated('a')]);
    const hurdle = createHurdle();
    runtime.hurdles.set('shared', () => hurdle.meet());
    const leadership = new FakeLeadership(true);
    await harness.open({ leadership });
    await expect.poll(() => hurdle.isMet, DEADLINE).toBe(true);
    leadership.pass('another');
    const { observations } = runtime;
    hurdle.lift();
    await expect.poll(() => runtime.replicas(), DEADLINE).toEqual({ shared: 1 });
    await aTurn();
    expect(runtime.asked.length).toBe(1);
    expect(runtime.observations).toBe(observations);
    expect(configuration.state.reports).toEqual([]);
  });

  it.each([
    { look: 'before', asked: 0 },
    { look: 'after', asked: 1 },
  ])('goes no further where it stops leading while it looks $look it acts', async ({ look, asked }) => {
    const configuration = await harness.openConfiguration([shared(1)]);
    const hurdle = createHurdle();
    runtime.blindness = async () => {
      if (look === 'before' || runtime.asked.length > 0) await hurdle.meet();
    };
    const leadership = new FakeLeadership(true);
    await harness.open({ leadership });
    await expect.poll(() => hurdle.isMet, DEADLINE).toBe(true);
    leadership.pass('nobody');
    hurdle.lift();
    await aTurn();
    expect(runtime.asked.length).toBe(asked);
    expect(configuration.state.reports).toEqual([]);
  });

  it('tells all anew when it leads again: another may have told otherwise meanwhile', async () => {
    const configuration = await harness.openConfiguration([shared(1)]);
    const leadership = new FakeLeadership(true);
    const clock = new ManualClock();
    await harness.open({ leadership, clock });
    const { reports } = configuration.state;
    // At rest after the turn at the start and the one after the first gap.
    await expect.poll(() => [configuration.state.asked, clock.pending], DEADLINE).toEqual([2, 1]);
    const count = reports.length;
    leadership.pass('another');
    leadership.pass('us');
    await expect.poll(() => reports.length, DEADLINE).toBeGreaterThan(count);
  });
});
