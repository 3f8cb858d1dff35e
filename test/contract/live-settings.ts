import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveSettings, LiveValues } from '../../platform/ports/live-settings.ts';

/** How long a change may take to get about, in milliseconds. */
const DEADLINE = { timeout: 10_000, interval: 5 };

/** What all live settings promise. @param open Opens them with these values set. */
export function liveSettingsContract(
  adapter: string,
  open: (values: LiveValues) => Promise<LiveSettings>,
): void {
  describe(`${adapter} are live settings that`, () => {
    let settings: LiveSettings;
    const values: LiveValues = { LOG_LEVEL: 'debug', WORKER_CAPACITY: '20' };

    beforeEach(async () => {
      settings = await open(values);
    });
    afterEach(() => settings.close());

    it('are known once they are open', () => {
      expect(settings.current()).toEqual(values);
    });

    it('are told to a watcher at once, though another throws', () => {
      settings.watch(() => {
        throw new Error('a watcher at fault');
      });
      const seen: LiveValues[] = [];
      settings.watch((known) => seen.push(known));
      expect(seen).toEqual([values]);
    });

    it('refuse watchers once they are closed, and close twice', async () => {
      await settings.close();
      await settings.close();
      expect(() => settings.watch(() => {})).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    });
  });
}

export interface SettableSettings {
  readonly open: () => Promise<LiveSettings>;
  /** @param value undefined: taken away. */
  readonly set: (name: string, value: string | undefined) => Promise<void>;
}

/** What live settings promise that somebody can change. */
export function settableContract(adapter: string, { open, set }: SettableSettings): void {
  describe(`${adapter} are live settings that`, () => {
    let settings: LiveSettings;
    beforeEach(async () => {
      settings = await open();
    });
    afterEach(() => settings.close());

    const known = (expected: LiveValues) => expect.poll(() => settings.current(), DEADLINE).toEqual(expected);
    function watch() {
      const seen: LiveValues[] = [];
      const handle = settings.watch((values) => seen.push(values));
      return { seen, close: () => handle.close() };
    }

    it('say nothing where nothing is set', () => {
      expect(settings.current()).toEqual({});
    });

    it('are told as they are written, at every change, in order', async () => {
      const { seen } = watch();
      await set('WORKER_CAPACITY', '20');
      await known({ WORKER_CAPACITY: '20' });
      await set('HOST_INTERVAL', 'PT2S');
      await known({ WORKER_CAPACITY: '20', HOST_INTERVAL: 'PT2S' });
      await set('WORKER_CAPACITY', 'many');
      await known({ WORKER_CAPACITY: 'many', HOST_INTERVAL: 'PT2S' });
      await set('WORKER_CAPACITY', undefined);
      await known({ HOST_INTERVAL: 'PT2S' });
      expect(seen).toEqual([
        {},
        { WORKER_CAPACITY: '20' },
        { WORKER_CAPACITY: '20', HOST_INTERVAL: 'PT2S' },
        { WORKER_CAPACITY: 'many', HOST_INTERVAL: 'PT2S' },
        { HOST_INTERVAL: 'PT2S' },
      ]);
    });

    it('take what is set but empty for not set, and leave out what is no live setting', async () => {
      await set('WORKER_CAPACITY', '20');
      await known({ WORKER_CAPACITY: '20' });
      await set('SERVICE_TOKEN', 'stolen');
      await set('WORKER_CAPACITY', '');
      await known({});
    });

    it('tell nothing more to a watcher that has left', async () => {
      const left = watch();
      const stayed = watch();
      await left.close();
      await set('LOG_LEVEL', 'debug');
      await expect.poll(() => stayed.seen, DEADLINE).toEqual([{}, { LOG_LEVEL: 'debug' }]);
      expect(left.seen).toEqual([{}]);
    });
  });
}
