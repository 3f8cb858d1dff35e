import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShop, type Shop } from '../../../examples/shop/shop.ts';
import { ManualClock } from '../../../platform/clock.ts';
import { PlatformProcess, until } from '../harness.ts';

interface Pool {
  readonly name: string;
  readonly isolation: string;
  readonly replicas: number;
  readonly sourceCount: number;
  readonly tasks: readonly { state: string; error: string | null; sources: { nodes: { name: string }[] } }[];
}

describe('a source that wants a worker of its own', () => {
  let shop: Shop;
  let platform: PlatformProcess;

  beforeAll(async () => {
    shop = await openShop({ clock: new ManualClock() });
    platform = await new PlatformProcess().start();
  });
  afterAll(async () => {
    await platform?.dispose();
    await shop?.close();
  });

  async function pools(): Promise<readonly Pool[]> {
    const { cluster } = await platform.query(
      '{ cluster { pools { name isolation replicas sourceCount tasks { state error sources { nodes { name } } } } } }',
    );
    return cluster.pools;
  }

  /** Waits until the cluster looks as it should. */
  async function settled(what: string, fits: (pools: readonly Pool[]) => boolean): Promise<readonly Pool[]> {
    let seen: readonly Pool[] = [];
    return until(
      what,
      async () => {
        seen = await pools();
        return fits(seen) && seen;
      },
      () => seen,
    );
  }

  const servedBy = (pool: Pool | undefined) =>
    pool?.tasks
      .flatMap(({ state, sources }) => (state === 'RUNNING' ? sources.nodes : []))
      .map(({ name }) => name)
      .sort();

  async function add(name: string, isolation: string): Promise<string> {
    const { addSource } = await platform.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          name,
          isolation,
          collection: 'offers',
          url: `${shop.url}/outlet.html`,
          records: 'table.offers tr.offer',
          fields: [{ name: 'title', select: 'a' }],
        },
      },
    );
    expect(addSource.userErrors).toEqual([]);
    return addSource.source.id;
  }

  it('gets one, keeps it alone, and gives it up when it is content with the others', async () => {
    await add('among others', 'SHARED');
    const id = await add('alone', 'DEDICATED');
    const [first, second, ...rest] = await settled('each pool to serve its source', (seen) => {
      const [shared, dedicated] = seen;
      return servedBy(shared)?.join() === 'among others' && servedBy(dedicated)?.join() === 'alone';
    });
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ name: 'shared', isolation: 'SHARED', replicas: 1, sourceCount: 1 });
    expect(second).toMatchObject({
      name: `source-${id}`,
      isolation: 'DEDICATED',
      replicas: 1,
      sourceCount: 1,
    });

    const { updateSource } = await platform.query(
      'mutation ($id: ID!) { updateSource(id: $id, input: { isolation: SHARED }) { userErrors { message } } }',
      { id },
    );
    expect(updateSource.userErrors).toEqual([]);
    await settled(
      'the shared pool to serve both, alone',
      (seen) => seen.length === 1 && servedBy(seen[0])?.join() === 'alone,among others',
    );
  });

  it('takes its worker with it when it is removed', async () => {
    const id = await add('leaving', 'DEDICATED');
    await settled('its pool to serve it', (seen) =>
      seen.some((pool) => pool.name === `source-${id}` && servedBy(pool)?.join() === 'leaving'),
    );
    await platform.query('mutation ($id: ID!) { removeSource(id: $id) { removedId } }', { id });
    await settled('its pool to go', (seen) => seen.every((pool) => pool.name === 'shared'));
  });
});
