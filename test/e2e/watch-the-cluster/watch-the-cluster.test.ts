import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShop, type Shop } from '../../../examples/shop/shop.ts';
import { ManualClock } from '../../../platform/clock.ts';
import { type EventLog, PlatformProcess } from '../harness.ts';
import { childrenOf } from '../processes.ts';

const WATCH = `subscription { clusterChanged {
  nodes { hostname }
  pools { name replicas problem tasks { id node state error sources { nodes { id name } } } }
  workers { id pool hostname }
} }`;

interface Task {
  readonly id: string;
  readonly node: string;
  readonly state: string;
  readonly sources: { readonly nodes: readonly { readonly id: string; readonly name: string }[] };
}
interface Pool {
  readonly name: string;
  readonly problem: string | null;
  readonly tasks: readonly Task[];
}
interface Cluster {
  readonly nodes: readonly { readonly hostname: string }[];
  readonly pools: readonly Pool[];
  readonly workers: readonly { readonly id: string; readonly pool: string; readonly hostname: string }[];
}
type Watch = EventLog<{ readonly clusterChanged: Cluster }>;

describe('whoever watches the cluster', () => {
  let shop: Shop;
  let platform: PlatformProcess;
  let watch: Watch;

  beforeAll(async () => {
    shop = await openShop({ clock: new ManualClock() });
    platform = await new PlatformProcess({
      environment: { DEDICATED_POOLS_MAX: '1', LEASE: 'PT2S' },
    }).start();
    watch = platform.subscribe(WATCH);
  });
  afterAll(async () => {
    await platform?.dispose();
    await shop?.close();
  });

  async function add(name: string): Promise<string> {
    const { addSource } = await platform.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          name,
          isolation: 'DEDICATED',
          collection: 'offers',
          url: `${shop.url}/outlet.html`,
          every: 'P1D',
          records: 'table.offers tr.offer',
          fields: [{ name: 'title', select: 'a' }],
        },
      },
    );
    expect(addSource.userErrors).toEqual([]);
    return addSource.source.id;
  }

  /** Waits until the cluster was told to be so after all that was told before. */
  async function told(fits: (cluster: Cluster) => boolean, from = 0): Promise<Cluster> {
    const { clusterChanged } = await watch.next(
      (event) => watch.events.indexOf(event) >= from && fits(event.clusterChanged),
    );
    return clusterChanged;
  }

  const served = (cluster: Cluster, pool: string) =>
    cluster.pools
      .find(({ name }) => name === pool)
      ?.tasks.find(({ state, sources }) => state === 'RUNNING' && sources.nodes.length > 0);

  let id: string;

  it('sees a source get a worker, as far as the source, and the node it runs on', async () => {
    id = await add('mine');
    const cluster = await told((seen) => served(seen, `source-${id}`) !== undefined);
    const task = served(cluster, `source-${id}`);
    expect(task?.sources.nodes).toEqual([{ id, name: 'mine' }]);
    expect(cluster.nodes.map(({ hostname }) => hostname)).toEqual([task?.node]);
    expect(cluster.workers).toContainEqual({
      id: expect.any(String),
      pool: `source-${id}`,
      hostname: task?.node,
    });
  });

  it('sees all that is there when it comes later', async () => {
    const late: Watch = platform.subscribe(WATCH);
    const { clusterChanged } = await late.next(() => true);
    expect(served(clusterChanged, `source-${id}`)).toBeDefined();
    late.close();
  });

  it('sees why a source has no worker, as does who follows that source, until it has one', async () => {
    const refused = await add('too many');
    const problem = expect.stringContaining('DEDICATED_POOLS_MAX (1)');
    await told(({ pools }) => pools.some(({ name }) => name === `source-${refused}`));
    const source = await platform.query('query ($id: ID!) { source(id: $id) { state problem } }', {
      id: refused,
    });
    expect(source).toEqual({ source: { state: 'ACTIVE', problem } });

    const follows = platform.subscribe(
      'subscription ($id: ID!) { sourceChanged(id: $id) { problem worker { pool } } }',
      { id: refused },
    );
    const before = watch.events.length;
    await platform.query('mutation ($id: ID!) { removeSource(id: $id) { removedId } }', { id });
    await follows.next(({ sourceChanged }) => sourceChanged.worker?.pool === `source-${refused}`);
    expect(follows.events.at(-1)).toMatchObject({ sourceChanged: { problem: null } });
    await told((seen) => served(seen, `source-${refused}`) !== undefined);
    const { pools } = await told((seen) => seen.pools.every(({ name }) => name !== `source-${id}`), before);
    expect(pools.map(({ problem: left }) => left)).toEqual(pools.map(() => null));
  });

  it('sees workers die, and others take their places', async () => {
    const workersOf = ({ workers }: Cluster) => workers.map((worker) => worker.id);
    const before = watch.events.at(-1)?.clusterChanged;
    const dead = before ? workersOf(before) : [];
    expect(dead.length).toBeGreaterThan(0);
    const from = watch.events.length;
    for (const child of childrenOf(platform.pid)) process.kill(child, 'SIGKILL');
    await told(
      (seen) => seen.workers.length > 0 && workersOf(seen).every((worker) => !dead.includes(worker)),
      from,
    );
  });
});
