import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Closeable } from '../../../platform/scope.ts';

export interface PacedTrigger extends Closeable {
  trigger(): void;
}

/**
 * Acts at once, then for the length of a pause not again: whatever triggers it meanwhile is made up for by one act at the
 * pause's end. So what happens alone is told at once, and a rush costs as many acts as it lasts pauses.
 */
export function createPacedTrigger(clock: Clock, pauseMs: number, act: () => void): PacedTrigger {
  let pause: Timer | undefined;
  let isWanted = false;
  let isClosed = false;
  const trigger = () => {
    if (isClosed) return;
    if (pause) {
      isWanted = true;
      return;
    }
    pause = clock.schedule(pauseMs, () => {
      pause = undefined;
      if (!isWanted) return;
      isWanted = false;
      trigger();
    });
    act();
  };
  return {
    trigger,
    close() {
      isClosed = true;
      pause?.close();
    },
  };
}
