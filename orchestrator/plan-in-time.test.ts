import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuntimeAction, RuntimePool } from '../platform/ports/runtime.ts';
import { desiredPools, type PoolDemand, type PoolPolicy } from './desired.ts';
import { type PlanLimits, plan } from './plan.ts';

const TURN_MS = 10_000;
const limits: PlanLimits = { dedicatedPoolsMax: 3, shrinkAfterMs: 60_000 };
const policy: PoolPolicy = {
  WORKER_CAPACITY: 10,
  POOL_REPLICAS_MIN: 1,
  POOL_REPLICAS_MAX: 6,
  BROWSER_WORKER_CAPACITY: 2,
  BROWSER_POOL_REPLICAS_MAX: 3,
};

/** What becomes of an action: LATE is done some turns on, of LOST and UNSEEN nobody hears, and UNSEEN is done. */
type Outcome = 'DONE' | 'LATE' | 'REFUSED' | 'LOST' | 'UNSEEN';
/** What happens beneath the orchestrator. */
type Incident =
  | { readonly kind: 'nothing' | 'newProgram' | 'crashes' | 'drain' | 'updatesFail' | 'updatesEnd' }
  | { readonly kind: 'made' | 'made by others' | 'gone'; readonly name: string };

/** A runtime that does what it is told, or not, or later. Owned by us is what it made for us. */
class World {
  readonly pools = new Map<string, RuntimePool>();
  nowMs = Date.UTC(2026, 10, 20, 12);
  #late: { readonly dueMs: number; readonly action: RuntimeAction }[] = [];

  get now(): string {
    return new Date(this.nowMs).toISOString();
  }

  pass(incident: Incident): void {
    this.nowMs += TURN_MS;
    for (const { action } of this.#late.filter(({ dueMs }) => dueMs <= this.nowMs)) this.#do(action);
    this.#late = this.#late.filter(({ dueMs }) => dueMs > this.nowMs);
    this.#happen(incident);
  }

  take(action: RuntimeAction, outcome: Outcome): void {
    if (outcome === 'DONE' || outcome === 'UNSEEN') this.#do(action);
    if (outcome === 'LATE') this.#late.push({ dueMs: this.nowMs + 3 * TURN_MS, action });
  }

  #do(action: RuntimeAction): void {
    const name = action.kind === 'removePool' ? action.name : action.pool.name;
    const before = this.pools.get(name);
    // As a runtime that is asked late does: it looks whose the pool is by now.
    if (before?.isOwned === false) return;
    if (action.kind === 'removePool') this.pools.delete(name);
    else {
      const isResized = before?.replicas !== action.pool.replicas;
      const isReplaced = before?.isOutdated === true;
      this.pools.set(name, {
        ...action.pool,
        tasks: before?.tasks ?? [],
        problem: null,
        update: isReplaced
          ? { state: 'UPDATING', startedAt: this.now, message: null }
          : (before?.update ?? null),
        isOwned: true,
        isOutdated: false,
        changedAt: before && !isResized ? before.changedAt : this.now,
      });
    }
  }

  #happen(incident: Incident): void {
    if (incident.kind === 'gone')
      return void (this.isOurs(incident.name) && this.pools.delete(incident.name));
    if (incident.kind === 'made' || incident.kind === 'made by others') {
      if (!this.pools.has(incident.name)) this.#make(incident.name, incident.kind === 'made');
      return;
    }
    for (const pool of this.pools.values()) {
      if (pool.isOwned) this.pools.set(pool.name, { ...pool, ...this.#changed(pool, incident.kind) });
    }
  }

  #make(name: string, isOwned: boolean): void {
    const spec = { name, isolation: 'SHARED', render: 'HTTP', replicas: 5 } as const;
    const state = { tasks: [], update: null, problem: null, isOutdated: false, changedAt: this.now };
    this.pools.set(name, { ...spec, ...state, isOwned });
  }

