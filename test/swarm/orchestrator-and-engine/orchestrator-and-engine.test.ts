import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import type { ServiceProcess } from '../../services/service-process.ts';
import { hasSwarm, SWARM_MS, SwarmCluster } from '../swarm-cluster.ts';

/** How long the manager does not answer, in milliseconds: longer than the leases of all workers. */
const AWAY_MS = 30_000;

describe.skipIf(!hasSwarm)('the orchestrator or its manager is away', () => {
  let cluster: SwarmCluster;
  let orchestrators: ServiceProcess[];

  const shops = Array.from({ length: 4 }, (_, shop) => `shop-${shop}`);

  beforeAll(async () => {
    cluster = await SwarmCluster.open({ WORKER_CAPACITY: '2' });
    orchestrators = [await cluster.startOrchestrator(), await cluster.startOrchestrator()];
    for (const name of shops) await cluster.add(name);
    await cluster.running('shared', 2);
    await cluster.readAgain(shops);
  });
  afterAll(() => cluster?.close());

  const changesOf = ({ output }: ServiceProcess) => output.split('"pool changed"').length - 1;
  const idsOf = async (count: number) => (await cluster.running('shared', count)).map(({ ID }) => ID).sort();

  it('the leader killed: another goes on where it was, and no worker is touched', async () => {
    const leading = orchestrators.filter((one) => changesOf(one) > 0);
    expect(leading).toHaveLength(1);
    const [first] = leading as [ServiceProcess];
    const next = orchestrators.find((one) => one !== first) as ServiceProcess;
    const before = await idsOf(2);
    await first.kill();
    await cluster.readAgain(shops);
    // Only one that leads makes this pool.
    const id = await cluster.add('late', { isolation: 'DEDICATED' });
    await until(
      'the other to make a pool',
      () => changesOf(next) > 0,
      () => next.output.slice(-2_000),
      SWARM_MS,
    );
    await cluster.readAgain([...shops, 'late'], 1);
    expect(await idsOf(2)).toEqual(before);
    expect(changesOf(next)).toBe(1);
    await cluster.change('removeSource', id);
    await until(
      'its service to be gone',
      async () => (await cluster.pools()).length === 1,
      undefined,
      SWARM_MS,
    );
    await first.start();
  });

  for (const kind of ['refuses', 'hangs'] as const) {
    it(`the manager ${kind} for a while: sources are read all the same, and what was added runs once it is back`, async () => {
      const before = await idsOf(2);
      if (kind === 'refuses') await cluster.manager.stop();
      else cluster.manager.freeze();
      const awayUntil = performance.now() + AWAY_MS;
      const id = await cluster.add(`added-${kind}`, { isolation: 'DEDICATED' });
      do await cluster.readAgain(shops);
      while (performance.now() < awayUntil);
      expect(cluster.site.reads(`added-${kind}`)).toBe(0);
      if (kind === 'refuses') await cluster.manager.restart();
      else cluster.manager.thaw();
      await cluster.readAgain([`added-${kind}`], 1);
      expect(await idsOf(2)).toEqual(before);
      await cluster.change('removeSource', id);
      await until(
        'its service to be gone',
        async () => (await cluster.pools()).length === 1,
        undefined,
        SWARM_MS,
      );
    });
  }

  it('and of all that was read nothing is lost, and nothing counts twice', () => cluster.expectExact());
});
