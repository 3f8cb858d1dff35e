import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PoolSpec, Runtime, RuntimePool } from '../../platform/ports/runtime.ts';
import {
  BROKEN_ARGS,
  DOCKER_HOST,
  openSwarmWorkers,
  type SwarmWorkers,
  WORKER_IMAGE,
} from './swarm-workers.ts';

/** How long a swarm may take to replace workers, in milliseconds. */
const DEADLINE = { timeout: 50_000, interval: 50 };
/** After it has taken an update back, a busy swarm is in no hurry to end what it had started for it. */
const ROLLED_BACK_DEADLINE = { timeout: 180_000, interval: 50 };

const pool = (replicas: number, changes: Partial<PoolSpec> = {}): PoolSpec => ({
  name: 'shared',
  isolation: 'SHARED',
  render: 'HTTP',
  replicas,
  ...changes,
});

describe.skipIf(!DOCKER_HOST)('The swarm runtime, on a real swarm,', () => {
  let workers: SwarmWorkers;

  beforeEach(async () => {
    workers = await openSwarmWorkers();
  });
  afterEach(() => workers.cleanUp());

  const ensure = (runtime: Runtime, spec: PoolSpec) => runtime.apply({ kind: 'ensurePool', pool: spec });
  const find = async (runtime: Runtime): Promise<RuntimePool | undefined> =>
    (await runtime.observe()).pools.find(({ name }) => name === 'shared');
  const states = async (runtime: Runtime) => (await find(runtime))?.tasks.map(({ state }) => state);
  const running = (runtime: Runtime, count: number, deadline = DEADLINE) =>
    expect.poll(() => states(runtime), deadline).toEqual(Array(count).fill('RUNNING'));
  const service = (name = 'shared') => workers.docker.getService(`${workers.keyPrefix}-worker-${name}`);
  const settled = (runtime: Runtime, state: string) =>
    expect.poll(async () => (await find(runtime))?.update?.state, DEADLINE).toBe(state);

  it('says that there is no such image', async () => {
    const runtime = await workers.open({ image: 'tributary.invalid/nobody:1' });
    await ensure(runtime, pool(1));
    await expect
      .poll(async () => (await find(runtime))?.problem, DEADLINE)
      .toMatch(/No such image: tributary\.invalid\/nobody:1/);
    expect((await find(runtime))?.tasks[0]).toMatchObject({ error: expect.stringMatching(/No such image/) });
  });

  it('says that no node is what a worker wants', async () => {
    const runtime = await workers.open({ constraints: ['node.labels.nobody==has-this'] });
    await ensure(runtime, pool(2));
    await expect
      .poll(async () => (await find(runtime))?.problem, DEADLINE)
      .toMatch(/^no suitable node \(scheduling constraints not satisfied on \d+ nodes?\)$/);
    expect(await find(runtime)).toMatchObject({ tasks: [{ state: 'PENDING', node: null }, {}] });
  });

  it('says how workers end that end again and again', async () => {
    const runtime = await workers.open({ args: BROKEN_ARGS });
    await ensure(runtime, pool(1));
    await expect
      .poll(async () => (await find(runtime))?.problem, DEADLINE)
      .toBe('The worker exited with code 7.');
  });

  it('replaces the workers where another program is asked for, and keeps their number', async () => {
    const image = `${workers.keyPrefix}:2`;
    await workers.docker.getImage(WORKER_IMAGE).tag({ repo: workers.keyPrefix, tag: '2' });
    try {
      const before = await workers.open();
      await ensure(before, pool(2));
      await running(before, 2);
      const { changedAt, tasks } = (await find(before)) ?? {};
      const after = await workers.open({ image });
      expect(await find(after)).toMatchObject({ isOutdated: true, update: null, changedAt });
      await ensure(after, pool(2));
      await settled(after, 'COMPLETED');
      await running(after, 2);
      expect(await find(after)).toMatchObject({ isOutdated: false, problem: null, changedAt });
      const old = tasks?.map(({ id }) => id);
      expect((await find(after))?.tasks.filter(({ id }) => old?.includes(id))).toEqual([]);
      expect((await service().inspect()).Spec.TaskTemplate.ContainerSpec.Image).toBe(image);
    } finally {
      await workers.cleanUp();
      await expect.poll(() => workers.alive(), DEADLINE).toEqual(new Map());
      await workers.docker.getImage(image).remove({ force: true });
    }
  });

  it('takes back workers that cannot live, says so, and does not try them again', async () => {
    const before = await workers.open();
    await ensure(before, pool(2));
    await running(before, 2);
    const after = await workers.open({ args: BROKEN_ARGS });
    await ensure(after, pool(2));
    await settled(after, 'ROLLED_BACK');
    const told = { problem: 'The newest workers failed and were taken back: The worker exited with code 7.' };
    expect(await find(after)).toMatchObject({ ...told, isOutdated: false });
    await running(after, 2, ROLLED_BACK_DEADLINE);

    const { Version } = await service().inspect();
    await ensure(after, pool(2));
    expect((await service().inspect()).Version).toEqual(Version);

    // A change of their number is one of the workers that live.
    await ensure(after, pool(3));
    await running(after, 3, ROLLED_BACK_DEADLINE);
    expect(await find(after)).toMatchObject({ ...told, replicas: 3, update: { state: 'ROLLED_BACK' } });
    expect((await service().inspect()).Spec.TaskTemplate.ContainerSpec.Args).not.toEqual(BROKEN_ARGS);

    // What broke them may be mended by the time of the next orchestrator.
    expect(await find(await workers.open({ args: BROKEN_ARGS }))).toMatchObject({ isOutdated: true });
  }, 480_000);

  it('leaves a service alone that has the name of one of ours and is not', async () => {
    const name = `${workers.keyPrefix}-worker-shared`;
    await workers.docker.createService({
      Name: name,
      TaskTemplate: { ContainerSpec: { Image: WORKER_IMAGE } },
      Mode: { Replicated: { Replicas: 0 } },
    });
    const { Version } = await service().inspect();
    const runtime = await workers.open();
    expect(await find(runtime)).toMatchObject({ isOwned: false, isOutdated: false, replicas: 0 });
    await expect(ensure(runtime, pool(1))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      message: `Service ${name} is not of this platform: it is left as it is.`,
    });
    await runtime.apply({ kind: 'removePool', name: 'shared' });
    expect((await service().inspect()).Version).toEqual(Version);
  });

  it('mounts secrets as files that the settings name, and refuses a pool whose secret is missing', async () => {
    const name = `${workers.keyPrefix}-token`;
    const secrets = { SERVICE_TOKEN: name };
    const runtime = await workers.open({ secrets });
    await expect(ensure(runtime, pool(1))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      message: expect.stringContaining(name),
    });
    // Asked for by its beginning, the other one is found, too.
    const other = await workers.docker.createSecret({ Name: `${name}-2`, Data: btoa('other') });
    const secret = await workers.docker.createSecret({ Name: name, Data: btoa('a secret') });
    try {
      const program =
        'const { SERVICE_TOKEN_FILE: f } = process.env; process.exit(fs.readFileSync(f).length)';
      const reader = await workers.open({ secrets, args: ['node', '-e', program] });
      await ensure(reader, pool(1));
      await expect
        .poll(async () => (await find(reader))?.problem, DEADLINE)
        .toBe('The worker exited with code 8.');
    } finally {
      await workers.cleanUp();
      await Promise.all([other.remove(), secret.remove()]);
    }
  });

  it('refuses a pool whose network is missing, and resizes one that has its own', async () => {
    const name = `${workers.keyPrefix}-net`;
    const runtime = await workers.open({ networks: [name] });
    await expect(ensure(runtime, pool(1))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      message: expect.stringContaining(name),
    });
    const network = await workers.docker.createNetwork({ Name: name, Driver: 'overlay', Attachable: true });
    try {
      await ensure(runtime, pool(1));
      await running(runtime, 1);
      const first = (await find(runtime))?.tasks[0]?.id;
      await ensure(runtime, pool(2));
      await running(runtime, 2);
      expect((await find(runtime))?.tasks.map(({ id }) => id)).toContain(first);
    } finally {
      await workers.cleanUp();
      await expect.poll(() => network.remove().then(() => 'removed'), DEADLINE).toBe('removed');
    }
  });

  it('refuses workers with a browser where no image has one', async () => {
    const runtime = await workers.open();
    await expect(ensure(runtime, pool(1, { name: 'browser', render: 'BROWSER' }))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      message: expect.stringContaining('BROWSER_WORKER_IMAGE'),
    });
    expect((await runtime.observe()).pools).toEqual([]);
  });

  it('makes pools of which the id ends in what no name may end in', async () => {
    const runtime = await workers.open({ browserImage: WORKER_IMAGE });
    const specs = ['source-a_', 'source-a-', `browser-source-${'x'.repeat(60)}`].map((name) =>
      pool(0, { name, isolation: 'DEDICATED' }),
    );
    for (const spec of specs) await ensure(runtime, spec);
    const names = async () => (await runtime.observe()).pools.map(({ name }) => name);
    expect((await names()).sort()).toEqual(specs.map(({ name }) => name).sort());
    for (const { name } of specs) await runtime.apply({ kind: 'removePool', name });
    expect(await names()).toEqual([]);
  });
});
