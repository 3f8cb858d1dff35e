import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  LEASE_MS,
  openTestConfiguration,
  type TestConfiguration,
} from '../../test/support/configuration-service.ts';
import { readMetrics } from '../../test/support/shown-metrics.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

describe('Configuration tells', () => {
  let service: TestConfiguration;
  beforeEach(async () => {
    service = await openTestConfiguration({ SOURCES_MAX: '2', FIELDS_MAX: '3', EVERY_MIN: 'PT1M' });
  });
  afterEach(() => service.close());

  const shown = async (name: string, labels?: string) => (await readMetrics(service.url)).value(name, labels);

  it('how many sources there are, by their state', async () => {
    const { value } = await service.add();
    await service.add();
    await service.pause(value.id);
    expect(await shown('tributary_sources', 'state="ACTIVE"')).toBe(1);
    expect(await shown('tributary_sources', 'state="PAUSED"')).toBe(1);
  });

  it('how often a bound has kept a source from being added', async () => {
    const fields = ['a', 'b', 'c', 'd'].map((name) => ({ name, select: 'b' }));
    await service.add({ fields, every: 'PT1S' });
    for (let times = 0; times < 3; times++) await service.add();
    const hits = async (limit: string) => shown('tributary_limit_hits_total', `limit="${limit}"`);
    expect(await hits('FIELDS_MAX')).toBe(1);
    expect(await hits('EVERY_MIN')).toBe(1);
    expect(await hits('SOURCES_MAX')).toBe(1);
  });

  it('what runs came to, and which leases were lost', async () => {
    await service.add();
    await service.add();
    const { leases } = await service.claim('w1');
    const { sourceId, token, queuedRunId: runId } = leases[0];
    const startedAt = new Date(service.clock.now()).toISOString();
    const report = { runId, sourceId, workerId: 'w1', token, startedAt };
    await service.report({ ...report, status: 'RUNNING' });
    service.clock.advance(3_000);
    await service.report({ ...report, status: 'SUCCEEDED', records: 40 });
    // Said again, it is the same end.
    await service.report({ ...report, status: 'SUCCEEDED', records: 40 });
    expect(await shown('tributary_runs_total', 'status="SUCCEEDED"')).toBe(1);
    expect(await shown('tributary_run_duration_seconds_sum')).toBe(3);
    expect(await shown('tributary_run_records_sum')).toBe(40);

    service.clock.advance(LEASE_MS);
    await expect.poll(() => shown('tributary_lost_leases_total'), DEADLINE).toBe(2);
    expect(await shown('tributary_limit_hits_total', 'limit="LEASE"')).toBe(1);
  });

  it('what previews came to', async () => {
    const answer = service.preview();
    await expect.poll(() => service.store.hasUnclaimedPreviews(service.clock.now()), DEADLINE).toBe(true);
    service.clock.advance(30_000);
    expect((await answer).errors).toEqual(['null NO_WORKER']);
    expect(await shown('tributary_previews_total', 'outcome="NO_WORKER"')).toBe(1);
    expect(await shown('tributary_limit_hits_total', 'limit="PREVIEW_TIMEOUT"')).toBe(1);
  });
});
