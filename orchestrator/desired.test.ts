import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { desiredPools, type PoolDemand, type PoolPolicy } from './desired.ts';

const policy: PoolPolicy = { workerCapacity: 10, replicasMin: 1, replicasMax: 4 };
const shared = (sourceCount: number): PoolDemand => ({ pool: 'shared', isolation: 'SHARED', sourceCount });
const dedicated = (id: string, sourceCount = 1): PoolDemand => ({
  pool: `source-${id}`,
  isolation: 'DEDICATED',
  sourceCount,
});

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
    [41, 4, 4],
    [4_000, 4, 4],
  ])('of %i sources wants %i workers and may keep %i', (sourceCount, replicas, replicasKept) => {
    expect(desiredPools([shared(sourceCount)], policy)).toEqual([
      { name: 'shared', isolation: 'SHARED', replicas, replicasKept },
    ]);
  });

  it('is there, with its warm workers, before any source is', () => {
    expect(desiredPools([], { ...policy, replicasMin: 2 })).toMatchObject([{ name: 'shared', replicas: 2 }]);
  });

  it('holds to the maximum where the minimum is greater', () => {
    expect(desiredPools([], { ...policy, replicasMin: 9 })).toMatchObject([{ replicas: 4 }]);
  });

  it('never wants more workers than it may keep, nor less than is enough below its maximum', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1_000 }), (sourceCount, workerCapacity) => {
        const [pool] = desiredPools([shared(sourceCount)], { ...policy, workerCapacity });
        expect(pool?.replicas).toBeLessThanOrEqual(pool?.replicasKept ?? 0);
        const isAtMax = pool?.replicas === policy.replicasMax;
        expect(isAtMax || (pool?.replicas ?? 0) * workerCapacity >= sourceCount).toBe(true);
      }),
    );
  });
});

describe('A dedicated source', () => {
  it('gets a pool of one worker of its own', () => {
    expect(desiredPools([shared(3), dedicated('a'), dedicated('b')], policy).slice(1)).toEqual([
      { name: 'source-a', isolation: 'DEDICATED', replicas: 1, replicasKept: 1 },
      { name: 'source-b', isolation: 'DEDICATED', replicas: 1, replicasKept: 1 },
    ]);
  });

  it('that is gone needs no pool', () => {
    expect(desiredPools([dedicated('a', 0)], policy).map(({ name }) => name)).toEqual(['shared']);
  });
});
