/**
 * What the platform adds to the time that the swarm takes to start a worker: a source gets a service of its own, and in
 * turn the same service is made by hand. A task runs once its health check says so.
 */
import type { CreateServiceOptions } from 'dockerode';
import { until } from '../../test/e2e/app.ts';
import { SWARM_MS, SwarmCluster } from '../../test/swarm/swarm-cluster.ts';
import { type Figure, quantile } from '../report.ts';

/** Of each kind, alternating: a busy machine is as busy for both. */
const ROUNDS = 6;

export async function benchColdPool(): Promise<Figure[]> {
  const cluster = await SwarmCluster.open({ POOL_REPLICAS_MIN: '0' });
  try {
    await cluster.startOrchestrator();
    // The first of all loads what both need.
    await byPlatform(cluster, 0);
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const { ms, spec } = await byPlatform(cluster, round);
      ours.push(ms);
      bare.push(await byHand(cluster, round, spec));
    }
    const [median, bareMedian] = [quantile(ours, 0.5), quantile(bare, 0.5)];
    return [
      { name: 'bare service create, median', value: bareMedian / 1000, unit: 's' },
      { name: 'addSource, median', value: median / 1000, unit: 's' },
      { name: 'as much as the bare one', value: median / bareMedian, unit: 'times', most: 1.3 },
    ];
  } finally {
    await cluster.close();
  }
}

async function byPlatform(
  cluster: SwarmCluster,
  round: number,
): Promise<{ readonly ms: number; readonly spec: CreateServiceOptions }> {
  const from = performance.now();
  const id = await cluster.add(`cold-${round}`, { isolation: 'DEDICATED', every: 'P1D' });
  const pool = await until('its pool', async () => (await cluster.pools()).find((name) => name !== 'shared'));
  await cluster.running(pool, 1);
  const ms = performance.now() - from;
  const { Spec } = await cluster.engine.docker.getService(cluster.serviceOf(pool)).inspect();
  await cluster.change('removeSource', id);
  await until('it to be gone', async () => !(await cluster.pools()).includes(pool), undefined, SWARM_MS);
  return { ms, spec: Spec };
}

async function byHand(cluster: SwarmCluster, round: number, spec: CreateServiceOptions): Promise<number> {
  const name = `bare-${round}-${cluster.services.prefix}`;
  const from = performance.now();
  const service = await cluster.engine.docker.createService({ ...spec, Name: name, Labels: {} });
  try {
    await until(
      'its task to run',
      async () => (await cluster.engine.tasks(name)).some(({ Status }) => Status.State === 'running'),
      undefined,
      SWARM_MS,
    );
    return performance.now() - from;
  } finally {
    await service.remove();
  }
}
