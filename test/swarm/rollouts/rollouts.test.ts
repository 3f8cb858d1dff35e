import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import type { ServiceProcess } from '../../services/service-process.ts';
import { hasSwarm, IMAGE, SWARM_MS, SwarmCluster } from '../swarm-cluster.ts';

/** An image that is nowhere. */
const MISSING_IMAGE = 'tributary-that-nobody-built:1';

describe.skipIf(!hasSwarm)('what workers are made of changes', () => {
  let cluster: SwarmCluster;
  let orchestrator: ServiceProcess;
  /** What workers are started from now. */
  let image = IMAGE;

  const shops = Array.from({ length: 4 }, (_, shop) => `shop-${shop}`);

  beforeAll(async () => {
    cluster = await SwarmCluster.open({ WORKER_CAPACITY: '2' });
  });
  afterAll(() => cluster?.close());

  /** The image again, by a name that workers were not started from. */
  const sameImageById = async () => (await cluster.engine.docker.getImage(IMAGE).inspect()).Id;

  /** As an operator rolls out: the same orchestrator, with other settings. */
  const restart = async (settings: Readonly<Record<string, string>>) => {
    await orchestrator?.stop();
    orchestrator = await cluster.startOrchestrator(settings);
  };
  const problemOf = async (id: string): Promise<string | null> =>
    (await cluster.app.query('query ($id: ID!) { source(id: $id) { problem } }', { id })).source.problem;
  const idsOf = async () => (await cluster.running('shared', 2)).map(({ ID }) => ID).sort();

  it('no such image: the source says why, and is read once there is one', async () => {
    await restart({ WORKER_IMAGE: MISSING_IMAGE });
    const id = await cluster.add('shop-0');
    const problem = await until(
      'the reason',
      async () => {
        const told = await problemOf(id);
        return told?.includes(MISSING_IMAGE) && told;
      },
      () => cluster.services.output.slice(-1_000),
      SWARM_MS,
    );
    expect(problem).toMatch(/no such image/i);
    await restart({});
    await cluster.readAgain(['shop-0'], 1);
    await until('the reason to be gone', async () => (await problemOf(id)) === null, undefined, SWARM_MS);
    for (const name of shops.slice(1)) await cluster.add(name);
    await cluster.running('shared', 2);
    await cluster.readAgain(shops);
  });

  it('another image rolls: one worker after the other is replaced, and all sources go on', async () => {
    const before = await idsOf();
    image = await sameImageById();
    await restart({ WORKER_IMAGE: image });
    await until(
      'all workers to be new',
      async () => (await idsOf()).every((id) => !before.includes(id)),
      undefined,
      2 * SWARM_MS,
    );
    await cluster.pool('the update to be complete', 'shared', ({ update }) => update?.state === 'COMPLETED');
    for (const { Spec } of await cluster.running('shared', 2)) expect(Spec.ContainerSpec.Image).toBe(image);
    await cluster.readAgain(shops);
  });

  for (const [what, settings] of Object.entries({
    'an image that is nowhere': { WORKER_IMAGE: MISSING_IMAGE },
    'a setting with which no worker starts': { WORKER_ENVIRONMENT: 'REGISTRY_URL=nowhere:' },
  })) {
    it(`${what} is taken back, and the pool says so: sources are read all the while`, async () => {
      const environment = { WORKER_IMAGE: image };
      await restart({ ...environment, ...settings });
      // An older update may have been taken back, too: it is no problem any more.
      const { tasks } = await cluster.pool(
        'the update to be taken back',
        'shared',
        ({ problem, update }) => problem?.includes('taken back') === true && update?.state === 'ROLLED_BACK',
      );
      expect(tasks).toHaveLength(2);
      // What was tried once is not tried again and again.
      const before = await idsOf();
      await cluster.readAgain(shops, 4);
      expect(await idsOf()).toEqual(before);
      await restart(environment);
      await cluster.pool('all to be well', 'shared', (pool) => pool.problem === null);
      await cluster.readAgain(shops);
    });
  }

  it('a pool that nobody needs is removed, and what is not ours is left alone', async () => {
    const foreign = `foreign-${cluster.services.prefix}`;
    const orphan = cluster.serviceOf('source-nobody');
    const create = (Name: string, Labels: Record<string, string>) =>
      cluster.engine.docker.createService({
        Name,
        Labels,
        Mode: { Replicated: { Replicas: 0 } },
        TaskTemplate: { ContainerSpec: { Image: IMAGE, Args: ['scraper'] } },
      });
    const theirs = await create(foreign, {});
    try {
      const [platform = '', prefix = ''] = cluster.label.split('=');
      await create(orphan, {
        [platform]: prefix,
        'dev.tributary.pool': 'source-nobody',
        'dev.tributary.isolation': 'DEDICATED',
        'dev.tributary.render': 'HTTP',
      });
      await until('the orphan to be gone', async () => !(await cluster.pools()).includes('source-nobody'));
      const { Version } = await theirs.inspect();
      await cluster.readAgain(shops);
      expect((await theirs.inspect()).Version).toEqual(Version);
    } finally {
      await theirs.remove();
    }
  });

  it('and of all that was read nothing is lost, and nothing counts twice', () => cluster.expectExact());
});
