import type { Closeable } from '../scope.ts';

/** Settings that may change while a service runs; all others are read once, from the environment. */
export const LIVE_SETTINGS = ['LOG_LEVEL', 'WORKER_CAPACITY', 'HOST_CONCURRENCY', 'HOST_INTERVAL'] as const;
export type LiveSetting = (typeof LIVE_SETTINGS)[number];

/** As they are written, to be read like the environment's. What is not among them is as the environment says. */
export type LiveValues = Readonly<Partial<Record<LiveSetting, string>>>;

/** Settings that whoever runs the platform changes in one place for all its processes. */
export interface LiveSettings extends Closeable {
  /** What is known now: the last known where nobody can be asked. */
  current(): LiveValues;
  /** Called at once with what is known, then at every change. A listener that throws disturbs no other. */
  watch(listener: (values: LiveValues) => void): Closeable;
}
