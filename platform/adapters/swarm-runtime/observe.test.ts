import { describe, expect, it } from 'vitest';
import type { RuntimePool } from '../../ports/runtime.ts';
import type { EngineNode, EngineService, EngineTask } from './engine-types.ts';
import { observedRuntime } from './observe.ts';
import { Rollouts } from './rollouts.ts';

const NOW_MS = Date.parse('2026-01-01T00:10:00Z');
/** Time of day of the engine, seconds before now. */
const ago = (seconds: number) => new Date(NOW_MS - seconds * 1_000).toISOString().replace('Z', '123456Z');
const agoMs = (seconds: number) => new Date(NOW_MS - seconds * 1_000).toISOString();

const node = (id: string, state = 'ready', role = 'worker'): EngineNode => ({
  ID: id,
  Spec: { Role: role, Availability: 'active' },
  Description: { Hostname: `host-${id}`, Resources: { NanoCPUs: 2.5e9, MemoryBytes: 4e9 } },
  Status: { State: state },
});

const service = (
  changes: Partial<EngineService> = {},
  labels: Record<string, string> = {},
): EngineService => ({
  ID: 'service-1',
  Version: { Index: 7 },
  CreatedAt: ago(300),
  Spec: {
    Name: 'tributary-worker-shared',
    Labels: {
      'dev.tributary.platform': 'tributary',
      'dev.tributary.pool': 'shared',
      'dev.tributary.isolation': 'SHARED',
      'dev.tributary.render': 'HTTP',
      'dev.tributary.spec': 'new',
      'dev.tributary.changed-at': agoMs(120),
      ...labels,
    },
    Mode: { Replicated: { Replicas: 1 } },
  },
  ...changes,
});

let taskCount = 0;
/** A task that was made `seconds` ago and has been in its state since then. */
const task = (
  state: string,
  {
    desired = 'running',
    slot = 1,
    seconds = 60,
    err = '',
    nodeId = 'a',
  }: {
    desired?: string;
    slot?: number;
    seconds?: number;
    err?: string;
    nodeId?: string;
  } = {},
): EngineTask => ({
  ID: `task-${taskCount++}`,
  ServiceID: 'service-1',
  Slot: slot,
  NodeID: nodeId,
  CreatedAt: ago(seconds),
  DesiredState: desired,
  Status: { Timestamp: ago(seconds), State: state, Err: err },
});
const ended = (seconds: number, err: string, state = 'failed', slot = 1) =>
  task(state, { desired: 'shutdown', seconds, err, slot });

function poolOf(
  services: EngineService | readonly EngineService[],
  tasks: readonly EngineTask[],
  { nodes = [node('a')], rollouts = new Rollouts(), hash = 'new' as string | null } = {},
): RuntimePool {
  const list = Array.isArray(services) ? services : [services];
  const { pools } = observedRuntime(
    { services: list, tasks, nodes },
    {
      keyPrefix: 'tributary',
      nowMs: NOW_MS,
      specHash: () => hash ?? undefined,
      failedRollout: (pool, wanted) => rollouts.failedOf(pool, wanted),
    },
  );
  const [pool] = pools;
  if (!pool) throw new Error('There is one pool.');
  return pool;
}

const twoWorkers = service({ Spec: { ...service().Spec, Mode: { Replicated: { Replicas: 2 } } } });

describe('What is observed of nodes', () => {
  it('is what they are and have, in the order of their names', () => {
    const state = { services: [], tasks: [], nodes: [node('b', 'down'), node('a', 'ready', 'manager')] };
    const context = {
      keyPrefix: 'tributary',
      nowMs: NOW_MS,
      specHash: () => 'new',
      failedRollout: () => undefined,
    };
    const own = { availability: 'active', resources: { cpus: 2.5, memory: 4e9 } };
    expect(observedRuntime(state, context).nodes).toEqual([
      { hostname: 'host-a', role: 'manager', state: 'ready', ...own },
      { hostname: 'host-b', role: 'worker', state: 'down', ...own },
    ]);
  });
});

