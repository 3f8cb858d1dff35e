/** How soon a source's first record reaches a subscriber, where a worker has room for it. */
import { until } from '../../test/e2e/app.ts';
import { TallyFollower } from '../../test/services/tally-follower.ts';
import { SwarmCluster } from '../../test/swarm/swarm-cluster.ts';
import { type Figure, quantile } from '../report.ts';

const ROUNDS = 20;

export async function benchWarmPool(): Promise<Figure[]> {
  const cluster = await SwarmCluster.open();
  try {
    await cluster.startOrchestrator();
    // The first makes the collection and its type.
    await cluster.add('first', { every: 'P1D' });
    await cluster.readAgain(['first'], 1);
    await until(
      'the type in the graph',
      async () => !(await cluster.app.send('{ tallies { totalCount } }')).errors,
    );
    const follower = await new TallyFollower(cluster.app).ready();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const said = cluster.site.said;
      const from = performance.now();
      await cluster.add(`warm-${round}`, { every: 'P1D' });
      await until('its first record', () => [...follower.tallies.values()].flat().some((one) => one >= said));
      times.push(performance.now() - from);
      await until('its last page', () => cluster.site.reads(`warm-${round}`) > 0);
    }
    follower.close();
    return [
      { name: 'median', value: quantile(times, 0.5) / 1000, unit: 's', most: 1 },
      { name: 'slowest', value: Math.max(...times) / 1000, unit: 's' },
    ];
  } finally {
    await cluster.close();
  }
}
