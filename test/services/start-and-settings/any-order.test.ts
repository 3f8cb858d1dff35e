import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { openSite } from '../../e2e/site.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import type { ServiceProcess } from '../service-process.ts';

/** As in a stack, whose parts all start at once. */
describe.skipIf(!hasServers)('services that are started before their servers', () => {
  let cluster: ServiceCluster;
  beforeEach(async () => {
    cluster = await ServiceCluster.open();
    await Promise.all([cluster.mongo.stop(), cluster.redis.stop(), cluster.consul.stop()]);
  });
  afterEach(() => cluster?.close());

  it('wait for them, in whichever order they come, and work', async () => {
    const services = (['gateway', 'configuration', 'datasource', 'endpoint', 'orchestrator'] as const).map(
      (name) => cluster.spawn(name),
    );
    for (const [index, waits] of [
      'consul does not answer',
      'opening the store failed, trying on',
      'opening the store failed, trying on',
      'not registered yet, trying again',
      'not registered yet, trying again',
    ].entries()) {
      const service = services[index] as ServiceProcess;
      await until(
        `${service.service} to say what it waits for`,
        () => service.output.includes(waits),
        () => service.output,
      );
    }
    for (const server of [cluster.consul, cluster.mongo, cluster.redis]) {
      expect(services.filter(({ isRunning }) => !isRunning)).toEqual([]);
      await server.restart();
    }
    await Promise.all(services.map((service) => service.ready()));

    const site = await openSite(() => '<ul><li><b>Anvil</b></li></ul>');
    try {
      const app = cluster.app(services[0] as ServiceProcess);
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
    } finally {
      await site.close();
    }
    for (const service of services)
      expect([service.service, await service.stop()]).toEqual([service.service, 0]);
  });

  it('end on SIGTERM while they wait', async () => {
    const waiting = { configuration: 'opening the store failed', gateway: 'consul does not answer' };
    for (const name of ['configuration', 'gateway'] as const) {
      const service = cluster.spawn(name);
      await until(
        `${name} to wait`,
        () => service.output.includes(waiting[name]),
        () => service.output,
      );
      expect([name, await service.stop()]).toEqual([name, 0]);
    }
  });
});
