import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObservedCluster } from '../../../platform/model/cluster.ts';
import {
  LEASE_MS,
  openTestConfiguration,
  type TestConfiguration,
} from '../../../test/support/configuration-service.ts';

/** Longer than what is told of the cluster, or looked for in it, keeps apart. */
const PAUSE_MS = 1_000;

let service: TestConfiguration;
beforeEach(async () => {
  service = await openTestConfiguration();
});
afterEach(() => service.close());

async function report(given: Partial<ObservedCluster> = {}, problem: string | null = null): Promise<void> {
  const observedAt = new Date(service.clock.now()).toISOString();
  const pool = { isolation: 'SHARED', render: 'HTTP', replicas: 1, tasks: [], update: null } as const;
  const observed = { nodes: [], pools: [{ name: 'shared', ...pool, problem }], observedAt, ...given };
  await service.request('mutation($observed: JSON!) { reportCluster(input: { observed: $observed }) }', {
    observed,
  });
}

/** How often the cluster was said to have changed while something happened. */
async function timesTold(act: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const listening = await service.bus.subscribe('cluster.changed', () => count++);
  await act();
  await listening.close();
  return count;
}

describe('the cluster is said to have changed', () => {
  let id: string;
  beforeEach(async () => {
    id = (await service.add()).value.id;
  });

  it.each<[string, () => Promise<unknown>]>([
    ['where a source is added', () => service.add()],
    ['where one gets another name', () => service.update(id, { name: 'Other' })],
    ['where one is paused', () => service.pause(id)],
    ['where one is removed', () => service.remove(id, 'KEEP')],
    ['where a worker comes and takes it', () => service.claim('w1')],
    ['where a worker comes that gets nothing', () => service.claim('w1', { pool: 'empty' })],
    ['where it is reported first', () => report()],
  ])('%s', async (_, act) => {
    expect(await timesTold(act)).toBe(1);
  });

  it('where one goes on', async () => {
    await service.pause(id);
    expect(await timesTold(() => service.resume(id))).toBe(1);
  });

  it('where a worker can hold more, and where it leaves', async () => {
    await service.claim('w1');
    expect(await timesTold(() => service.claim('w1', { capacity: 200 }))).toBe(1);
    expect(await timesTold(() => service.release('w1'))).toBe(1);
  });

  it.each(['shared', 'empty'])('where a worker of pool %s falls silent', async (pool) => {
    await service.claim('w1', { pool });
    let count = 0;
    await service.bus.subscribe('cluster.changed', () => count++);
    service.clock.advance(LEASE_MS);
    await expect.poll(() => count).toBe(1);
    expect(await service.store.workers()).toEqual([]);
  });

  it('where it is reported otherwise, or again after long, not where it is as it was', async () => {
    await report();
    service.clock.advance(30_000);
    expect(await timesTold(() => report())).toBe(0);
    expect(await timesTold(() => report({}, 'No room.'))).toBe(1);
    service.clock.advance(120_000);
    expect(await timesTold(() => report({}, 'No room.'))).toBe(1);
  });

  it('neither by renewals nor by runs, nor by what changes nothing', async () => {
    const { leases, after } = await service.claim('w1');
    const startedAt = new Date(service.clock.now()).toISOString();
    const run = { sourceId: id, workerId: 'w1', token: leases[0].token, runId: 'r1', startedAt };
    expect(
      await timesTold(async () => {
        await service.claim('w1');
        await service.renew('w1', after);
        await service.run(id);
        await service.report({ ...run, status: 'RUNNING' });
        await service.report({ ...run, status: 'SUCCEEDED' });
        await service.update(id, {});
        await service.resume(id);
      }),
    ).toBe(0);
  });
});

describe('clusterChanged', () => {
  const WATCH = `subscription { clusterChanged {
    pools { name problem sourceCount tasks { id sources { nodes { name worker { id } } } } }
    workers { id pool sourceCount }
  } }`;

  it('tells the cluster at once, then as it becomes', async () => {
    await service.add({ name: 'Mine' });
    const watch = await service.follow(WATCH);
    await expect.poll(() => watch.events).toEqual([{ pools: [], workers: [] }]);
    service.clock.advance(PAUSE_MS);
    const since = new Date(service.clock.now()).toISOString();
    const tasks = [{ id: 't1', node: null, state: 'RUNNING', since, error: null }] as const;
    const pool = { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas: 1 } as const;
    await report({ pools: [{ ...pool, tasks, update: null, problem: null }] });
    await expect
      .poll(() => watch.events.at(-1))
      .toEqual({
        pools: [
          { name: 'shared', problem: null, sourceCount: 1, tasks: [{ id: 't1', sources: { nodes: [] } }] },
        ],
        workers: [],
      });
    service.clock.advance(PAUSE_MS);
    await service.claim('w1', { taskId: 't1' });
    await expect
      .poll(() => watch.events.at(-1))
      .toEqual({
        pools: [
          {
            name: 'shared',
            problem: null,
            sourceCount: 1,
            tasks: [{ id: 't1', sources: { nodes: [{ name: 'Mine', worker: { id: 'w1' } }] } }],
          },
        ],
        workers: [{ id: 'w1', pool: 'shared', sourceCount: 1 }],
      });
    expect(watch.events).toHaveLength(3);
    await watch.close();
  });

  it('shows workers that no runtime started', async () => {
    const watch = await service.follow(WATCH);
    await expect.poll(() => watch.events.length).toBe(1);
    service.clock.advance(PAUSE_MS);
    await service.claim('by-hand', { taskId: 'of-no-pool' });
    await expect
      .poll(() => watch.events.at(-1).workers)
      .toEqual([{ id: 'by-hand', pool: 'shared', sourceCount: 0 }]);
    await watch.close();
  });

  it('sums a rush up', async () => {
    const watch = await service.follow(WATCH);
    await expect.poll(() => watch.events.length).toBe(1);
    for (let n = 0; n < 30; n++) await service.claim(`w${n}`);
    expect(watch.events).toHaveLength(1);
    service.clock.advance(PAUSE_MS);
    await expect.poll(() => watch.events.at(-1).workers.length).toBe(30);
    expect(watch.events).toHaveLength(2);
    await watch.close();
  });
});

