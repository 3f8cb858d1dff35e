import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedUpdate, PoolUpdateState } from '../platform/model/cluster.ts';
import type { ObservedRuntime, RuntimeAction, RuntimePool } from '../platform/ports/runtime.ts';
import type { DesiredPool } from './desired.ts';
import { type PlanLimits, plan, type RefusedPool } from './plan.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const LONG_AGO = new Date(NOW_MS - 3_600_000).toISOString();
const JUST_NOW = new Date(NOW_MS - 1_000).toISOString();
const limits: PlanLimits = { dedicatedPoolsMax: 3, shrinkAfterMs: 60_000 };

const shared = (replicas: number, replicasKept = replicas): DesiredPool => ({
  name: 'shared',
  isolation: 'SHARED',
  render: 'HTTP',
  replicas,
  replicasKept,
  shortage: null,
});
const dedicated = (id: string): DesiredPool => ({
  name: `source-${id}`,
  isolation: 'DEDICATED',
  render: 'HTTP',
  replicas: 1,
  replicasKept: 1,
  shortage: null,
});
const runs = (desired: DesiredPool, changes: Partial<RuntimePool> = {}): RuntimePool => ({
  name: desired.name,
  isolation: desired.isolation,
  render: desired.render,
  replicas: desired.replicas,
  tasks: [],
  update: null,
  problem: null,
  isOwned: true,
  isOutdated: false,
  changedAt: LONG_AGO,
  ...changes,
});
const update = (state: PoolUpdateState, startedAt: string): ObservedUpdate => ({
  state,
  startedAt,
  message: null,
});
const observed = (...pools: RuntimePool[]): ObservedRuntime => ({ nodes: [], pools });
const ensure = (name: string, replicas: number, isolation: 'SHARED' | 'DEDICATED' = 'DEDICATED') => ({
  kind: 'ensurePool',
  pool: { name, isolation, render: 'HTTP', replicas },
});
const remove = (name: string) => ({ kind: 'removePool', name });

interface Case {
  readonly what: string;
  readonly desired: readonly DesiredPool[];
  readonly observed: ObservedRuntime;
  readonly actions: readonly unknown[];
  readonly refused?: readonly RefusedPool[];
}

