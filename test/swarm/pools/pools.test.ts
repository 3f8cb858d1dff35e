import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { queryTallies } from '../../services/tallies.ts';
import { CLUSTER, type ClusterView, hasSwarm, SWARM_MS, SwarmCluster } from '../swarm-cluster.ts';

/** Sources of the story that grows: as many as four workers hold at two each. */
const MANY = 8;

describe.skipIf(!hasSwarm)('pools on a swarm', () => {
  let cluster: SwarmCluster;

  beforeAll(async () => {
    cluster = await SwarmCluster.open({ WORKER_CAPACITY: '2', POOL_REPLICAS_MIN: '0' });
    await cluster.startOrchestrator();
  });
  afterAll(() => cluster?.close());

  const many = Array.from({ length: MANY }, (_, shop) => `shop-${shop}`);
  const ids: string[] = [];
  const workerOf = async (id: string) =>
    (await cluster.app.query('query ($id: ID!) { source(id: $id) { worker { pool hostname } } }', { id }))
      .source.worker as { pool: string; hostname: string } | null;

  it('addSource starts a service with a task; its entries arrive, and the graph tells of it', async () => {
    const changes = cluster.app.subscribe<{ clusterChanged: ClusterView }>(
      `subscription { clusterChanged { ${CLUSTER} } }`,
    );
    ids.push(await cluster.add('shop-0'));
    const [task] = await cluster.running('shared', 1);
    await until('its entries', async () => (await queryTallies(cluster.app).catch(() => new Map())).size > 0);
    const node = await cluster.engine.hostnameOf(task?.NodeID);
    const pool = await cluster.pool('the task to be seen', 'shared', ({ tasks: [seen] }) =>
      Boolean(seen?.state === 'RUNNING' && seen.sources.nodes.length > 0),
    );
    expect(pool).toMatchObject({
      replicas: 1,
      sourceCount: 1,
      problem: null,
      tasks: [
        { id: task?.ID, node, state: 'RUNNING', error: null, sources: { nodes: [{ name: 'shop-0' }] } },
      ],
    });
    expect(await workerOf(String(ids[0]))).toEqual({ pool: 'shared', hostname: node });
    expect(cluster.site.readersOf('shop-0')).toEqual([task?.ID]);
    const { clusterChanged } = await changes.next(({ clusterChanged: { pools } }) =>
      pools.some(({ tasks }) =>
        tasks.some(
          ({ id, state, sources }) => id === task?.ID && state === 'RUNNING' && sources.nodes.length > 0,
        ),
      ),
    );
    const nodes = (await cluster.engine.nodes()).map(({ Description }) => Description.Hostname);
    expect(clusterChanged.nodes.map(({ hostname }) => hostname).sort()).toEqual(nodes.sort());
    changes.close();
  });

  it('workers follow the sources, from one to many and back', async () => {
    for (const name of many.slice(1)) ids.push(await cluster.add(name));
    const grown = await cluster.running('shared', MANY / 2);
    await until(
      'every source to be read',
      () => many.every((name) => cluster.site.reads(name) > 0),
      () => many.filter((name) => cluster.site.reads(name) === 0),
      SWARM_MS,
    );
    // Each holds what it can, and no more.
    await cluster.pool(
      'the sources to be shared out',
      'shared',
      ({ tasks }) =>
        tasks.length === grown.length && tasks.every(({ sources }) => sources.nodes.length === 2),
    );
    for (const id of ids.slice(1)) await cluster.change('removeSource', id);
    const [left] = await cluster.running('shared', 1);
    await until(
      'the source that is left to be read by the worker that is left',
      () => cluster.site.readersOf('shop-0').at(-1) === left?.ID,
      () => ({ readers: cluster.site.readersOf('shop-0'), left: left?.ID }),
      SWARM_MS,
    );
    await cluster.readAgain(['shop-0']);
  });

  it('a paused source is read no more until it is resumed', async () => {
    const id = String(ids[0]);
    await cluster.change('pauseSource', id);
    await until('it to be let go', async () => (await workerOf(id)) === null);
    await cluster.running('shared', 0);
    const before = cluster.site.reads('shop-0');
    await cluster.change('resumeSource', id);
    await cluster.running('shared', 1);
    await cluster.readAgain(['shop-0']);
    expect(cluster.site.reads('shop-0')).toBeGreaterThan(before);
  });

  it('a dedicated source has a service to itself, and takes it along', async () => {
    const id = await cluster.add('alone', { isolation: 'DEDICATED' });
    const pool = await until('its pool', async () =>
      (await cluster.pools()).find((name) => name !== 'shared'),
    );
    const [task] = await cluster.running(pool, 1);
    await cluster.readAgain(['alone']);
    expect(cluster.site.readersOf('alone')).toEqual([task?.ID]);
    expect(cluster.site.readersOf('shop-0')).not.toContain(task?.ID);
    await cluster.change('pauseSource', id);
    await until(
      'its service to be gone',
      async () => !(await cluster.pools()).includes(pool),
      undefined,
      SWARM_MS,
    );
    await cluster.change('resumeSource', id);
    await cluster.running(pool, 1);
    await cluster.readAgain(['alone']);
    await cluster.change('removeSource', id);
    await until(
      'its service to be gone',
      async () => !(await cluster.pools()).includes(pool),
      undefined,
      SWARM_MS,
    );
    await cluster.readAgain(['shop-0']);
  });

  it('and of all that was read nothing is lost, and nothing counts twice', () => cluster.expectExact());
});
