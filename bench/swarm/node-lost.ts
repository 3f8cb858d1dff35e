/** How long the sources of a node that loses its power wait once the swarm knows: for the swarm's new worker, then for it to claim. */
import { until } from '../../test/e2e/app.ts';
import { nodeFault } from '../../test/swarm/node-faults.ts';
import { SWARM_MS, SwarmCluster } from '../../test/swarm/swarm-cluster.ts';
import type { Figure } from '../report.ts';

const WORKERS = 3;

/** As the services of the cluster have it, in seconds. */
const LEASE = 4;

export async function benchNodeLost(): Promise<Figure[]> {
  const cluster = await SwarmCluster.open({ WORKER_CAPACITY: '2' });
  try {
    await cluster.startOrchestrator();
    const shops = Array.from({ length: 2 * WORKERS }, (_, shop) => `shop-${shop}`);
    for (const name of shops) await cluster.add(name);
    const tasks = await cluster.running('shared', WORKERS);
    await cluster.readAgain(shops);
    const own = await cluster.engine.ownNodeId();
    const lost = tasks.find(({ NodeID }) => NodeID !== own);
    if (!lost) throw new Error('All workers run on the manager.');
    const lastReader = (name: string) => cluster.site.readersOf(name).at(-1);
    const sources = shops.filter((name) => lastReader(name) === lost.ID);
    const node = await cluster.engine.hostnameOf(lost.NodeID);
    const from = performance.now();
    await nodeFault('kill', node);
    try {
      let noticed = 0;
      const isDown = async () =>
        (await cluster.engine.nodes()).some(
          ({ ID, Status }) => ID === lost.NodeID && Status.State === 'down',
        );
      await until('the swarm to notice', isDown, undefined, SWARM_MS);
      noticed = performance.now();
      await until(
        'its sources to be read by others',
        () => sources.every((name) => lastReader(name) !== lost.ID),
        undefined,
        SWARM_MS,
      );
      const moved = performance.now();
      return [
        { name: 'from the loss until the swarm knows', value: (noticed - from) / 1000, unit: 's' },
        {
          name: 'from then until all are read again',
          value: (moved - noticed) / 1000,
          unit: 's',
          most: LEASE + 5,
        },
      ];
    } finally {
      await nodeFault('start', node);
    }
  } finally {
    await cluster.close();
  }
}