const CASES: readonly Case[] = [
  {
    what: 'makes what is missing',
    desired: [shared(2), dedicated('a')],
    observed: observed(),
    actions: [ensure('shared', 2, 'SHARED'), ensure('source-a', 1)],
  },
  {
    what: 'does nothing where all is right',
    desired: [shared(2), dedicated('a')],
    observed: observed(runs(shared(2)), runs(dedicated('a'))),
    actions: [],
  },
  {
    what: 'makes what is missing before it removes what is too much',
    desired: [shared(1), dedicated('b')],
    observed: observed(runs(dedicated('a')), runs(shared(1))),
    actions: [ensure('source-b', 1), remove('source-a')],
  },
  {
    what: 'grows a pool at once',
    desired: [shared(3, 4)],
    observed: observed(runs(shared(1), { changedAt: JUST_NOW })),
    actions: [ensure('shared', 3, 'SHARED')],
  },
  {
    what: 'leaves a pool that is larger than needed but worth keeping',
    desired: [shared(1, 2)],
    observed: observed(runs(shared(2))),
    actions: [],
  },
  {
    what: 'shrinks a pool to what is worth keeping',
    desired: [shared(1, 2)],
    observed: observed(runs(shared(4))),
    actions: [ensure('shared', 2, 'SHARED')],
  },
  {
    what: 'does not shrink a pool that has just changed',
    desired: [shared(1)],
    observed: observed(runs(shared(4), { changedAt: JUST_NOW })),
    actions: [],
  },
  {
    what: 'brings an outdated pool up to date, and keeps its size',
    desired: [shared(1, 2)],
    observed: observed(runs(shared(2), { isOutdated: true })),
    actions: [ensure('shared', 2, 'SHARED')],
  },
  {
    what: 'mends the isolation that a pool says it has',
    desired: [shared(1)],
    observed: observed(runs(shared(1), { isolation: 'DEDICATED' })),
    actions: [ensure('shared', 1, 'SHARED')],
  },
  {
    what: 'mends what a pool says its workers read pages with',
    desired: [shared(1)],
    observed: observed(runs(shared(1), { render: 'BROWSER' })),
    actions: [ensure('shared', 1, 'SHARED')],
  },
  {
    what: 'leaves a pool alone whose newer workers were taken back',
    desired: [shared(1)],
    observed: observed(runs(shared(1), { update: update('ROLLED_BACK', LONG_AGO), problem: 'It crashed.' })),
    actions: [],
  },
  {
    what: 'resizes a pool whose newer workers were taken back',
    desired: [shared(2)],
    observed: observed(runs(shared(1), { update: update('ROLLED_BACK', JUST_NOW) })),
    actions: [ensure('shared', 2, 'SHARED')],
  },
  ...(['UPDATING', 'ROLLING_BACK'] as const).flatMap((state) => [
    {
      what: `does not resize a pool that is ${state}`,
      desired: [shared(3)],
      observed: observed(runs(shared(1), { update: update(state, JUST_NOW) })),
      actions: [],
    },
    {
      what: `does not wait for ever for one that is ${state}`,
      desired: [shared(3)],
      observed: observed(runs(shared(1), { update: update(state, LONG_AGO) })),
      actions: [ensure('shared', 3, 'SHARED')],
    },
    {
      what: `brings an outdated pool up to date though it is ${state}`,
      desired: [shared(3)],
      observed: observed(runs(shared(1), { isOutdated: true, update: update(state, JUST_NOW) })),
      actions: [ensure('shared', 3, 'SHARED')],
    },
    {
      what: `removes a pool that nobody needs though it is ${state}`,
      desired: [shared(1)],
      observed: observed(runs(shared(1)), runs(dedicated('a'), { update: update(state, JUST_NOW) })),
      actions: [remove('source-a')],
    },
  ]),
  {
    what: 'shrinks a pool of which nobody knows when it changed',
    desired: [shared(1)],
    observed: observed(runs(shared(4), { changedAt: '' })),
    actions: [ensure('shared', 1, 'SHARED')],
  },
  {
    what: 'shrinks a pool that a clock far ahead has changed',
    desired: [shared(1)],
    observed: observed(runs(shared(4), { changedAt: '2099-01-01T00:00:00.000Z' })),
    actions: [ensure('shared', 1, 'SHARED')],
  },
  {
    what: 'never touches a pool of others, though it is not desired',
    desired: [shared(1)],
    observed: observed(runs(shared(1)), runs(dedicated('theirs'), { isOwned: false })),
    actions: [],
  },
  {
    what: 'refuses a pool whose name others have taken',
    desired: [shared(1), dedicated('a')],
    observed: observed(runs(shared(5), { isOwned: false })),
    actions: [ensure('source-a', 1)],
    refused: [
      {
        name: 'shared',
        limit: null,
        problem: 'A pool with the name shared is there already, and is not ours to change.',
      },
    ],
  },
  {
    what: 'refuses dedicated pools beyond the bound, never those that run',
    desired: [shared(1), dedicated('a'), dedicated('b'), dedicated('c'), dedicated('d')],
    observed: observed(runs(shared(1)), runs(dedicated('d')), runs(dedicated('c'))),
    actions: [ensure('source-a', 1)],
    refused: [
      {
        name: 'source-b',
        limit: 'DEDICATED_POOLS_MAX',
        problem: 'DEDICATED_POOLS_MAX (3) workers of their own are there already.',
      },
    ],
  },
];

describe('The plan', () => {
  it.each(CASES)('$what', ({ desired, observed: seen, actions, refused }) => {
    const result = plan(desired, seen, NOW_MS, limits);
    expect(result.actions).toEqual(actions);
    expect(result.refusedPools).toEqual(refused ?? []);
  });
});

// ---------------------------------------------------------------------------------------- properties

const desiredPool: fc.Arbitrary<DesiredPool> = fc.oneof(
  fc.tuple(fc.nat(5), fc.nat(3)).map(([replicas, more]) => shared(replicas, replicas + more)),
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f').map(dedicated),
);
const desiredSet = fc.uniqueArray(desiredPool, { selector: (pool) => pool.name, maxLength: 7 });
const observedSet = fc.uniqueArray(
  fc
    .tuple(
      desiredPool,
      fc.record({
        isOwned: fc.boolean(),
        isOutdated: fc.boolean(),
        changedAt: fc.constantFrom(LONG_AGO, JUST_NOW),
        replicas: fc.nat(6),
      }),
    )
    .map(([pool, changes]) => runs(pool, changes)),
  { selector: (pool) => pool.name, maxLength: 7 },
);

const task = fc.record({
  id: fc.uuid(),
  node: fc.constantFrom('one', 'two', null),
  state: fc.constantFrom('PENDING', 'STARTING', 'RUNNING', 'STOPPING', 'FAILED'),
  since: fc.constant(JUST_NOW),
  error: fc.constantFrom(null, 'It crashed.'),
});
const taskLists = fc.array(fc.array(task, { maxLength: 3 }), { minLength: 1, maxLength: 4 });
const nodeLists = fc.array(
  fc.record({
    hostname: fc.constantFrom('one', 'two', 'three'),
    role: fc.constantFrom('manager', 'worker'),
    availability: fc.constantFrom('active', 'pause', 'drain'),
    state: fc.constantFrom('ready', 'down'),
    resources: fc.constant({ cpus: 2, memory: 4e9 }),
  }),
  { maxLength: 3 },
);

