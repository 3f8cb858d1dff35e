import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { reaggregated } from '../../services/tallies.ts';
import { TallyFollower } from '../../services/tally-follower.ts';
import type { SwarmTask } from '../engine.ts';
import { hasNodeFaults, nodeFault } from '../node-faults.ts';
import { hasSwarm, SWARM_MS, SwarmCluster } from '../swarm-cluster.ts';

/** Two on each worker, of which each of three nodes has one. */
const SHOPS = 6;
const WORKERS = 3;

describe.skipIf(!hasSwarm)('workers that are lost while they read', () => {
  let cluster: SwarmCluster;
  let follower: TallyFollower;
  let orchestrator: { readonly output: string };

  const shops = Array.from({ length: SHOPS }, (_, shop) => `shop-${shop}`);

  beforeAll(async () => {
    cluster = await SwarmCluster.open({ WORKER_CAPACITY: '2' });
    orchestrator = await cluster.startOrchestrator();
    for (const name of shops) await cluster.add(name);
    await cluster.running('shared', WORKERS);
    await until(
      'the type in the graph',
      async () => !(await cluster.app.send('{ tallies { totalCount } }')).errors,
    );
    follower = await new TallyFollower(cluster.app).ready();
    await cluster.readAgain(shops);
  });
  afterAll(async () => {
    follower?.close();
    await cluster?.close();
  });
  afterEach(() => expect(cluster.site.collisions).toEqual([]));

  /** How often anything was changed about the pools. */
  const changes = () => orchestrator.output.split('"pool changed"').length - 1;

  /** Sources whose last reader is a task. */
  const readBy = ({ ID }: SwarmTask) => shops.filter((name) => cluster.site.readersOf(name).at(-1) === ID);

  /** A node that is not the manager, with the worker that runs there. */
  const victim = async () => {
    const tasks = await cluster.running('shared', WORKERS);
    const own = await cluster.engine.ownNodeId();
    const task = tasks.find(({ NodeID }) => NodeID !== own);
    if (!task) throw new Error('All workers run on the manager.');
    await until('it to read', () => readBy(task).length > 0, undefined, SWARM_MS);
    return { task, node: await cluster.engine.hostnameOf(task.NodeID) };
  };

  /** Waits until the swarm takes a node for what it is. */
  const nodeIs = (hostname: string, state: 'ready' | 'down') =>
    until(
      `${hostname} to be ${state}`,
      async () =>
        (await cluster.engine.nodes()).some(
          ({ Description, Status }) => Description.Hostname === hostname && Status.State === state,
        ),
      undefined,
      SWARM_MS,
    );

  /** Waits until all that a worker read is read by others, and all goes on. */
  const moved = async (task: SwarmTask, sources: readonly string[]) => {
    await until(
      'its sources to be read by others',
      () => sources.every((name) => cluster.site.readersOf(name).at(-1) !== task.ID),
      () => sources.map((name) => cluster.site.readersOf(name)),
      // Full workers take none: theirs wait for the swarm's new one, which waits for a silent node's network first.
      2 * SWARM_MS,
    );
    await cluster.readAgain(shops);
  };

  /** Waits until the pool is complete without a task. */
  const replaced = async (task: SwarmTask) =>
    until(
      'another to run instead',
      async () => (await cluster.running('shared', WORKERS)).every(({ ID }) => ID !== task.ID),
      undefined,
      SWARM_MS,
    );

  const linesOf = async ({ ID }: SwarmTask) =>
    (await cluster.engine.logLines(cluster.serviceOf('shared'))).filter((line) => line.includes(ID));

  it('a container killed: the swarm starts another, and its sources go on', async () => {
    const tasks = await cluster.running('shared', WORKERS);
    const own = await cluster.engine.ownNodeId();
    const task = tasks.find(({ NodeID }) => NodeID === own);
    if (!task) throw new Error('No worker runs where the manager is.');
    const sources = readBy(task);
    const before = changes();
    await cluster.engine.kill(task);
    await moved(task, sources);
    await cluster.running('shared', WORKERS);
    // The swarm mends itself: nobody interferes.
    expect(changes()).toBe(before);
  });

  it('a node drained: its workers go elsewhere, in order, and nobody fights about it', async () => {
    const { task, node } = await victim();
    const sources = readBy(task);
    const before = changes();
    await cluster.engine.setAvailability(String(task.NodeID), 'drain');
    await moved(task, sources);
    const tasks = await cluster.running('shared', WORKERS);
    expect(tasks.map(({ NodeID }) => NodeID)).not.toContain(task.NodeID);
    await until('the graph to say so', async () =>
      (await cluster.view()).nodes.some(
        ({ hostname, availability }) => hostname === node && availability.toLowerCase() === 'drain',
      ),
    );
    await cluster.engine.setAvailability(String(task.NodeID), 'active');
    await cluster.readAgain(shops);
    expect(changes()).toBe(before);
  });

  describe.skipIf(!hasNodeFaults)('nodes', () => {
    it('killed: its sources move, and it comes back', async () => {
      const { task, node } = await victim();
      const sources = readBy(task);
      const before = changes();
      await nodeFault('kill', node);
      try {
        await moved(task, sources);
      } finally {
        await nodeFault('start', node);
      }
      await nodeIs(node, 'ready');
      await cluster.running('shared', WORKERS);
      await cluster.readAgain(shops);
      expect(changes()).toBe(before);
    });

    for (const [what, fault, mend] of [
      ['cut off', 'cut', 'heal'],
      ['frozen', 'pause', 'resume'],
    ] as const) {
      it(`${what}: its sources move; its worker stops by itself, and says nothing more that counts`, async () => {
        const { task, node } = await victim();
        const sources = readBy(task);
        const before = changes();
        await nodeFault(fault, node);
        try {
          await moved(task, sources);
          await nodeIs(node, 'down');
          await replaced(task);
        } finally {
          await nodeFault(mend, node);
        }
        await nodeIs(node, 'ready');
        await until(
          'its worker to have said that it stopped',
          async () => (await linesOf(task)).some((line) => line.includes('"leases have ended"')),
          undefined,
          SWARM_MS,
        );
        await cluster.ended('shared', task);
        await cluster.readAgain(shops);
        expect(changes()).toBe(before);
      });
    }

    it('without its engine: its worker goes on beside the one that replaces it, and they share no source', async () => {
      const { task, node } = await victim();
      const sources = readBy(task);
      await nodeFault('kill-engine', node);
      try {
        await nodeIs(node, 'down');
        await replaced(task);
        await cluster.readAgain(shops);
      } finally {
        await nodeFault('start', node);
      }
      await nodeIs(node, 'ready');
      await cluster.ended('shared', task);
      await moved(task, sources);
    });
  });

  it('and of all that was read nothing is lost, and nothing counts twice', async () => {
    await cluster.expectExact();
    const journaled = JSON.stringify([...(await reaggregated(await cluster.services.openStore()))]);
    await until(
      'the subscriber to have come to the same',
      () => JSON.stringify([...follower.tallies]) === journaled,
    );
  });
});
