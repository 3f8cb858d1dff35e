import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMetrics } from '../../test/support/shown-metrics.ts';
import { EndpointStage } from '../../test/unit/endpoint/endpoint-stage.ts';
import { field } from '../../test/unit/endpoint/upstream-model.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

describe('Endpoint tells', () => {
  let stage: EndpointStage;
  beforeEach(async () => {
    stage = await EndpointStage.open({ STALE_AFTER: 500, RESYNC: 50, SUBSCRIBERS_MAX: 1 });
    stage.model.define('books', [field('title')]);
    stage.model.put('books', 'b1', { title: 'b1' });
    await stage.announceDefinitions();
    await expect.poll(() => shown('tributary_view_changes_total'), DEADLINE).toBe(1);
  });
  afterEach(() => stage.close());

  const shown = async (name: string, labels?: string) => (await readMetrics(stage.url)).value(name, labels);
  const subscribe = () => stage.subscribe('subscription { booksChanged { __typename } }');

  it('how many subscribe, what they are told, and how late', async () => {
    const events = subscribe();
    await events.next();
    expect(await shown('tributary_view_subscribers')).toBe(1);
    expect(await shown('tributary_view_events_total', 'kind="snapshot"')).toBe(1);
    expect(await shown('tributary_view_lag_seconds_count')).toBe(0);
    stage.model.put('books', 'b2', { title: 'b2' });
    await stage.announce('books');
    await events.next();
    expect(await shown('tributary_view_events_total', 'kind="delta"')).toBe(1);
    expect(await shown('tributary_view_delta_entries_sum')).toBe(1);
    expect(await shown('tributary_view_lag_seconds_count')).toBe(1);
    await events.return?.();
    await expect.poll(() => shown('tributary_view_subscribers'), DEADLINE).toBe(0);
  });

  it('how often it has refused a subscriber', async () => {
    const events = subscribe();
    await events.next();
    await subscribe().next();
    expect(await shown('tributary_limit_hits_total', 'limit="SUBSCRIBERS_MAX"')).toBe(1);
  });

  it('how many collections are stale', async () => {
    const stale = () => shown('tributary_view_stale_collections');
    await expect.poll(stale, DEADLINE).toBe(0);
    await stage.upstreamDown();
    await expect.poll(stale, DEADLINE).toBe(1);
    expect(await shown('tributary_view_collections')).toBe(1);
  });
});
