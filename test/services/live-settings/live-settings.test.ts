import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import type { ServiceProcess } from '../service-process.ts';

describe.skipIf(!hasServers)('settings changed while services run', () => {
  let cluster: ServiceCluster;
  let gateway: ServiceProcess;
  let orchestrator: ServiceProcess;

  beforeAll(async () => {
    cluster = await ServiceCluster.open();
    const names = ['gateway', 'orchestrator', 'configuration', 'datasource', 'endpoint'] as const;
    [gateway, orchestrator] = (await cluster.start(...names)) as [ServiceProcess, ServiceProcess];
  });
  afterAll(() => cluster?.close());

  it('reach every process, its workers too', async () => {
    await cluster.putLiveSetting('LOG_LEVEL', 'debug');
    await until('the log level to change', () =>
      [gateway, orchestrator].every(({ output }) => output.includes('"LOG_LEVEL"')),
    );
    await cluster.putLiveSetting('WORKER_CAPACITY', '7');
    const app = cluster.app(gateway);
    await until('a worker to say its new capacity', async () => {
      const { data } = await app.send<{ cluster: { workers: { capacity: number }[] } }>(
        '{ cluster { workers { capacity } } }',
      );
      return data?.cluster.workers.length === 1 && data.cluster.workers[0]?.capacity === 7;
    });
  });

  it('are refused where they are wrong, by name, and what held goes on', async () => {
    await cluster.putLiveSetting('HOST_CONCURRENCY', 'plenty');
    await until('the worker to refuse it', () =>
      orchestrator.output
        .split('\n')
        .some((line) => line.includes('live setting refused') && line.includes('HOST_CONCURRENCY')),
    );
    const { cluster: seen } = await cluster.app(gateway).query('{ cluster { workers { capacity } } }');
    expect(seen.workers).toEqual([{ capacity: 7 }]);
  });
});
