import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../platform/sdl.ts';
import { until } from '../../e2e/app.ts';
import { openSite, type Site } from '../../e2e/site.ts';
import { freePort } from '../../support/free-ports.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import type { ServiceProcess } from '../service-process.ts';

/** Runs the health check as a container does. @returns Its exit code. */
async function healthOf(environment: Readonly<Record<string, string>>): Promise<number> {
  const check = join(packageRoot, 'dist', 'platform', 'process', 'health-check.js');
  const child = spawn(process.execPath, [check], { env: environment, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code;
}

/** What Swarm's workers are told: two services' names, a Redis for their host budgets, a secret in a file, and a port. */
describe.skipIf(!hasServers)('a worker in a container', () => {
  let cluster: ServiceCluster;
  let gateway: ServiceProcess;
  let worker: ServiceProcess;
  let folder: string;
  let site: Site;
  let settings: Record<string, string>;

  beforeAll(async () => {
    site = await openSite(() => '<ul><li><b>Anvil</b></li></ul>');
    cluster = await ServiceCluster.open();
    const started = (await cluster.start('gateway', 'configuration', 'datasource', 'endpoint')) as [
      ServiceProcess,
      ServiceProcess,
      ServiceProcess,
      ServiceProcess,
    ];
    gateway = started[0];
    folder = mkdtempSync(join(tmpdir(), 'tributary-secrets-'));
    writeFileSync(join(folder, 'SERVICE_TOKEN'), `${cluster.serviceToken}\n`);
    settings = {
      REGISTRY_URL: `static:configuration=${started[1].url},datasource=${started[2].url}`,
      HOST_BUDGET_URL: String(cluster.environment.BUS_URL),
      BUS_URL: '',
      SERVICE_TOKEN: '',
      SERVICE_TOKEN_FILE: join(folder, 'SERVICE_TOKEN'),
      TASK_ID: 'task-7',
      HOST: '0.0.0.0',
      PORT: String(await freePort()),
    };
    worker = cluster.spawn('scraper', settings);
    await worker.ready();
  });
  afterAll(async () => {
    await cluster?.close();
    await site?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  it('reads sources, and shares the hosts’ budgets by Redis', async () => {
    const app = cluster.app(gateway);
    const { addSource } = await app.query(
      `mutation ($url: String!) { addSource(input: { collection: "things", url: $url, records: "li",
        fields: [{ name: "title", select: "b" }] }) { userErrors { message } } }`,
      { url: site.url },
    );
    expect(addSource.userErrors).toEqual([]);
    await until('an entry', async () => {
      const { collections } = await app.query('{ collections { nodes { entryCount } } }');
      return collections.nodes.some(({ entryCount }: { entryCount: number }) => entryCount === 1);
    });
    const redis = new Redis(String(process.env.REDIS_URL));
    expect(await redis.keys(`${cluster.prefix}:host:*`)).not.toEqual([]);
    redis.disconnect();
  });

  it('says how it is, to strangers no more than that', async () => {
    const url = `http://127.0.0.1:${settings.PORT}`;
    for (const probe of ['/healthz', '/readyz']) expect((await fetch(`${url}${probe}`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const authorization = `Bearer ${cluster.serviceToken}`;
    expect((await fetch(`${url}/metrics`, { headers: { authorization } })).status).toBe(200);
    expect(await healthOf(settings)).toBe(0);
    // Asked at no port, it says nothing; nobody listens at the other.
    expect(await healthOf({})).toBe(0);
    expect(await healthOf({ PORT: String(await freePort()) })).toBe(1);
    worker.freeze();
    expect(await healthOf(settings)).toBe(1);
    worker.thaw();
    expect(await healthOf(settings)).toBe(0);
  });

  it('gives its sources back on SIGTERM, and keeps its secret to itself', async () => {
    const seenWorkers = async () =>
      (await cluster.app(gateway).query('{ cluster { workers { lastSeenAt sourceCount } } }')).cluster
        .workers;
    // One that was frozen may have lost its leases, and begins anew under another name.
    const thawedAtMs = Date.now();
    await until('the worker to be heard of again', async () => {
      const [one, ...others] = await seenWorkers();
      return others.length === 0 && one?.sourceCount === 1 && Date.parse(one.lastSeenAt) > thawedAtMs;
    });
    expect(await worker.stop()).toBe(0);
    expect(worker.output).not.toContain(cluster.serviceToken);
    expect(await seenWorkers()).toEqual([]);
  });

  it('does not start with a secret that is given twice', async () => {
    const twice = cluster.spawn('scraper', { ...settings, SERVICE_TOKEN: 'another-token-of-services' });
    await until('it to end', () => !twice.isRunning);
    expect(await twice.stop()).toBe(1);
    expect(twice.output.trim()).toBe(
      'scraper: SERVICE_TOKEN: is given by SERVICE_TOKEN_FILE too: leave one of them out',
    );
  });
});
