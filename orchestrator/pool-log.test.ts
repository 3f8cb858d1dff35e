import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../platform/clock.ts';
import type { ObservedPool, PoolUpdateState } from '../platform/model/cluster.ts';
import { createLogLines } from '../test/support/log-lines.ts';
import { createPoolLog, type PoolLog } from './pool-log.ts';

let clock: ManualClock;
let messages: () => string[];
let lines: string[];
let rollbacks: number;
let log: PoolLog;
beforeEach(() => {
  clock = new ManualClock();
  const written = createLogLines();
  ({ messages, lines } = written);
  rollbacks = 0;
  log = createPoolLog({ clock, logger: written.logger }, () => rollbacks++);
});

const pool = (changes: Partial<ObservedPool> = {}): ObservedPool => ({
  name: 'shared',
  isolation: 'SHARED',
  render: 'HTTP',
  replicas: 1,
  tasks: [],
  update: null,
  problem: null,
  ...changes,
});
const update = (state: PoolUpdateState, startedAt = '2026-01-01T00:00:00.000Z') =>
  pool({ update: { state, startedAt, message: null } });

describe('A problem of a pool', () => {
  const problem = (text: string | null) => log.note([pool({ problem: text })]);

  it('is written down once, and again when it is another', () => {
    problem('No image.');
    problem('No image.');
    problem('No network.');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, pool: 'shared', problem: 'No image.', msg: 'pool has a problem' },
      { level: 40, pool: 'shared', problem: 'No network.', msg: 'pool has a problem' },
    ]);
  });

  it('that comes and goes is one', () => {
    for (let count = 0; count < 10; count++) {
      problem('It crashed.');
      clock.advance(20_000);
      problem(null);
      clock.advance(20_000);
    }
    expect(messages()).toEqual(['pool has a problem']);
  });

  it('is over after a while, and then is news', () => {
    problem('It crashed.');
    problem(null);
    clock.advance(60_000);
    problem(null);
    problem(null);
    problem('It crashed.');
    expect(messages()).toEqual(['pool has a problem', 'pool has no problem any more', 'pool has a problem']);
  });

  it('goes with its pool', () => {
    problem('It crashed.');
    log.note([]);
    clock.advance(60_000);
    log.note([]);
    expect(messages()).toHaveLength(1);
    problem('It crashed.');
    expect(messages()).toHaveLength(2);
  });
});

describe('A replacement of workers', () => {
  it('is written down as it goes on, each step once', () => {
    log.note([pool()]);
    for (const state of ['UPDATING', 'UPDATING', 'COMPLETED', 'COMPLETED'] as const)
      log.note([update(state)]);
    expect(messages()).toEqual([
      'workers are being replaced by newer ones',
      'workers were replaced by newer ones',
    ]);
    expect(rollbacks).toBe(0);
  });

  it('that is taken back is counted once, though none of its steps was seen before', () => {
    log.note([pool()]);
    for (const state of ['ROLLED_BACK', 'ROLLED_BACK'] as const) log.note([update(state)]);
    expect(rollbacks).toBe(1);
    log.note([update('ROLLED_BACK', '2026-01-01T00:10:00.000Z')]);
    expect(rollbacks).toBe(2);
    expect(lines.map((line) => JSON.parse(line).level)).toEqual([40, 40]);
  });

  it('that was over before anybody looked is no news, and one that still goes on is', () => {
    log.note([update('ROLLED_BACK')]);
    expect(messages()).toEqual([]);
    log.forget();
    log.note([update('ROLLING_BACK')]);
    log.note([update('ROLLED_BACK')]);
    expect(messages()).toHaveLength(2);
    expect(rollbacks).toBe(1);
  });
});
