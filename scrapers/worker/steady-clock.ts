import { type Clock, systemClock } from '../../platform/clock.ts';

/** Milliseconds since the process began, which setting the machine's time does not change. */
export const steadyClock: Clock = {
  now: () => performance.now(),
  schedule: systemClock.schedule,
};