  #changed(pool: RuntimePool, kind: string): Partial<RuntimePool> {
    const state = pool.update?.state;
    if (kind === 'newProgram') return { isOutdated: true };
    if (kind === 'crashes' || kind === 'drain') {
      const [from, error] = kind === 'crashes' ? ['one', 'It crashed.'] : ['two', null];
      const task = { id: `${pool.name}-${this.nowMs}`, node: from, since: this.now, error };
      return { tasks: [{ ...task, state: error ? 'FAILED' : 'STOPPING' }], problem: error };
    }
    if (!pool.update || (state !== 'UPDATING' && state !== 'ROLLING_BACK')) return {};
    if (kind === 'updatesFail') {
      return { update: { ...pool.update, state: state === 'UPDATING' ? 'ROLLING_BACK' : 'ROLLED_BACK' } };
    }
    const ended = state === 'UPDATING' ? 'COMPLETED' : 'ROLLED_BACK';
    return kind === 'updatesEnd' ? { update: { ...pool.update, state: ended } } : {};
  }

  isOurs(name: string): boolean {
    return this.pools.get(name)?.isOwned === true;
  }
}

/** One turn of the orchestrator. @returns What it asked for. */
function turn(world: World, demands: readonly PoolDemand[], outcomeOf: (index: number) => Outcome) {
  const desired = desiredPools(demands, policy);
  const observed = { nodes: [], pools: [...world.pools.values()] };
  const result = plan(desired, observed, world.nowMs, limits);
  for (const [index, action] of result.actions.entries()) world.take(action, outcomeOf(index));
  return { ...result, desired };
}

const demandSet: fc.Arbitrary<readonly PoolDemand[]> = fc
  .record({
    shared: fc.nat(80),
    browser: fc.nat(8),
    dedicated: fc.uniqueArray(
      fc.constantFrom('source-a', 'source-b', 'source-c', 'source-d', 'browser-source-e'),
    ),
  })
  .map(({ shared, browser, dedicated }) => [
    { pool: 'shared', isolation: 'SHARED', sourceCount: shared },
    { pool: 'browser', isolation: 'SHARED', sourceCount: browser },
    ...dedicated.map((pool) => ({ pool, isolation: 'DEDICATED' as const, sourceCount: 1 })),
  ]);
const poolName = fc.constantFrom('shared', 'browser', 'source-a', 'source-b', 'left-over');
const incident: fc.Arbitrary<Incident> = fc.oneof(
  fc
    .constantFrom('nothing', 'newProgram', 'crashes', 'drain', 'updatesFail', 'updatesEnd')
    .map((kind) => ({ kind })),
  fc.record({ kind: fc.constantFrom('made', 'made by others', 'gone'), name: poolName }),
);
const outcome = fc.constantFrom<Outcome>('DONE', 'DONE', 'LATE', 'REFUSED', 'LOST', 'UNSEEN');
const troubles = fc.array(
  fc.record({ demands: demandSet, incident, outcomes: fc.array(outcome, { minLength: 1, maxLength: 6 }) }),
  { maxLength: 30 },
);
/** Turns until a pool may shrink, its last update is let alone no more, and the last late action was done. */
const CALM_TURNS = 25;

