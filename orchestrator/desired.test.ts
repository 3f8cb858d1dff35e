import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DesiredPool, desiredPools, type PoolDemand, type PoolPolicy } from './desired.ts';

const policy: PoolPolicy = {
  WORKER_CAPACITY: 10,
  POOL_REPLICAS_MIN: 1,
  POOL_REPLICAS_MAX: 4,
  BROWSER_WORKER_CAPACITY: 5,
  BROWSER_POOL_REPLICAS_MAX: 3,
};
const shared = (sourceCount: number): PoolDemand => ({ pool: 'shared', isolation: 'SHARED', sourceCount });
const browser = (sourceCount: number): PoolDemand => ({ pool: 'browser', isolation: 'SHARED', sourceCount });
const dedicated = (pool: string, sourceCount = 1): PoolDemand => ({
  pool,
  isolation: 'DEDICATED',
  sourceCount,
});
const names = (pools: readonly DesiredPool[]) => pools.map(({ name }) => name);

describe('The shared pool', () => {
  it.each([
    [0, 1, 1],
    [1, 1, 1],
    [8, 1, 1],
    [9, 1, 2],
    [10, 1, 2],
    [11, 2, 2],
    [16, 2, 2],
    [17, 2, 3],
    [40, 4, 4],
  ])('of %i sources wants %i workers and may keep %i', (sourceCount, replicas, replicasKept) => {
    expect(desiredPools([shared(sourceCount)], policy)).toEqual([
      { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas, replicasKept, shortage: null },
    ]);
  });

  it.each([41, 4_000])('of %i sources says that its bound is too low for them', (sourceCount) => {
    expect(desiredPools([shared(sourceCount)], policy)).toMatchObject([
      {
        replicas: 4,
        replicasKept: 4,
        shortage: {
          limit: 'POOL_REPLICAS_MAX',
          problem: `POOL_REPLICAS_MAX (4) workers of WORKER_CAPACITY (10) sources each are too few for ${sourceCount}.`,
        },
      },
    ]);
  });

  it('is there, with its warm workers, before any source is', () => {
    expect(desiredPools([], { ...policy, POOL_REPLICAS_MIN: 2 })).toMatchObject([
      { name: 'shared', replicas: 2 },
    ]);
  });

  it('holds to the maximum where the minimum is greater', () => {
    expect(desiredPools([], { ...policy, POOL_REPLICAS_MIN: 9 })).toMatchObject([{ replicas: 4 }]);
  });

  it('has one worker a source, no more and no less, where a worker holds one', () => {
    const each = { ...policy, WORKER_CAPACITY: 1, POOL_REPLICAS_MIN: 0, POOL_REPLICAS_MAX: 1_000 };
    fc.assert(
      fc.property(fc.nat(1_000), (sourceCount) => {
        expect(desiredPools([shared(sourceCount)], each)).toMatchObject([
          { replicas: sourceCount, replicasKept: sourceCount },
        ]);
      }),
    );
  });

  it('never wants more workers than it may keep, nor less than is enough unless it says so', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1_000 }), (sourceCount, capacity) => {
        const [pool] = desiredPools([shared(sourceCount)], { ...policy, WORKER_CAPACITY: capacity });
        expect(pool?.replicas).toBeLessThanOrEqual(pool?.replicasKept ?? 0);
        expect((pool?.replicas ?? 0) * capacity >= sourceCount).toBe(pool?.shortage === null);
      }),
    );
  });
});

describe('The pool of browsers', () => {
  it('is there while it has sources', () => {
    expect(names(desiredPools([shared(3)], policy))).toEqual(['shared']);
    expect(names(desiredPools([shared(3), browser(0)], policy))).toEqual(['shared']);
    expect(names(desiredPools([shared(3), browser(1)], policy))).toEqual(['shared', 'browser']);
  });

  it.each([
    [1, 1, 1],
    [5, 1, 2],
    [6, 2, 2],
    [15, 3, 3],
  ])('of %i sources wants %i workers and may keep %i', (sourceCount, replicas, replicasKept) => {
    expect(desiredPools([browser(sourceCount)], policy)[1]).toEqual({
      name: 'browser',
      isolation: 'SHARED',
      render: 'BROWSER',
      replicas,
      replicasKept,
      shortage: null,
    });
  });

  it('has a bound of its own', () => {
    expect(desiredPools([browser(16)], policy)[1]).toMatchObject({
      replicas: 3,
      shortage: { limit: 'BROWSER_POOL_REPLICAS_MAX' },
    });
  });
});

describe('A dedicated source', () => {
  it('gets a pool of one worker of its own, which reads as its name says', () => {
    const demands = [shared(3), dedicated('source-a'), dedicated('browser-source-b')];
    const one = { isolation: 'DEDICATED', replicas: 1, replicasKept: 1, shortage: null };
    expect(desiredPools(demands, policy).slice(1)).toEqual([
      { ...one, name: 'source-a', render: 'HTTP' },
      { ...one, name: 'browser-source-b', render: 'BROWSER' },
    ]);
  });

  it('that is gone needs no pool', () => {
    expect(names(desiredPools([dedicated('source-a', 0)], policy))).toEqual(['shared']);
  });
});
