import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock, systemClock } from './clock.ts';

const DAY_MS = 86_400_000;

describe('The system’s clock', () => {
  afterEach(() => vi.useRealTimers());

  it('tells the time and calls back after the delay, once', () => {
    vi.useFakeTimers({ now: 1_000 });
    const calls: number[] = [];
    systemClock.schedule(500, () => calls.push(systemClock.now()));
    vi.advanceTimersByTime(499);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(calls).toEqual([1_500]);
  });

  it('does not call back once it is closed', () => {
    vi.useFakeTimers();
    const callback = vi.fn();
    systemClock.schedule(10, callback).close();
    vi.advanceTimersByTime(100);
    expect(callback).not.toHaveBeenCalled();
  });

  it('waits longer than one timer of the system can, and can be closed in between', () => {
    vi.useFakeTimers({ now: 0 });
    const [early, late] = [vi.fn(), vi.fn()];
    const timer = systemClock.schedule(60 * DAY_MS, early);
    systemClock.schedule(60 * DAY_MS, late);
    vi.advanceTimersByTime(59 * DAY_MS);
    timer.close();
    expect(late).not.toHaveBeenCalled();
    vi.advanceTimersByTime(DAY_MS);
    expect(late).toHaveBeenCalledOnce();
    expect(early).not.toHaveBeenCalled();
  });

  it('takes a delay of the past for none', () => {
    vi.useFakeTimers();
    const callback = vi.fn();
    systemClock.schedule(-5, callback);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
  });
});

describe('The manual clock', () => {
  it('stands still until it is advanced', () => {
    const clock = new ManualClock(100);
    const callback = vi.fn();
    clock.schedule(50, callback);
    expect(clock.now()).toBe(100);
    clock.advance(49);
    expect(callback).not.toHaveBeenCalled();
    clock.advance(1);
    expect(callback).toHaveBeenCalledOnce();
    expect(clock.now()).toBe(150);
  });

  it('calls what falls due in the order of time, and shows each its own time', () => {
    const clock = new ManualClock(0);
    const calls: [string, number][] = [];
    const note = (name: string) => () => void calls.push([name, clock.now()]);
    clock.schedule(30, note('c'));
    clock.schedule(10, note('a'));
    clock.schedule(10, note('b'));
    clock.advance(100);
    expect(calls).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ]);
    expect(clock.now()).toBe(100);
  });

  it('also calls what was scheduled on the way, and not what was closed on the way', () => {
    const clock = new ManualClock(0);
    const calls: string[] = [];
    const closed = clock.schedule(20, () => calls.push('closed'));
    clock.schedule(10, () => {
      closed.close();
      clock.schedule(5, () => calls.push('later'));
      clock.schedule(500, () => calls.push('much later'));
    });
    clock.advance(100);
    expect(calls).toEqual(['later']);
  });
});
