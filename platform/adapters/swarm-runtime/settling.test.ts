import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../clock.ts';
import type { TaskState } from '../../model/cluster.ts';
import type { ObservedRuntime, RuntimePool } from '../../ports/runtime.ts';
import { Settling } from './settling.ts';

let clock: ManualClock;
let now: ObservedRuntime;
let looks: number;
let wakes: number;
let isAway: boolean;
let settling: Settling;

const poolWith = (states: readonly TaskState[], changes: Partial<RuntimePool> = {}): ObservedRuntime => ({
  nodes: [],
  pools: [
    {
      name: 'shared',
      isolation: 'SHARED',
      render: 'HTTP',
      replicas: 1,
      tasks: states.map((state) => ({ id: state, node: null, state, since: '', error: null })),
      update: null,
      problem: null,
      isOwned: true,
      isOutdated: false,
      changedAt: '',
      ...changes,
    },
  ],
});
const updating = { update: { state: 'UPDATING', startedAt: '', message: null } } as const;

beforeEach(() => {
  clock = new ManualClock();
  looks = 0;
  wakes = 0;
  isAway = false;
  settling = new Settling({
    clock,
    async look() {
      looks++;
      if (isAway) throw new Error('away');
      settling.note(now);
    },
    onChange: () => wakes++,
  });
});
afterEach(() => settling.close());

/** Lets time pass in steps, and what is ready happen after each. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advance(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('Settling', () => {
  it.each([
    ['a worker is on its way', poolWith(['STARTING']), true],
    ['a worker is missing', poolWith([]), true],
    ['a worker goes', poolWith(['RUNNING', 'STOPPING']), true],
    ['workers are being replaced', poolWith(['RUNNING'], updating), true],
    ['all is as it should be', poolWith(['RUNNING']), false],
    ['it is the pool of somebody else', poolWith([], { isOwned: false }), false],
  ])('looks again where %s: %j', async (_name, seen, again) => {
    now = seen;
    settling.note(seen);
    await pass(1_000);
    expect(looks > 0).toBe(again);
    expect(wakes).toBe(0);
  });

  it('wakes with each change, and rests when there is none to come', async () => {
    now = poolWith(['PENDING']);
    settling.note(now);
    now = poolWith(['STARTING']);
    await pass(600);
    expect(wakes).toBe(1);
    now = poolWith(['RUNNING']);
    await pass(600);
    expect(wakes).toBe(2);
    const before = looks;
    await pass(10_000);
    expect(looks).toBe(before);
  });

  it('looks ever more seldom while nothing changes, and soon again once something does', async () => {
    now = poolWith(['PENDING']);
    settling.note(now);
    await pass(60_000);
    const before = looks;
    await pass(40_000);
    expect(looks - before).toBe(10);
    settling.stir();
    await pass(250);
    expect(looks - before).toBe(11);
  });

  it('looks once something was set going', async () => {
    now = poolWith(['RUNNING']);
    settling.note(now);
    settling.stir();
    await pass(300);
    expect(looks).toBe(1);
  });

  it('looks on though nobody answers', async () => {
    now = poolWith(['PENDING']);
    settling.note(now);
    isAway = true;
    await pass(3_000);
    isAway = false;
    now = poolWith(['RUNNING']);
    await pass(4_000);
    expect(wakes).toBe(1);
  });

  it('looks ever more seldom while nobody answers', async () => {
    now = poolWith(['RUNNING']);
    settling.note(now);
    isAway = true;
    settling.stir();
    await pass(20_000);
    const before = looks;
    await pass(40_000);
    expect(looks - before).toBe(10);
  });

  it('looks no more when it is closed', async () => {
    settling.note(poolWith([]));
    settling.close();
    await pass(10_000);
    settling.note(poolWith([]));
    await pass(10_000);
    expect(looks).toBe(0);
  });
});
