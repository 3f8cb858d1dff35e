import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../platform/clock.ts';
import { UnavailableError } from '../../../platform/errors.ts';
import { FakePlatform } from './fake-platform.ts';
import { type FixtureSite, openFixtureSite, shopPage } from './fixture-site.ts';
import { shopSpec } from './specs.ts';
import { startWorker, type WorkerHarness } from './worker-harness.ts';

const LEASE_MS = 30_000;

let site: FixtureSite;
let platform: FakePlatform;
let steadyClock: ManualClock;
let harness: WorkerHarness;

beforeEach(async () => {
  platform = new FakePlatform();
  platform.leaseMs = LEASE_MS;
  site = await openFixtureSite({ '/': shopPage([{ title: 'Anvil' }]), '/never': () => {} });
  steadyClock = new ManualClock();
});
afterEach(async () => {
  platform.before = () => {};
  await harness.close();
  await site.close();
});

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 5 });
const renewals = () => platform.operations.filter((operation) => operation === 'renewLeases').length;
const count = (name: string) => platform.operations.filter((operation) => operation === name).length;

/** Starts a worker on a source that never answers, and waits until it has settled down. */
async function startOnSilentSite(): Promise<void> {
  platform.addSource(shopSpec(`${site.url}/never`));
  harness = await startWorker(platform, { steadyClock });
  await until(() => expect(site.requests).toEqual(['/never']));
  // The connection's beginning is a gap: the worker reads up what it may have missed.
  await until(() => expect(renewals()).toBeGreaterThan(0));
  await until(() => expect(count('claimPreviews')).toBeGreaterThan(0));
}

describe('leases', () => {
  it('are taken on as many sources as the capacity allows now', async () => {
    const live = { WORKER_CAPACITY: 1, HOST_CONCURRENCY: 4, HOST_INTERVAL: 1 };
    for (const id of ['a', 'b', 'c']) platform.addSource(shopSpec(`${site.url}/never`, { id }));
    harness = await startWorker(platform, { steadyClock, live: { current: () => live } });
    await until(() => expect(renewals()).toBeGreaterThan(0));
    expect(harness.worker.heldCount).toBe(1);
    live.WORKER_CAPACITY = 2;
    platform.wake('CLAIM');
    await until(() => expect(harness.worker.heldCount).toBe(2));
  });

  it('are taken on as many sources as a browser may hold, in a pool of browsers', async () => {
    for (const id of ['a', 'b', 'c']) platform.addSource(shopSpec(`${site.url}/never`, { id }));
    const settings = { POOL: 'browser', BROWSER_WORKER_CAPACITY: '2', WORKER_CAPACITY: '1' };
    harness = await startWorker(platform, { steadyClock, settings });
    await until(() => expect(renewals()).toBeGreaterThan(0));
    expect(harness.worker.heldCount).toBe(2);
  });

  it('are renewed every third of their time', async () => {
    await startOnSilentSite();
    for (let third = 0; third < 4; third++) {
      steadyClock.advance(LEASE_MS / 3);
      // Renewed now and heard of it: they end nine tenths of their time from here, and from no earlier moment.
      await until(() => expect(steadyClock.dueAtMs).toContain(steadyClock.now() + LEASE_MS * 0.9));
    }
    expect(harness.worker.runningCount).toBe(1);
  });

  it('are given up, with every run, before they end where they cannot be renewed', async () => {
    await startOnSilentSite();
    platform.before = (operation) => {
      if (operation === 'renewLeases' || operation === 'claimSources') throw new UnavailableError('down');
    };
    // One step at a time: what the worker does in between takes a moment.
    for (let elapsedMs = 0; elapsedMs < LEASE_MS * 0.89; elapsedMs += 1_000) {
      steadyClock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
      if (elapsedMs < LEASE_MS * 0.8) expect(harness.worker.runningCount).toBe(1);
    }
    steadyClock.advance(LEASE_MS * 0.05);
    // Nine tenths are over, the leases still hold, and nothing runs any more.
    await until(() => expect(harness.worker.runningCount).toBe(0));
    expect(harness.worker.heldCount).toBe(0);
    expect(platform.finalReports()).toEqual([]);
  });

  it('are claimed anew under another id when configuration is back', async () => {
    await startOnSilentSite();
    site.on('/never', shopPage([{ title: 'Anvil' }]));
    platform.before = (operation) => {
      if (operation === 'renewLeases') throw new UnavailableError('down');
    };
    platform.endWorker(platform.workerIds[0] as string);
    await until(() => {
      steadyClock.advance(1_000);
      expect(platform.workerIds).toHaveLength(2);
    });
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(platform.finalReports()[0]).toMatchObject({
      status: 'SUCCEEDED',
      workerId: platform.workerIds[1],
    });
  });

  it('tell again what an answer that was lost had said', async () => {
    let isLost = false;
    platform.after = (operation) => {
      if (operation !== 'claimSources' || isLost) return;
      isLost = true;
      throw new UnavailableError('the answer is lost on its way');
    };
    platform.addSource(shopSpec(site.url));
    harness = await startWorker(platform, { steadyClock });
    await until(() => {
      steadyClock.advance(100);
      expect(platform.finalReports()).toHaveLength(1);
    });
    expect(isLost).toBe(true);
    expect(platform.finalReports()[0]?.status).toBe('SUCCEEDED');
  });
});