describe("a source's problem", () => {
  const problemOf = async (id: string) =>
    (await service.request('query($id: ID!) { source(id: $id) { problem } }', { id })).source.problem;

  it('is why its workers cannot be, until it is paused or held', async () => {
    const { id } = (await service.add()).value;
    expect(await problemOf(id)).toBeNull();
    await report({}, 'No such image: tributary:9.');
    expect(await problemOf(id)).toBe('No such image: tributary:9.');
    await service.pause(id);
    expect(await problemOf(id)).toBeNull();
    await service.resume(id);
    expect(await problemOf(id)).toBe('No such image: tributary:9.');
    await service.claim('w1');
    expect(await problemOf(id)).toBeNull();
  });

  it('is that nobody looks after workers, after as long as is set', async () => {
    const patient = await openTestConfiguration({ CLUSTER_STALE_AFTER: 'PT10M' });
    const { id } = (await patient.add()).value;
    const observedAt = new Date(patient.clock.now()).toISOString();
    await patient.store.putCluster({ nodes: [], pools: [], observedAt });
    const read = () => patient.request('query($id: ID!) { source(id: $id) { problem } }', { id });
    patient.clock.advance(599_999);
    expect((await read()).source.problem).not.toContain(observedAt);
    patient.clock.advance(1);
    expect((await read()).source.problem).toContain(observedAt);
    await patient.close();
  });

  it('is told to who follows the source, when it comes and when it goes, and only then', async () => {
    const { id } = (await service.add()).value;
    const other = (await service.add()).value.id;
    let open = 0;
    const { subscribe } = service.bus;
    service.bus.subscribe = async (topic, listener) => {
      const handle = await subscribe.call(service.bus, topic, listener as never);
      open++;
      return handle;
    };
    const one = await service.follow(
      'subscription($id: ID!) { sourceChanged(id: $id) { problem worker { id } } }',
      { id },
    );
    const all = await service.follow('subscription { sourceChanged { id } }');
    // They are on their way while the client says that they are connected.
    await expect.poll(() => open).toBe(4);
    await report({}, 'No room.');
    await expect.poll(() => one.events).toEqual([{ problem: 'No room.', worker: null }]);
    service.clock.advance(PAUSE_MS);
    // Others come and go: nothing to this one.
    await service.pause(other);
    await report({ nodes: [] }, 'No room.');
    service.clock.advance(PAUSE_MS);
    await report();
    await expect.poll(() => one.events).toHaveLength(2);
    expect(one.events[1]).toEqual({ problem: null, worker: null });
    expect(all.events).toEqual([{ id: other }]);
    await one.close();
    await all.close();
  });

  it('is told to who follows the source, where it comes by nothing happening', async () => {
    const { id } = (await service.add()).value;
    const one = await service.follow('subscription($id: ID!) { sourceChanged(id: $id) { problem } }', { id });
    await expect
      .poll(() => {
        service.clock.advance(PAUSE_MS);
        return one.events;
      })
      .toEqual([{ problem: 'Nobody has looked after the workers yet: is an orchestrator running?' }]);
    await one.close();
  });
});

describe('a list', () => {
  it('reads what its items share once, as it is when it is asked for', async () => {
    for (let n = 0; n < 5; n++) await service.add();
    const idle = (await service.add({ isolation: 'DEDICATED' })).value.id;
    await service.claim('w1', { capacity: 3 });
    await service.claim('w2');
    const counts: Record<string, number> = {};
    for (const name of ['worker', 'workers', 'cluster', 'demands'] as const) {
      const read = service.store[name].bind(service.store) as (...args: unknown[]) => never;
      service.store[name] = (...args: unknown[]) => {
        counts[name] = (counts[name] ?? 0) + 1;
        return read(...args);
      };
    }
    const { sources } = await service.request('{ sources { nodes { id problem worker { id } } } }');
    expect(sources.nodes.map(({ worker }: { worker: { id: string } | null }) => worker?.id)).toEqual([
      'w1',
      'w1',
      'w1',
      'w2',
      'w2',
      undefined,
    ]);
    expect(counts).toEqual({ workers: 1, cluster: 1 });
    await service.release('w2');
    await service.request('query($id: ID!) { source(id: $id) { worker { id } } }', { id: idle });
    const again = await service.request('{ sources(first: 4) { nodes { worker { id } } } }');
    expect(again.sources.nodes.at(-1)).toEqual({ worker: null });
    expect(counts).toEqual({ workers: 1, cluster: 1, worker: 1 });
  });
});
