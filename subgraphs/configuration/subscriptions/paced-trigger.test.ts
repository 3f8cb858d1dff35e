import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../platform/clock.ts';
import { createPacedTrigger } from './paced-trigger.ts';

function paced() {
  const clock = new ManualClock();
  const acts: number[] = [];
  const startMs = clock.now();
  return { clock, acts, ...createPacedTrigger(clock, 100, () => acts.push(clock.now() - startMs)) };
}

describe('a paced trigger', () => {
  it('acts at once, and at once again after a pause', () => {
    const { clock, acts, trigger } = paced();
    trigger();
    clock.advance(150);
    trigger();
    expect(acts).toEqual([0, 150]);
  });

  it('acts once for all that triggers it in a pause, at its end, and pauses again', () => {
    const { clock, acts, trigger } = paced();
    for (let n = 0; n < 25; n++) {
      trigger();
      clock.advance(10);
    }
    clock.advance(1_000);
    expect(acts).toEqual([0, 100, 200, 300]);
    expect(clock.pending).toBe(0);
  });

  it('never acts once closed', () => {
    const { clock, acts, trigger, close } = paced();
    trigger();
    trigger();
    void close();
    trigger();
    clock.advance(1_000);
    expect(acts).toEqual([0]);
    expect(clock.pending).toBe(0);
  });
});
