import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SourceRemovedError, StaleTokenError, UnavailableError } from '../../../platform/errors.ts';
import { packageRoot } from '../../../platform/sdl.ts';
import { FakePlatform } from './fake-platform.ts';
import { type FixtureSite, openFixtureSite, shopPage } from './fixture-site.ts';
import { field, shopSpec } from './specs.ts';
import { type HarnessOptions, startWorker, type WorkerHarness } from './worker-harness.ts';

let site: FixtureSite;
let platform: FakePlatform;
let harness: WorkerHarness | undefined;

beforeEach(async () => {
  platform = new FakePlatform();
  site = await openFixtureSite({
    '/': shopPage(
      [
        { title: 'Anvil', price: '£51.77' },
        { title: 'Bell', price: '1,299.00' },
      ],
      '/2',
    ),
    '/2': shopPage([{ title: 'Comb' }]),
  });
});

afterEach(async () => {
  await harness?.close();
  harness = undefined;
  await site.close();
});

async function start(options: HarnessOptions = {}) {
  harness = await startWorker(platform, options);
  return harness;
}

const paged = { pagination: { next: '.next@href', limit: 10 } };

/** Waits for a condition, not for a time. */
const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 5 });

describe('a worker', () => {
  it('claims a source, reads it page by page, delivers and reports', async () => {
    platform.addSource(shopSpec(site.url, paged));
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.finalReports()[0]).toMatchObject({
      runId: 'shop-run-1',
      status: 'SUCCEEDED',
      pages: 2,
      records: 3,
      quarantined: 0,
      error: null,
      misses: [{ field: 'price', missing: 1, invalid: 0, sample: null }],
    });
    expect([...platform.batches.values()].map(({ records }) => records)).toEqual([
      [
        { key: 'Anvil', fields: { title: 'Anvil', price: '51.77', url: `${site.url}/items/Anvil` } },
        { key: 'Bell', fields: { title: 'Bell', price: '1299.00', url: `${site.url}/items/Bell` } },
      ],
      [{ key: 'Comb', fields: { title: 'Comb', url: `${site.url}/items/Comb` } }],
    ]);
    expect(platform.completed).toMatchObject([{ runId: 'shop-run-1', batches: 2, sourceId: 'shop' }]);
  });

  it('fetches nothing before the run is reported RUNNING', async () => {
    let requestsAtReport: number | undefined;
    platform.before = (operation) => {
      if (operation === 'reportRun') requestsAtReport ??= site.requests.length;
    };
    platform.addSource(shopSpec(site.url));
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(requestsAtReport).toBe(0);
    expect(platform.reports[0]?.status).toBe('RUNNING');
  });

  it('drops a source whose RUNNING is refused, and never reads it', async () => {
    platform.addSource(shopSpec(site.url));
    platform.addSource(shopSpec(`${site.url}/2`, { id: 'other' }));
    platform.before = (operation, input) => {
      if (operation === 'reportRun' && input.sourceId === 'shop') throw new SourceRemovedError('shop');
    };
    const { worker } = await start();
    await until(() => expect(platform.finalReports('other')).toHaveLength(1));
    expect(worker.heldCount).toBe(1);
    expect(site.requests).toEqual(['/2']);
  });

  it('sends a batch again under the same id until it is acknowledged', async () => {
    platform.addSource(shopSpec(site.url, paged));
    const ids: unknown[] = [];
    platform.before = (operation, { batchId }) => {
      if (operation === 'ingest' && ids.push(batchId) === 1) throw new UnavailableError('busy');
    };
    let isLost = false;
    platform.after = (operation) => {
      if (operation !== 'ingest' || isLost) return;
      isLost = true;
      throw new UnavailableError('the answer is lost on its way');
    };
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(ids).toHaveLength(4);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(platform.batches.size).toBe(2);
    expect(platform.finalReports()[0]?.status).toBe('SUCCEEDED');
  });

  it('reports the end again until it is taken', async () => {
    platform.addSource(shopSpec(site.url));
    let failures = 0;
    platform.before = (operation, { status }) => {
      if (operation === 'reportRun' && status === 'SUCCEEDED' && failures++ < 2) {
        throw new UnavailableError('busy');
      }
    };
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(failures).toBe(3);
  });

  it('delivers nothing more once its token is stale, and forgets the source', async () => {
    platform.addSource(shopSpec(site.url, paged));
    platform.after = (operation) => {
      // Another worker has claimed the source between the first page and the second.
      if (operation === 'ingest') platform.change('shop', { token: 7, workerId: 'another' });
    };
    platform.before = (operation, { token }) => {
      if (operation === 'ingest' && token !== (platform.sources.get('shop')?.token ?? 0)) {
        throw new StaleTokenError('shop', token as number);
      }
    };
    const { worker } = await start();
    await until(() => expect(platform.batches.size).toBe(1));
    await until(() => expect(worker.heldCount).toBe(0));
    await until(() => expect(worker.runningCount).toBe(0));
    expect(platform.batches.size).toBe(1);
    expect(platform.completed).toEqual([]);
    expect(platform.finalReports()).toEqual([]);
  });

  it('runs a source again when it is due', async () => {
    platform.addSource(shopSpec(site.url), { queuedRunId: null, nextRunAt: '2026-01-01T00:00:00.000Z' });
    // What the answer says counts, so it must already be changed when the report is answered.
    platform.before = (operation, { status }) => {
      if (operation === 'reportRun' && status === 'SUCCEEDED') {
        const next = platform.finalReports().length === 0 ? new Date(Date.now() + 50).toISOString() : null;
        platform.change('shop', { nextRunAt: next });
      }
    };
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(2));
    const ids = platform.finalReports().map(({ runId }) => runId);
    expect(new Set(ids).size).toBe(2);
  });

  it('never runs one source twice at once, however often it is asked to', async () => {
    let active = 0;
    let activeMax = 0;
    site.on('/slow', (response) => {
      activeMax = Math.max(activeMax, ++active);
      setTimeout(() => {
        active -= 1;
        response.writeHead(200, { 'content-type': 'text/html' }).end(shopPage([{ title: 'Anvil' }]));
      }, 30);
    });
    platform.addSource(shopSpec(`${site.url}/slow`));
    await start();
    await until(() => expect(platform.reports).toHaveLength(1));
    for (let run = 2; run <= 4; run++) {
      platform.change('shop', { queuedRunId: `shop-run-${run}` });
      platform.wake('RENEW');
      await until(() => expect(platform.reports.some(({ runId }) => runId === `shop-run-${run}`)).toBe(true));
    }
    await until(() => expect(platform.finalReports()).toHaveLength(4));
    expect(activeMax).toBe(1);
  });

  it('stops the run of a source that is taken away, and leaves the others alone', async () => {
    site.on('/never', () => {});
    platform.addSource(shopSpec(`${site.url}/never`));
    const { worker } = await start();
    await until(() => expect(site.requests).toContain('/never'));
    platform.takeAway('shop');
    platform.addSource(shopSpec(site.url, { id: 'other' }));
    platform.wake('RENEW');
    await until(() => expect(platform.finalReports('other')).toHaveLength(1));
    expect(platform.finalReports('shop')).toEqual([]);
    expect(worker.heldCount).toBe(1);
  });

  it('comes back under a new id, with nothing running, when its leases are unknown', async () => {
    site.on('/never', () => {});
    platform.addSource(shopSpec(`${site.url}/never`));
    await start();
    await until(() => expect(site.requests).toEqual(['/never']));
    site.on('/never', shopPage([{ title: 'Anvil' }]));
    platform.endWorker(platform.workerIds[0] as string);
    platform.wake('RENEW');
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.workerIds).toHaveLength(2);
    expect(platform.finalReports()[0]).toMatchObject({ workerId: platform.workerIds[1], token: 2 });
  });

  it('gives its leases back when it is asked to stop, its runs ended within the bound', async () => {
    site.on('/never', () => {});
    platform.addSource(shopSpec(`${site.url}/never`));
    const { stop } = await start({ settings: { DRAIN_TIMEOUT: 'PT0.05S' } });
    await until(() => expect(site.requests).toEqual(['/never']));
    await stop();
    expect(platform.released).toEqual(platform.workerIds);
    expect(platform.finalReports()).toEqual([]);
  });

  it('lets a run that is nearly done come to its end when it is asked to stop', async () => {
    let finish = () => {};
    site.on('/held', (response) => {
      finish = () =>
        response.writeHead(200, { 'content-type': 'text/html' }).end(shopPage([{ title: 'Anvil' }]));
    });
    platform.addSource(shopSpec(`${site.url}/held`));
    const { stop } = await start({ settings: { DRAIN_TIMEOUT: 'PT20S' } });
    await until(() => expect(site.requests).toEqual(['/held']));
    const stopped = stop();
    finish();
    await stopped;
    expect(platform.finalReports()[0]?.status).toBe('SUCCEEDED');
    expect(platform.operations.at(-1)).toBe('releaseLeases');
  });

  it('previews a source without delivering anything', async () => {
    platform.previews.push({ id: 'p1', spec: shopSpec(site.url, paged), first: 1 });
    await start();
    await until(() => expect(platform.previewReports.has('p1')).toBe(true));
    expect(platform.previewReports.get('p1')).toMatchObject({
      status: 'SUCCEEDED',
      pages: 1,
      samples: [{ title: 'Anvil', price: '51.77', url: `${site.url}/items/Anvil` }],
    });
    expect(platform.batches.size).toBe(0);
    expect(platform.reports).toEqual([]);
  });

  it('says in a preview why a source cannot be read', async () => {
    platform.previews.push({ id: 'p1', spec: shopSpec(`${site.url}/none`), first: 1 });
    await start();
    await until(() => expect(platform.previewReports.has('p1')).toBe(true));
    expect(platform.previewReports.get('p1')).toMatchObject({
      status: 'FAILED',
      samples: [],
      error: { code: 'HTTP_STATUS', url: `${site.url}/none` },
    });
  });

  it('completes no run of which a later page failed, and delivers what it read', async () => {
    site.on('/2', (response) => response.writeHead(503).end());
    platform.addSource(shopSpec(site.url, paged));
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.finalReports()[0]).toMatchObject({
      status: 'PARTIAL',
      records: 2,
      error: { code: 'HTTP_STATUS', url: `${site.url}/2` },
    });
    // The first attempt and RETRIES_MAX more.
    expect(site.requests.filter((path) => path === '/2')).toHaveLength(4);
    expect(platform.keys()).toEqual(['Anvil', 'Bell']);
    expect(platform.completed).toEqual([]);
  });

  it('tells the keys of quarantined records as seen, with the reasons', async () => {
    const fields = [field('title', 'a'), field('price', '.price', { type: 'DECIMAL', required: true })];
    site.on(
      '/',
      shopPage([
        { title: 'Anvil', price: '5' },
        { title: 'Bell', price: 'on request' },
      ]),
    );
    platform.addSource(shopSpec(site.url, { fields }));
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect([...platform.batches.values()]).toMatchObject([{ seenKeys: ['Bell'] }]);
    expect(platform.finalReports()[0]).toMatchObject({
      status: 'SUCCEEDED',
      records: 1,
      quarantined: 1,
      quarantinedRecords: [
        {
          page: `${site.url}/`,
          field: 'price',
          reason: 'What ".price" finds cannot be read as DECIMAL.',
          raw: { title: 'Bell', price: 'on request' },
        },
      ],
    });
  });

  it('does not let a source that cannot be read disturb the others', async () => {
    const broken = shopSpec(site.url, { id: 'broken', records: 'li[' });
    platform.addSource(broken);
    platform.addSource(shopSpec(site.url, { id: 'browser', render: 'BROWSER' }));
    platform.addSource(shopSpec(site.url));
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(3));
    expect(platform.finalReports('broken')[0]?.error?.code).toBe('UNSUPPORTED');
    expect(platform.finalReports('browser')[0]?.error?.code).toBe('UNSUPPORTED');
    expect(platform.finalReports('shop')[0]?.status).toBe('SUCCEEDED');
  });

  it('ends a run that takes too long, and says so', async () => {
    site.on('/never', () => {});
    platform.addSource(shopSpec(`${site.url}/never`));
    await start({ settings: { RUN_TIMEOUT: 'PT0.1S' } });
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.finalReports()[0]).toMatchObject({
      status: 'FAILED',
      error: { code: 'TIMEOUT', message: expect.stringContaining('RUN_TIMEOUT') },
    });
  });

  it('ends a run whose records nobody takes, and says that they were not delivered', async () => {
    platform.addSource(shopSpec(site.url));
    platform.before = (operation) => {
      if (operation === 'ingest') throw new UnavailableError('the disk is full');
    };
    await start({ settings: { RUN_TIMEOUT: 'PT0.5S' } });
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.finalReports()[0]).toMatchObject({
      status: 'FAILED',
      error: { code: 'DELIVERY_FAILED', message: expect.stringContaining('the disk is full') },
    });
    expect(platform.completed).toEqual([]);
  });

  it('calls a run that found suspiciously little SUSPECT, and completes it not', async () => {
    platform.addSource(shopSpec(site.url), { baselineRecords: 11 });
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.finalReports()[0]).toMatchObject({
      status: 'SUSPECT',
      error: { code: 'RESULT_SUSPECT' },
    });
    expect(platform.completed).toEqual([]);
  });

  it('runs many sources at once, but no more than it may', async () => {
    let active = 0;
    let activeMax = 0;
    const waiting: (() => void)[] = [];
    site.on('/held', (response) => {
      activeMax = Math.max(activeMax, ++active);
      waiting.push(() => {
        active -= 1;
        response.writeHead(200, { 'content-type': 'text/html' }).end(shopPage([{ title: 'Anvil' }]));
      });
    });
    for (let count = 0; count < 8; count++) {
      platform.addSource(shopSpec(`${site.url}/held`, { id: `source-${count}` }));
    }
    await start({ settings: { RUN_CONCURRENCY: '3', HOST_CONCURRENCY: '100' } });
    await until(() => {
      for (const finish of active === 3 || platform.finalReports().length > 5 ? waiting.splice(0) : [])
        finish();
      expect(platform.finalReports()).toHaveLength(8);
    });
    expect(activeMax).toBe(3);
  });

  it('reads pages in the encodings of their languages', async () => {
    const names = ['chinese-gbk', 'japanese-shift_jis', 'japanese-euc-jp', 'french-windows-1252'];
    for (const name of names) {
      const page = readFileSync(join(packageRoot, 'test', 'fixtures', 'encodings', `${name}.html`));
      site.on(`/${name}`, (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page));
      platform.addSource(shopSpec(`${site.url}/${name}`, { id: name }));
    }
    await start();
    await until(() => expect(platform.finalReports()).toHaveLength(names.length));
    expect(platform.keys().sort()).toEqual([
      'Prix : 12,50 € — l’été',
      'ソースコード表',
      '数据流',
      '日本語の本',
    ]);
  });
});
