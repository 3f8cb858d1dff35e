import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLevelTrigger } from './level-trigger.ts';

describe('a level trigger', () => {
  it('checks once more for everything that came while it checked', async () => {
    let state = 0;
    const seen: number[] = [];
    const trigger = createLevelTrigger(
      async () => {
        const read = state;
        await setImmediate();
        seen.push(read);
      },
      () => {},
    );
    for (let n = 1; n <= 100; n++) {
      state = n;
      void trigger();
    }
    await trigger();
    expect(seen).toEqual([1, 100]);
  });

  it('goes on after a check that failed', async () => {
    const errors: unknown[] = [];
    let checks = 0;
    const trigger = createLevelTrigger(
      async () => {
        if (++checks === 1) throw new Error('no');
      },
      (error) => errors.push(error),
    );
    await trigger();
    expect(errors).toHaveLength(1);
    await trigger();
    expect(checks).toBe(2);
  });
});