describe('Turn after turn, the plan', () => {
  it('makes of anything what is desired once the runtime does as it is told, and then rests', () => {
    fc.assert(
      fc.property(troubles, demandSet, fc.boolean(), (turns, demands, isUpdateStuck) => {
        const world = new World();
        for (const { demands: then, incident: now, outcomes } of turns) {
          turn(world, then, (index) => outcomes[index % outcomes.length] ?? 'DONE');
          world.pass(now);
        }
        for (let count = 0; count < CALM_TURNS; count++) {
          turn(world, demands, () => 'DONE');
          world.pass({ kind: isUpdateStuck ? 'nothing' : 'updatesEnd' });
        }
        const last = turn(world, demands, () => 'DONE');
        expect(last.actions).toEqual([]);
        const refused = last.refusedPools.map(({ name }) => name);
        const due = last.desired.filter(({ name }) => !refused.includes(name));
        const ours = [...world.pools.values()].filter(({ isOwned }) => isOwned);
        expect(ours.map(({ name }) => name).sort()).toEqual(due.map(({ name }) => name).sort());
        for (const { name, replicas, replicasKept, render, isolation } of due) {
          const made = world.pools.get(name);
          expect(made).toMatchObject({ render, isolation, isOutdated: false });
          expect(made?.replicas).toBeGreaterThanOrEqual(replicas);
          expect(made?.replicas).toBeLessThanOrEqual(Math.max(replicas, replicasKept));
        }
      }),
    );
  });

  it('never touches what is not ours, whatever happens', () => {
    fc.assert(
      fc.property(troubles, (turns) => {
        const world = new World();
        for (const { demands, incident: now, outcomes } of turns) {
          const others = [...world.pools.values()].filter(({ isOwned }) => !isOwned);
          const { actions } = turn(world, demands, (index) => outcomes[index % outcomes.length] ?? 'DONE');
          const touched = actions.map((action) =>
            action.kind === 'removePool' ? action.name : action.pool.name,
          );
          expect(touched.filter((name) => others.some((pool) => pool.name === name))).toEqual([]);
          for (const pool of others) expect(world.pools.get(pool.name)).toBe(pool);
          world.pass(now);
        }
      }),
    );
  });

  it('rests while nodes drain and workers crash', () => {
    const unrest = fc.array(fc.constantFrom<Incident>({ kind: 'drain' }, { kind: 'crashes' }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(demandSet, unrest, (demands, incidents) => {
        const world = new World();
        turn(world, demands, () => 'DONE');
        for (const now of incidents) {
          world.pass(now);
          expect(turn(world, demands, () => 'DONE').actions).toEqual([]);
        }
      }),
    );
  });

  it('never tries again what the runtime has taken back', () => {
    const world = new World();
    const demands = [{ pool: 'shared', isolation: 'SHARED', sourceCount: 1 }] as const;
    turn(world, demands, () => 'DONE');
    world.pass({ kind: 'newProgram' });
    expect(turn(world, demands, () => 'DONE').actions).toHaveLength(1);
    for (let count = 0; count < CALM_TURNS; count++) {
      world.pass({ kind: 'updatesFail' });
      expect(turn(world, demands, () => 'DONE').actions).toEqual([]);
    }
    expect(world.pools.get('shared')?.update?.state).toBe('ROLLED_BACK');
  });

  it('keeps dedicated pools in their place while others come and go', () => {
    const dedicated = fc.uniqueArray(fc.nat(9), { maxLength: 9 });
    fc.assert(
      fc.property(fc.array(dedicated, { maxLength: 20 }), (wishes) => {
        const world = new World();
        for (const wish of wishes) {
          const names = wish.map((id) => `source-${id}`);
          const stayed = names.filter((name) => world.isOurs(name));
          turn(
            world,
            names.map((pool) => ({ pool, isolation: 'DEDICATED', sourceCount: 1 })),
            () => 'DONE',
          );
          expect(stayed.filter((name) => !world.isOurs(name))).toEqual([]);
          const made = [...world.pools.keys()].filter((name) => name.startsWith('source-'));
          expect(made).toHaveLength(Math.min(names.length, limits.dedicatedPoolsMax));
          world.pass({ kind: 'nothing' });
        }
      }),
    );
  });
});

describe('A pool whose sources come and go', () => {
  const shared = (sourceCount: number): PoolDemand[] => [
    { pool: 'shared', isolation: 'SHARED', sourceCount },
  ];
  const size = (world: World) => world.pools.get('shared')?.replicas ?? 0;

  it('never shrinks sooner than POOL_SHRINK_AFTER after its size has changed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(80), { maxLength: 60 }), (counts) => {
        const world = new World();
        let changedMs = Number.NEGATIVE_INFINITY;
        for (const count of counts) {
          const before = size(world);
          turn(world, shared(count), () => 'DONE');
          if (size(world) < before) {
            expect(world.nowMs - changedMs).toBeGreaterThanOrEqual(limits.shrinkAfterMs);
          }
          if (size(world) !== before) changedMs = world.nowMs;
          world.pass({ kind: 'nothing' });
        }
      }),
    );
  });

  it('never changes again once it fits, while their number goes up and down by a fifth', () => {
    const course = fc.tuple(
      fc.nat(48),
      fc.array(fc.double({ min: 0, max: 0.25, noNaN: true }), { maxLength: 60 }),
    );
    fc.assert(
      fc.property(course, ([least, shares]) => {
        const world = new World();
        turn(world, shared(80), () => 'DONE');
        for (let count = 0; count <= limits.shrinkAfterMs / TURN_MS; count++) {
          world.pass({ kind: 'nothing' });
          turn(world, shared(least), () => 'DONE');
        }
        const fits = size(world);
        for (const share of shares) {
          world.pass({ kind: 'nothing' });
          turn(world, shared(Math.floor(least * (1 + share))), () => 'DONE');
          expect(size(world)).toBe(fits);
        }
      }),
    );
  });
});
