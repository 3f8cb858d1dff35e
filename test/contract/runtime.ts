import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObservedTask } from '../../platform/model/cluster.ts';
import type { PoolSpec, Runtime, RuntimePool } from '../../platform/ports/runtime.ts';

export interface RuntimeUnderTest {
  /** Open, without pools, and quick to start workers again. */
  readonly runtime: Runtime;
  /** Makes a worker end by itself. */
  crash(task: ObservedTask): Promise<void>;
  /** Tasks whose worker is alive, and the pool each was told it is in: as they say themselves. */
  alive(): Promise<ReadonlyMap<string, string>>;
  /** Removes what outlives the runtime, which is closed by then. @default nothing does */
  cleanUp?(): Promise<void>;
}

/** How long workers may take to come and go, in milliseconds. */
const DEADLINE = { timeout: 30_000, interval: 20 };

/** What every runtime promises. */
export function runtimeContract(adapter: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(`${adapter} is a runtime that`, () => {
    let opened: RuntimeUnderTest;
    let runtime: Runtime;

    beforeEach(async () => {
      opened = await open();
      runtime = opened.runtime;
    });
    afterEach(async () => {
      await runtime.close();
      await opened.cleanUp?.();
    });

    const shared = (replicas: number): PoolSpec => ({
      name: 'shared',
      isolation: 'SHARED',
      render: 'HTTP',
      replicas,
    });
    const ensure = (pool: PoolSpec) => runtime.apply({ kind: 'ensurePool', pool });
    const find = async (name: string): Promise<RuntimePool | undefined> =>
      (await runtime.observe()).pools.find((pool) => pool.name === name);
    const states = async (name: string) => (await find(name))?.tasks.map((task) => task.state);
    const running = (name: string, count: number) =>
      expect.poll(() => states(name), DEADLINE).toEqual(Array(count).fill('RUNNING'));
    const taskIds = async (name: string) => (await find(name))?.tasks.map((task) => task.id) ?? [];
    const aliveIds = async () => [...(await opened.alive()).keys()].sort();

    it('has at least one node that is ready, and says what it has', async () => {
      const { nodes } = await runtime.observe();
      expect(nodes.some((node) => node.state === 'ready' && node.availability === 'active')).toBe(true);
      for (const { hostname, resources } of nodes) {
        expect(hostname).not.toBe('');
        expect(resources.cpus).toBeGreaterThan(0);
        expect(resources.memory).toBeGreaterThan(0);
      }
    });

    it('starts as many workers as a pool asks for, and tells each its task and pool', async () => {
      await ensure(shared(2));
      await ensure({ name: 'source-a', isolation: 'DEDICATED', render: 'HTTP', replicas: 1 });
      await running('shared', 2);
      await running('source-a', 1);
      const expected = [
        ...(await taskIds('shared')).map((id) => [id, 'shared'] as const),
        ...(await taskIds('source-a')).map((id) => [id, 'source-a'] as const),
      ];
      await expect.poll(() => opened.alive(), DEADLINE).toEqual(new Map(expected));
    });

    it('observes a pool as it was asked for, and as its own', async () => {
      await ensure({ name: 'source-a', isolation: 'DEDICATED', render: 'HTTP', replicas: 1 });
      const pool = await find('source-a');
      expect(pool).toMatchObject({
        isolation: 'DEDICATED',
        render: 'HTTP',
        replicas: 1,
        isOwned: true,
        isOutdated: false,
      });
      expect(Date.parse(pool?.changedAt ?? '')).not.toBeNaN();
    });

    it('changes nothing where a pool is already as asked for', async () => {
      await ensure(shared(2));
      await running('shared', 2);
      const before = await find('shared');
      await ensure(shared(2));
      expect(await find('shared')).toEqual(before);
    });

    it('keeps the workers there are when a pool grows', async () => {
      await ensure(shared(1));
      await running('shared', 1);
      const [first] = await taskIds('shared');
      await ensure(shared(3));
      await running('shared', 3);
      expect(await taskIds('shared')).toContain(first);
    });

    it('stops as many workers as are too many when a pool shrinks', async () => {
      await ensure(shared(3));
      await running('shared', 3);
      const before = await taskIds('shared');
      await ensure(shared(1));
      await running('shared', 1);
      const after = await taskIds('shared');
      expect(before).toEqual(expect.arrayContaining(after));
      await expect.poll(aliveIds, DEADLINE).toEqual(after);
    });

    it('holds a pool of no workers', async () => {
      await ensure(shared(1));
      await running('shared', 1);
      await ensure(shared(0));
      await running('shared', 0);
      expect(await find('shared')).toMatchObject({ replicas: 0 });
    });

    it('removes a pool with its workers, and leaves the others alone', async () => {
      await ensure(shared(1));
      await ensure({ name: 'source-a', isolation: 'DEDICATED', render: 'HTTP', replicas: 1 });
      await running('shared', 1);
      await running('source-a', 1);
      const kept = await taskIds('shared');
      await runtime.apply({ kind: 'removePool', name: 'source-a' });
      expect(await find('source-a')).toBeUndefined();
      await expect.poll(aliveIds, DEADLINE).toEqual(kept);
    });

    it('takes the removal of a pool that is not there for done', async () => {
      await runtime.apply({ kind: 'removePool', name: 'nobody' });
      expect((await runtime.observe()).pools).toEqual([]);
    });

    it('replaces a worker that ended by itself by a task of its own', async () => {
      await ensure(shared(2));
      await running('shared', 2);
      const [first, second] = (await find('shared'))?.tasks ?? [];
      if (!first || !second) throw new Error('Two tasks were running.');
      await opened.crash(first);
      await expect.poll(() => taskIds('shared'), DEADLINE).not.toContain(first.id);
      await running('shared', 2);
      expect(await taskIds('shared')).toContain(second.id);
    });

    it('wakes its watchers when a worker comes and when one goes', async () => {
      let wakes = 0;
      runtime.watch(() => wakes++);
      await ensure(shared(1));
      await running('shared', 1);
      await expect.poll(() => wakes, DEADLINE).toBeGreaterThan(0);
      const [task] = (await find('shared'))?.tasks ?? [];
      if (!task) throw new Error('A task was running.');
      const before = wakes;
      await opened.crash(task);
      await expect.poll(() => wakes, DEADLINE).toBeGreaterThan(before);
    });

    it('wakes the other watchers though one throws, and none that has left', async () => {
      const woken = { steady: 0, left: 0 };
      runtime.watch(() => {
        throw new Error('a watcher at fault');
      });
      void runtime.watch(() => woken.left++).close();
      runtime.watch(() => woken.steady++);
      await ensure(shared(1));
      await expect.poll(() => woken.steady, DEADLINE).toBeGreaterThan(0);
      expect(woken.left).toBe(0);
    });

    it('refuses everything once it is closed, and closes twice', async () => {
      await runtime.close();
      await runtime.close();
      await expect(runtime.observe()).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(ensure(shared(1))).rejects.toMatchObject({ code: 'CLOSED' });
      expect(() => runtime.watch(() => {})).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    });
  });
}