describe('What is observed of a pool', () => {
  it('is what its labels say, and that it is ours', () => {
    const running = task('running');
    expect(poolOf(service(), [running])).toEqual({
      name: 'shared',
      isolation: 'SHARED',
      render: 'HTTP',
      replicas: 1,
      tasks: [{ id: running.ID, node: 'host-a', state: 'RUNNING', since: agoMs(60), error: null }],
      update: null,
      problem: null,
      isOwned: true,
      isOutdated: false,
      changedAt: agoMs(120),
    });
  });

  it.each([
    ['no label of ours', { 'dev.tributary.platform': '' }],
    ['the label of another platform', { 'dev.tributary.platform': 'other' }],
    ['the labels of another pool, as a copy of it has', { 'dev.tributary.pool': 'source-a' }],
  ])('is not ours with %s', (_name, labels) => {
    const pool = poolOf(service({}, labels), [task('failed')]);
    expect(pool).toMatchObject({ name: 'shared', isOwned: false, isOutdated: false, problem: null });
  });

  it('is outdated where it was made of something else, unless it could not be made anew', () => {
    expect(poolOf(service({}, { 'dev.tributary.spec': 'old' }), []).isOutdated).toBe(true);
    expect(poolOf(service({}, { 'dev.tributary.spec': 'old' }), [], { hash: null }).isOutdated).toBe(false);
  });

  it('has no tasks of other services', () => {
    expect(poolOf(service(), [{ ...task('running'), ServiceID: 'other' }]).tasks).toEqual([]);
  });
});

describe('The state of a task', () => {
  it.each([
    ['new', 'PENDING'],
    ['pending', 'PENDING'],
    ['assigned', 'PENDING'],
    ['accepted', 'PENDING'],
    ['preparing', 'STARTING'],
    ['ready', 'STARTING'],
    ['starting', 'STARTING'],
    ['running', 'RUNNING'],
    ['failed', 'FAILED'],
    ['rejected', 'FAILED'],
    ['complete', 'FAILED'],
    ['orphaned', 'FAILED'],
  ])('%s is %s where it should run', (state, shown) => {
    expect(poolOf(service(), [task(state)]).tasks).toMatchObject([{ state: shown }]);
  });

  it.each([
    ['running', ['STOPPING']],
    ['starting', ['STOPPING']],
    ['shutdown', []],
    ['failed', []],
    ['complete', []],
    ['remove', []],
  ])('%s is %j where it should go', (state, shown) => {
    const tasks = poolOf(service(), [task(state, { desired: 'shutdown' })]).tasks;
    expect(tasks.map((one) => one.state)).toEqual(shown);
  });

  it('is nothing where it should go and its node is lost', () => {
    const leaving = task('running', { desired: 'shutdown' });
    expect(poolOf(service(), [leaving], { nodes: [node('a', 'down')] }).tasks).toEqual([]);
    expect(poolOf(service(), [leaving], { nodes: [] }).tasks).toEqual([]);
  });

  it('is on no node before it has one', () => {
    expect(poolOf(service(), [task('pending', { nodeId: '' })]).tasks).toMatchObject([{ node: null }]);
  });

  it('stands in the order of places, the older of two at one place first', () => {
    const tasks = [
      task('running', { slot: 2 }),
      task('starting', { slot: 1, seconds: 1 }),
      task('running', { slot: 1, seconds: 50 }),
    ];
    expect(poolOf(twoWorkers, tasks).tasks.map(({ id }) => id)).toEqual([
      tasks[2]?.ID,
      tasks[1]?.ID,
      tasks[0]?.ID,
    ]);
  });
});

