import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceName } from '../../../platform/ports/registry.ts';
import { PlatformProcess, until } from '../../e2e/harness.ts';
import { openSite } from '../../e2e/site.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';

describe.skipIf(!hasServers)('a service that is started', () => {
  let cluster: ServiceCluster;
  beforeEach(async () => {
    cluster = await ServiceCluster.open();
  });
  afterEach(() => cluster?.close());

  it.each<[ServiceName, Record<string, string>, string]>([
    ['gateway', { HOST: '0.0.0.0' }, 'gateway: HOST: beyond loopback the graph is for holders of a key only'],
    ['gateway', { BUS_URL: 'memory:' }, 'gateway: BUS_URL: memory: reaches nobody beyond this process'],
    ['configuration', { STORE_URL: '' }, 'configuration: STORE_URL: must be mongodb://'],
    ['configuration', { STORE_URL: 'postgres://me:secret@db/x' }, 'STORE_URL: postgres: is no adapter'],
    [
      'datasource',
      { STORE_URL: 'a-secret-by-mistake' },
      'datasource: STORE_URL: is no URL; it takes sqlite:',
    ],
    ['datasource', { SERVICE_TOKEN: 'short' }, 'datasource: SERVICE_TOKEN: must have at least 16 characters'],
    ['endpoint', { REGISTRY_URL: '' }, 'endpoint: REGISTRY_URL: must be where the services find each other'],
    ['orchestrator', { RUNTIME_URL: 'kubernetes:' }, 'orchestrator: RUNTIME_URL: kubernetes: is no adapter'],
    [
      'scraper',
      { RUN_CONCURRENCY: 'many', KEY_PREFIX: 'No!' },
      'scraper: RUN_CONCURRENCY: must be a whole number',
    ],
  ])('as %s with %o says in a line what is wrong, and ends', async (name, settings, line) => {
    const service = cluster.spawn(name, settings);
    await until(
      `${name} to end`,
      () => !service.isRunning,
      () => service.output,
    );
    expect(service.output).toContain(line);
    expect(service.output).not.toContain('    at ');
    expect(service.output).not.toContain('secret');
    expect(await service.stop()).toBe(1);
  });

  it('says how it is, what it counts, and that it goes', async () => {
    const services = await cluster.start(
      'gateway',
      'configuration',
      'datasource',
      'endpoint',
      'orchestrator',
      'scraper',
    );
    for (const { url } of services) {
      for (const probe of ['/healthz', '/readyz', '/metrics']) {
        const response = await fetch(new URL(probe, url));
        expect([probe, response.status]).toEqual([probe, 200]);
        const text = await response.text();
        if (probe === '/metrics') expect(text).toContain('process_cpu_seconds_total');
      }
    }
    for (const service of services.reverse())
      expect([service.service, await service.stop()]).toEqual([service.service, 0]);
    for (const { service, output } of services) {
      const lines = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.map(({ msg }) => msg)).toEqual(
        expect.arrayContaining(['service ready', 'service stopping']),
      );
      expect(lines.every((line) => line.service === service || line.service === 'scraper')).toBe(true);
    }
  });
});

describe.skipIf(!hasServers)('the platform in one process', () => {
  it('takes any mix of adapters by their URLs', async () => {
    const cluster = await ServiceCluster.open();
    const site = await openSite(() => '<ul><li><b>Anvil</b></li></ul>');
    const { STORE_URL, BUS_URL, REGISTRY_URL, KEY_PREFIX } = cluster.environment as Record<string, string>;
    try {
      for (const mix of [
        { STORE_URL, KEY_PREFIX },
        { BUS_URL, KEY_PREFIX },
        { STORE_URL, BUS_URL, REGISTRY_URL, KEY_PREFIX },
      ] as Record<string, string>[]) {
        const platform = await new PlatformProcess({ environment: mix }).start();
        try {
          const { addSource } = await platform.query(
            `mutation ($url: String!, $name: String!) { addSource(input: { collection: $name, url: $url, records: "li",
              fields: [{ name: "title", select: "b" }] }) { userErrors { message } } }`,
            { url: site.url, name: `mix_${Object.keys(mix).length}_${mix.BUS_URL ? 'bus' : 'store'}` },
          );
          expect(addSource.userErrors).toEqual([]);
          await until('an entry', async () => {
            const { collections } = await platform.query('{ collections { nodes { entryCount } } }');
            return collections.nodes.some(({ entryCount }: { entryCount: number }) => entryCount === 1);
          });
          expect(await platform.stop()).toBe(0);
        } finally {
          await platform.dispose();
        }
      }
    } finally {
      await site.close();
      await cluster.close();
    }
  });
});