/** A runtime that does at once what it is told. */
function applied(seen: ObservedRuntime, actions: readonly RuntimeAction[]): ObservedRuntime {
  const pools = new Map(seen.pools.map((pool) => [pool.name, pool]));
  for (const action of actions) {
    if (action.kind === 'removePool') pools.delete(action.name);
    else {
      const changes = { isOwned: true, isOutdated: false, changedAt: new Date(NOW_MS).toISOString() };
      pools.set(action.pool.name, { tasks: [], update: null, problem: null, ...action.pool, ...changes });
    }
  }
  return { ...seen, pools: [...pools.values()] };
}

const touched = (action: RuntimeAction) => (action.kind === 'removePool' ? action.name : action.pool.name);

describe('Whatever is desired and observed, the plan', () => {
  it('is empty for what is already as desired', () => {
    fc.assert(
      fc.property(desiredSet, (desired) => {
        const all = { ...limits, dedicatedPoolsMax: 100 };
        const seen = observed(...desired.map((pool) => runs(pool)));
        expect(plan(desired, seen, NOW_MS, all)).toEqual({ actions: [], refusedPools: [] });
      }),
    );
  });

  it('is empty once it has been applied, then and ever after', () => {
    fc.assert(
      fc.property(
        desiredSet,
        observedSet,
        fc.constantFrom(0, 1_000, 86_400_000),
        (desired, pools, laterMs) => {
          const first = plan(desired, observed(...pools), NOW_MS, limits);
          const after = applied(observed(...pools), first.actions);
          expect(plan(desired, after, NOW_MS, limits).actions).toEqual([]);
          // Later it may shrink what it let be before, and then rests too.
          const second = plan(desired, after, NOW_MS + laterMs, limits);
          expect(plan(desired, applied(after, second.actions), NOW_MS + laterMs, limits).actions).toEqual([]);
        },
      ),
    );
  });

  it('is the same wherever workers run and however they fare', () => {
    fc.assert(
      fc.property(desiredSet, observedSet, taskLists, nodeLists, (desired, pools, tasks, nodes) => {
        const calm = plan(desired, observed(...pools), NOW_MS, limits);
        const busy = pools.map((pool, index) => ({
          ...pool,
          tasks: tasks[index % tasks.length] ?? [],
          problem: index % 2 === 0 ? 'No node has room.' : null,
        }));
        expect(plan(desired, { nodes, pools: busy }, NOW_MS, limits)).toEqual(calm);
      }),
    );
  });

  it('says of each pool that should be either what makes it, or why it cannot be', () => {
    fc.assert(
      fc.property(desiredSet, observedSet, (desired, pools) => {
        const { actions, refusedPools } = plan(desired, observed(...pools), NOW_MS, limits);
        const ours = applied(observed(...pools), actions).pools.filter((pool) => pool.isOwned);
        const found = [...ours, ...refusedPools].map(({ name }) => name);
        expect(found.sort()).toEqual(desired.map(({ name }) => name).sort());
      }),
    );
  });

  it('keeps a place for each dedicated pool that runs before any that comes', () => {
    fc.assert(
      fc.property(desiredSet, observedSet, (desired, pools) => {
        const { actions } = plan(desired, observed(...pools), NOW_MS, limits);
        const runs = pools.filter(({ isOwned }) => isOwned).map(({ name }) => name);
        const wanted = desired.map(({ name }) => name);
        const removed = actions.filter(({ kind }) => kind === 'removePool').map(touched);
        const displaced = removed.filter((name) => wanted.includes(name));
        const made = actions.map(touched).filter((name) => name !== 'shared' && !runs.includes(name));
        if (displaced.length > 0) expect(made.filter((name) => wanted.includes(name))).toEqual([]);
      }),
    );
  });

  it('never touches a pool that is not owned, and no pool twice', () => {
    fc.assert(
      fc.property(desiredSet, observedSet, (desired, pools) => {
        const names = plan(desired, observed(...pools), NOW_MS, limits).actions.map(touched);
        const foreign = pools.filter((pool) => !pool.isOwned).map((pool) => pool.name);
        expect(names.filter((name) => foreign.includes(name))).toEqual([]);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it('gives each admitted pool enough workers, and never exceeds the bound of dedicated pools', () => {
    fc.assert(
      fc.property(desiredSet, observedSet, (desired, pools) => {
        const { actions, refusedPools } = plan(desired, observed(...pools), NOW_MS, limits);
        const after = applied(observed(...pools), actions).pools.filter((pool) => pool.isOwned);
        const refused = refusedPools.map(({ name }) => name);
        for (const pool of desired.filter(({ name }) => !refused.includes(name))) {
          const replicas = after.find(({ name }) => name === pool.name)?.replicas;
          expect(replicas).toBeGreaterThanOrEqual(pool.replicas);
        }
        const dedicatedCount = after.filter((pool) => pool.isolation === 'DEDICATED').length;
        expect(dedicatedCount).toBeLessThanOrEqual(limits.dedicatedPoolsMax);
      }),
    );
  });
});