describe('The error of a task', () => {
  it.each([
    ['task: non-zero exit (3)', 'The worker exited with code 3.'],
    ['task: non-zero exit (1): no room', 'The worker exited with code 1: no room.'],
    ['task: non-zero exit (137)', 'The worker was killed (exit code 137): by hand, or for want of memory.'],
    [
      'task: non-zero exit (143): dockerexec: unhealthy container',
      'The worker was stopped: it failed its health check.',
    ],
    ['No such image: x:1', 'No such image: x:1'],
    ['rpc error: code = Unknown desc = no room', 'no room'],
    ['', 'The worker ended.'],
  ])('that failed before it (%s) is told while it has not come up: %s', (err, error) => {
    const tasks = [ended(20, 'task: non-zero exit (99)'), ended(10, err), task('preparing', { seconds: 9 })];
    expect(poolOf(service(), tasks)).toMatchObject({ tasks: [{ error }], problem: error });
  });

  it('is its own where it has one', () => {
    const err = 'no suitable node (insufficient resources on 3 nodes)';
    const tasks = [ended(10, 'task: non-zero exit (1)'), task('pending', { err, seconds: 1 })];
    expect(poolOf(service(), tasks)).toMatchObject({ tasks: [{ error: err }], problem: err });
  });

  it('is that of its own place', () => {
    const tasks = [
      ended(10, 'task: non-zero exit (1)', 'failed', 2),
      task('starting', { slot: 1, seconds: 5 }),
    ];
    expect(poolOf(service(), tasks)).toMatchObject({ tasks: [{ error: null }], problem: null });
  });

  it('is over once the next one runs', () => {
    const tasks = [ended(60, 'task: non-zero exit (1)'), task('running', { seconds: 5 })];
    expect(poolOf(service(), tasks)).toMatchObject({ tasks: [{ error: null }], problem: null });
  });

  it('is none where the one before was told to go', () => {
    const tasks = [
      ended(20, 'task: non-zero exit (1)'),
      ended(10, '', 'shutdown'),
      task('starting', { seconds: 5 }),
    ];
    expect(poolOf(service(), tasks)).toMatchObject({ tasks: [{ error: null }], problem: null });
  });

  it('names a worker that ends without a failure', () => {
    const tasks = [ended(10, '', 'complete'), task('starting', { seconds: 5 })];
    expect(poolOf(service(), tasks).problem).toBe('The worker exited with code 0.');
  });
});

describe('The problem of a pool', () => {
  it('is none while workers are only on their way', () => {
    const fresh = { 'dev.tributary.changed-at': agoMs(5) };
    expect(poolOf(service({}, fresh), []).problem).toBeNull();
    expect(poolOf(service(), [task('pending', { seconds: 5 })]).problem).toBeNull();
    expect(poolOf(service(), [task('preparing', { seconds: 29 })]).problem).toBeNull();
  });

  it('is that they are missing, where that lasts', () => {
    expect(poolOf(twoWorkers, [task('running'), task('preparing', { slot: 2, seconds: 31 })]).problem).toBe(
      '1 of 2 workers run.',
    );
    expect(poolOf(service(), []).problem).toBe('0 of 1 workers run.');
  });

  it('goes on while workers come up only to end again', () => {
    const failures = [ended(20, 'task: non-zero exit (4)'), ended(10, 'task: non-zero exit (4)')];
    expect(poolOf(service(), [...failures, task('running', { seconds: 2 })]).problem).toBe(
      'The worker exited with code 4.',
    );
    // It has lived long enough.
    const old = [ended(60, 'task: non-zero exit (4)'), ended(50, 'task: non-zero exit (4)')];
    expect(poolOf(service(), [...old, task('running', { seconds: 40 })]).problem).toBeNull();
    // One failure now and one long ago are no loop.
    const rare = [ended(500, 'task: non-zero exit (4)'), ended(10, 'task: non-zero exit (4)')];
    expect(poolOf(service(), [...rare, task('running', { seconds: 2 })]).problem).toBeNull();
  });

  it('is what most workers say', () => {
    const three = service({ Spec: { ...service().Spec, Mode: { Replicated: { Replicas: 3 } } } });
    const tasks = ['no room', 'no image', 'no image'].map((err, at) =>
      task('pending', { err, slot: at + 1 }),
    );
    expect(poolOf(three, tasks).problem).toBe('no image');
  });

  it('is an update that has stopped', () => {
    const UpdateStatus = {
      State: 'rollback_paused',
      StartedAt: ago(5),
      Message: 'update paused due to failure',
    };
    expect(poolOf(service({ UpdateStatus }), [task('running')]).problem).toBe(
      'The replacement of the workers has stopped: update paused due to failure',
    );
  });
});

