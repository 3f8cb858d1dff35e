import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnavailableError } from '../../../platform/errors.ts';
import { Metrics } from '../../../platform/metrics.ts';
import { shownMetrics } from '../../support/shown-metrics.ts';
import { FakePlatform } from './fake-platform.ts';
import { type Answer, type FixtureSite, openFixtureSite, shopPage } from './fixture-site.ts';
import { shopSpec } from './specs.ts';
import { startWorker, type WorkerHarness } from './worker-harness.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

const never: Answer = () => {};
const broken: Answer = (response) => response.writeHead(503).end();
const askingToWait: Answer = (response) => response.writeHead(503, { 'retry-after': '3600' }).end();
const leadingOn: Answer = (response) => response.writeHead(302, { location: '/next' }).end();

describe('A worker tells', () => {
  let site: FixtureSite;
  let platform: FakePlatform;
  let harness: WorkerHarness | undefined;
  let metrics: Metrics;
  beforeEach(async () => {
    platform = new FakePlatform();
    site = await openFixtureSite();
    metrics = new Metrics();
  });
  afterEach(async () => {
    await harness?.close();
    harness = undefined;
    await site.close();
  });

  const shown = async (name: string, labels?: string) =>
    shownMetrics(await metrics.text()).value(name, labels);
  const hits = (limit: string) => shown('tributary_limit_hits_total', `limit="${limit}"`);
  const start = async (settings: Record<string, string> = {}) => {
    harness = await startWorker(platform, { metrics, settings });
  };

  it('what it reads and delivers, and what it has to send again', async () => {
    site.on('/', shopPage([{ title: 'Anvil' }, { title: '' }]));
    let isFirst = true;
    platform.before = (operation) => {
      if (operation !== 'ingest' || !isFirst) return;
      isFirst = false;
      throw new UnavailableError('busy');
    };
    platform.addSource(shopSpec(`${site.url}/`));
    await start();
    await expect.poll(() => platform.finalReports().length, DEADLINE).toBe(1);
    expect(await shown('tributary_scraper_pages_total', 'outcome="OK"')).toBe(1);
    expect(await shown('tributary_scraper_page_bytes_total')).toBeGreaterThan(0);
    expect(await shown('tributary_scraper_request_duration_seconds_count')).toBe(1);
    expect(await shown('tributary_scraper_turn_wait_seconds_count')).toBe(1);
    expect(await shown('tributary_scraper_records_total')).toBe(1);
    expect(await shown('tributary_scraper_quarantined_records_total')).toBe(1);
    expect(await shown('tributary_scraper_batches_total')).toBe(1);
    expect(await shown('tributary_scraper_resent_batches_total')).toBe(1);
    expect(await shown('tributary_scraper_held_sources')).toBe(1);
    await expect.poll(() => shown('tributary_scraper_runs'), DEADLINE).toBe(0);
  });

  it.each<[limit: string, answer: Answer | string, settings: Record<string, string>]>([
    ['PAGE_BYTES_MAX', 'x'.repeat(2_000), { PAGE_BYTES_MAX: '1024' }],
    ['PAGE_TIMEOUT', never, { PAGE_TIMEOUT: 'PT0.05S', RETRIES_MAX: '0' }],
    ['RUN_TIMEOUT', never, { RUN_TIMEOUT: 'PT0.1S' }],
    ['REDIRECTS_MAX', leadingOn, { REDIRECTS_MAX: '0' }],
    ['SCRAPER_ALLOW_NETWORKS', shopPage([]), { SCRAPER_ALLOW_NETWORKS: '' }],
    ['RETRIES_MAX', broken, { RETRIES_MAX: '2' }],
    ['RETRY_AFTER_MAX', askingToWait, {}],
  ])('that %s has ended a run, once', async (limit, answer, settings) => {
    site.on('/', answer);
    platform.addSource(shopSpec(`${site.url}/`));
    await start(settings);
    await expect.poll(() => platform.finalReports().length, DEADLINE).toBe(1);
    expect(platform.finalReports()[0]?.status).toBe('FAILED');
    expect(await hits(limit)).toBe(1);
  });

  it('each attempt that a bound has cut off, and each that came after', async () => {
    site.on('/', never);
    platform.addSource(shopSpec(`${site.url}/`));
    await start({ PAGE_TIMEOUT: 'PT0.05S', RETRIES_MAX: '2' });
    await expect.poll(() => platform.finalReports().length, DEADLINE).toBe(1);
    expect(await hits('PAGE_TIMEOUT')).toBe(3);
    expect(await hits('RETRIES_MAX')).toBe(1);
    expect(await shown('tributary_scraper_retries_total')).toBe(2);
    expect(await shown('tributary_scraper_pages_total', 'outcome="TIMEOUT"')).toBe(3);
  });

  it('that a run found suspiciously little, and that runs were cut off at its stop', async () => {
    site.on('/', shopPage([{ title: 'Anvil' }]));
    site.on('/never', never);
    platform.addSource(shopSpec(`${site.url}/`), { baselineRecords: 11 });
    await start({ DRAIN_TIMEOUT: 'PT0.05S' });
    await expect.poll(() => platform.finalReports().length, DEADLINE).toBe(1);
    expect(await hits('SUSPECT_BELOW')).toBe(1);
    platform.addSource(shopSpec(`${site.url}/never`, { id: 'slow' }));
    await expect.poll(() => site.requests, DEADLINE).toContain('/never');
    await harness?.stop();
    expect(await hits('DRAIN_TIMEOUT')).toBe(1);
  });
});
