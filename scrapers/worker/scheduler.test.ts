import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import { shopSpec } from '../../test/unit/scrapers/specs.ts';
import { HeldSource } from './held-source.ts';
import { Scheduler } from './scheduler.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

let clock: ManualClock;
/** Runs that go on, by source. */
let running: Map<string, (dueInMs?: number) => Promise<void>>;
let started: string[];
let scheduler: Scheduler;

beforeEach(() => {
  clock = new ManualClock();
  running = new Map();
  started = [];
  scheduler = new Scheduler(
    {
      clock,
      start(source) {
        started.push(source.id);
        source.begin(`run-${started.length}`);
        return new Promise((resolve) => {
          running.set(source.id, async (dueInMs) => {
            running.delete(source.id);
            source.end(dueInMs === undefined ? undefined : clock.now() + dueInMs);
            resolve();
            await settle();
          });
        });
      },
    },
    { runsMax: 3, hostRunsMax: () => 2 },
  );
});

function hold(id: string, dueInMs: number | undefined, host = `${id}.example`): HeldSource {
  const source = new HeldSource({
    sourceId: id,
    token: 1,
    revision: 1,
    spec: shopSpec(`https://${host}/`, { id }),
    nextRunAt: dueInMs === undefined ? null : new Date(clock.now() + dueInMs).toISOString(),
    queuedRunId: null,
    baselineRecords: null,
  });
  scheduler.plan(source);
  scheduler.serve();
  return source;
}

function request(source: HeldSource, runId: string): void {
  source.update({ ...source.lease, queuedRunId: runId });
  scheduler.plan(source);
  scheduler.serve();
}

describe('the scheduler', () => {
  it('starts sources when they are due, at once where they already are', () => {
    hold('late', -1_000);
    hold('soon', 5_000);
    hold('later', 9_000);
    hold('never', undefined);
    expect(started).toEqual(['late']);
    clock.advance(4_999);
    expect(started).toEqual(['late']);
    clock.advance(1);
    expect(started).toEqual(['late', 'soon']);
    clock.advance(4_000);
    expect(started).toEqual(['late', 'soon', 'later']);
  });

  it('waits for a time that is far away', () => {
    hold('far', 40 * 86_400_000);
    clock.advance(40 * 86_400_000 - 1);
    expect(started).toEqual([]);
    clock.advance(1);
    expect(started).toEqual(['far']);
  });

  it('does not start a source that runs, however it is planned meanwhile', async () => {
    const source = hold('a', 0);
    for (const runId of ['x', 'y']) request(source, runId);
    source.dueAtMs = clock.now() - 1;
    scheduler.plan(source);
    scheduler.serve();
    clock.advance(120_000);
    expect(started).toEqual(['a']);
    await running.get('a')?.();
    // What was requested meanwhile runs now.
    expect(started).toEqual(['a', 'a']);
  });

  it('starts a source again when its last run said so', async () => {
    hold('a', 0);
    await running.get('a')?.(1_000);
    expect(started).toEqual(['a']);
    clock.advance(1_000);
    expect(started).toEqual(['a', 'a']);
  });

  it('gives places to no more runs than there may be, to a host no more than its share', async () => {
    for (const id of ['a1', 'a2', 'a3']) hold(id, 0, 'a.example');
    for (const id of ['b1', 'b2']) hold(id, 0, 'b.example');
    expect(started).toEqual(['a1', 'a2', 'b1']);
    await running.get('b1')?.();
    expect(started.at(-1)).toBe('b2');
    await running.get('a1')?.();
    expect(started.at(-1)).toBe('a3');
  });

  it('lets requested runs go first', async () => {
    for (const id of ['a', 'b', 'c', 'd']) hold(id, 0);
    const wanted = hold('wanted', 60_000);
    request(wanted, 'x');
    expect(started).toEqual(['a', 'b', 'c']);
    await running.get('a')?.();
    expect(started.at(-1)).toBe('wanted');
  });

  it('starts nothing that was dropped, nor anything once it is stopped', async () => {
    scheduler.drop(hold('a', 1_000));
    const busy = hold('busy', 0);
    scheduler.drop(busy);
    await running.get('busy')?.(0);
    clock.advance(1_000);
    expect(started).toEqual(['busy']);
    hold('b', 0);
    hold('c', 1_000);
    let isStopped = false;
    const stopping = scheduler.stop().then(() => {
      isStopped = true;
    });
    clock.advance(1_000);
    await settle();
    expect(isStopped).toBe(false);
    await running.get('b')?.(0);
    await stopping;
    expect(started).toEqual(['busy', 'b']);
  });
});

describe('a held source', () => {
  it('knows its spec by its revision, so that selectors stay compiled', () => {
    const source = hold('a', undefined);
    const { lease } = source;
    source.update({ ...lease, spec: { ...lease.spec } });
    expect(source.lease.spec).toBe(lease.spec);
    const changed = { ...lease.spec, records: 'tr' };
    source.update({ ...lease, revision: 2, spec: changed });
    expect(source.lease.spec).toBe(changed);
  });

  it('does not begin a run again that it has already had, though the news of it comes late', () => {
    const source = hold('a', undefined);
    const old = { ...source.lease, queuedRunId: 'x' };
    source.update(old);
    source.begin('x');
    source.update(old);
    expect(source.queuedRunId).toBeNull();
  });

  it('takes no news from a lease before its own', () => {
    const source = hold('a', undefined);
    source.update({ ...source.lease, token: 0, queuedRunId: 'x' });
    expect(source.queuedRunId).toBeNull();
  });
});