describe('The update of a pool', () => {
  it.each([
    ['updating', 'UPDATING'],
    ['completed', 'COMPLETED'],
    ['paused', 'PAUSED'],
    ['rollback_started', 'ROLLING_BACK'],
    ['rollback_paused', 'PAUSED'],
    ['rollback_completed', 'ROLLED_BACK'],
  ])('that is %s is %s', (State, state) => {
    const UpdateStatus = { State, StartedAt: ago(5), Message: 'rpc error: code = Unknown desc = said' };
    expect(poolOf(service({ UpdateStatus }), [task('running')]).update).toEqual({
      state,
      startedAt: agoMs(5),
      message: 'said',
    });
  });

  it.each([[undefined], [{}], [{ State: '' }]])('that never was (%j) is none', (UpdateStatus) => {
    expect(poolOf(service(UpdateStatus ? { UpdateStatus } : {}), [task('running')]).update).toBeNull();
  });
});

describe('A rollout that was taken back', () => {
  const back = service(
    { UpdateStatus: { State: 'rollback_completed', StartedAt: ago(30), Message: 'update rolled back' } },
    { 'dev.tributary.spec': 'old' },
  );
  const before = service({ Version: { Index: 5 } });
  const triedBy = (reason: string | undefined) => {
    const rollouts = new Rollouts();
    rollouts.noteTried('shared', 'new', before);
    rollouts.noteSeen('shared', back, reason);
    return rollouts;
  };

  it('is told with its reason, and is not tried again', () => {
    expect(poolOf(back, [task('running')], { rollouts: triedBy('No such image: x:1') })).toMatchObject({
      isOutdated: false,
      update: { state: 'ROLLED_BACK' },
      problem: 'The newest workers failed and were taken back: No such image: x:1',
    });
    expect(poolOf(back, [task('running')], { rollouts: triedBy(undefined) }).problem).toBe(
      'The newest workers failed and were taken back: update rolled back',
    );
  });

  it('keeps the first reason when swarm has forgotten the workers', () => {
    const rollouts = triedBy('No such image: x:1');
    rollouts.noteSeen('shared', back, undefined);
    expect(rollouts.failedOf('shared', 'new')?.reason).toBe('No such image: x:1');
  });

  it('is told when swarm has forgotten it over a change of the number', () => {
    const resized = service({}, { 'dev.tributary.spec': 'old' });
    expect(poolOf(resized, [task('running')], { rollouts: triedBy('why') })).toMatchObject({
      isOutdated: false,
      update: { state: 'ROLLED_BACK', startedAt: agoMs(30) },
      problem: 'The newest workers failed and were taken back: why',
    });
  });

  it('is tried by who has not tried it, and again where something else is wanted', () => {
    expect(poolOf(back, [task('running')]).isOutdated).toBe(true);
    expect(poolOf(back, [task('running')], { rollouts: triedBy('why'), hash: 'newer' })).toMatchObject({
      isOutdated: true,
      problem: null,
    });
  });

  it('is another one where it was seen before these workers were tried', () => {
    const rollouts = new Rollouts();
    rollouts.noteTried('shared', 'new', back);
    rollouts.noteSeen('shared', back, 'why');
    expect(rollouts.failedOf('shared', 'new')).toBeUndefined();
  });

  it('is over once such workers run all the same', () => {
    const rollouts = triedBy('why');
    const again = service({ Version: { Index: 9 }, UpdateStatus: { State: 'completed', StartedAt: ago(5) } });
    rollouts.noteSeen('shared', again, undefined);
    expect(rollouts.failedOf('shared', 'new')).toBeUndefined();
    // Who looked before that tells nothing new.
    rollouts.noteSeen('shared', back, 'why');
    expect(rollouts.failedOf('shared', 'new')).toBeUndefined();
  });

  it('is none where the workers are those that were tried', () => {
    const rollouts = new Rollouts();
    rollouts.noteTried('shared', 'old', before);
    rollouts.noteSeen('shared', back, 'why');
    expect(rollouts.failedOf('shared', 'old')).toBeUndefined();
  });
});
