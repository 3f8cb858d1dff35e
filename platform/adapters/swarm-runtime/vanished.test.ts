import { expect, it } from 'vitest';
import { ManualClock } from '../../clock.ts';
import { VANISHED_MS, Vanished } from './vanished.ts';

it('knows for a while what is gone that others removed, and nothing that we did, that came back or that never was', () => {
  const clock = new ManualClock(0);
  const vanished = new Vanished(clock);
  vanished.note(['shared', 'one', 'two']);
  vanished.forget('two');
  vanished.note(['one']);
  expect(['shared', 'one', 'two', 'three'].filter((pool) => vanished.has(pool))).toEqual(['shared']);

  vanished.note([]);
  clock.advance(VANISHED_MS - 1);
  // Looking again does not begin anew.
  vanished.note(['one']);
  expect(vanished.has('shared')).toBe(true);
  expect(vanished.has('one')).toBe(false);
  clock.advance(1);
  expect(vanished.has('shared')).toBe(false);
});
