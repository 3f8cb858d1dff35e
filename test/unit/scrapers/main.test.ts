import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../../platform/sdl.ts';
import { FakePlatform, type OpenedPlatform, openFakePlatform } from './fake-platform.ts';
import { type FixtureSite, openFixtureSite, shopPage } from './fixture-site.ts';
import { shopSpec } from './specs.ts';

let platform: FakePlatform;
let services: OpenedPlatform;
let site: FixtureSite;
const children: ChildProcess[] = [];

beforeEach(async () => {
  platform = new FakePlatform();
  services = await openFakePlatform(platform);
  site = await openFixtureSite({ '/': shopPage([{ title: 'Anvil' }]), '/never': () => {} });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await services.close();
  await site.close();
});

function startProcess(settings: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', join(packageRoot, 'scrapers', 'main.ts')], {
    cwd: packageRoot,
    env: {
      PATH: process.env.PATH,
      REGISTRY_URL: services.registryUrl,
      SERVICE_TOKEN: services.serviceToken,
      SCRAPER_ALLOW_NETWORKS: '127.0.0.1/32',
      TASK_ID: 'task-1',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  children.push(child);
  return child;
}

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 40_000, interval: 10 });

describe('the worker process', () => {
  it('works by its environment, and gives its leases back on SIGTERM', async () => {
    platform.addSource(shopSpec(site.url));
    let claim: Record<string, unknown> | undefined;
    platform.before = (operation, input) => {
      if (operation === 'claimSources') claim = input;
    };
    const child = startProcess({ POOL: 'source-shop', WORKER_CAPACITY: '7' });
    await until(() => expect(platform.finalReports()).toHaveLength(1));
    expect(claim).toMatchObject({ pool: 'source-shop', capacity: 7, taskId: 'task-1' });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(platform.released).toEqual(platform.workerIds);
  });

  it('does not outlive its parent', async () => {
    platform.addSource(shopSpec(`${site.url}/never`));
    const child = startProcess();
    await until(() => expect(site.requests).toEqual(['/never']));
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(platform.released).toEqual([]);
  });

  it('waits for its runs after the first signal, and for nothing after the second', async () => {
    platform.addSource(shopSpec(`${site.url}/never`));
    const child = startProcess({ DRAIN_TIMEOUT: 'PT10M' });
    await until(() => expect(site.requests).toEqual(['/never']));
    child.kill('SIGTERM');
    // It is draining, and goes on renewing its leases.
    platform.wake('RENEW');
    const before = platform.operations.length;
    await until(() => expect(platform.operations.length).toBeGreaterThan(before));
    expect(child.exitCode).toBeNull();
    const exited = once(child, 'exit');
    // Signals that come with the first are one with it: whoever means a second one sends it a moment later.
    await until(() => {
      child.kill('SIGTERM');
      expect(child.exitCode).toBe(130);
    });
    expect(await exited).toEqual([130, null]);
  });

  it('says what is wrong with its settings, one line each, and ends', async () => {
    const child = startProcess({ REGISTRY_URL: '', RUN_CONCURRENCY: 'many', SCRAPER_ALLOW_NETWORKS: 'home' });
    let output = '';
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(output.trim().split('\n')).toEqual([
      'scraper: REGISTRY_URL: must be where the services find each other: http://<consul>:8500, or static:<service>=<url>,…',
      'scraper: RUN_CONCURRENCY: must be a whole number from 1 to 1000',
      'scraper: SCRAPER_ALLOW_NETWORKS: "home" is not a network such as 10.1.0.0/16 or fd00::/8',
    ]);
  });
});
