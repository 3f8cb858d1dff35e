import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { durationMs, wholeNumber } from './config.ts';
import { Listeners } from './listeners.ts';
import { followLiveConfig } from './live-config.ts';
import { silentLogger } from './logger.ts';
import type { LiveSettings, LiveValues } from './ports/live-settings.ts';

const schema = z.object({
  WORKER_CAPACITY: wholeNumber(10_000, 1, 100_000),
  HOST_INTERVAL: durationMs('PT0.1S'),
});
const base = { WORKER_CAPACITY: 500, HOST_INTERVAL: 2_000 };

describe('A live configuration', () => {
  let listeners: Listeners<LiveValues>;
  let settings: LiveSettings;
  beforeEach(() => {
    listeners = new Listeners(silentLogger, 'test');
    settings = { current: () => ({}), watch: (listener) => listeners.add(listener, {}), close() {} };
  });

  it('is as the environment says where nothing is set, also where it was set before', () => {
    const config = followLiveConfig(settings, schema, base, silentLogger);
    expect(config.current()).toEqual(base);
    listeners.tell({ WORKER_CAPACITY: '20' });
    listeners.tell({});
    expect(config.current()).toEqual(base);
  });

  it('reads settings as the environment is read, and leaves those it does not know', () => {
    const config = followLiveConfig(settings, schema, base, silentLogger);
    listeners.tell({ WORKER_CAPACITY: '20', HOST_INTERVAL: 'PT3S', LOG_LEVEL: 'debug' });
    expect(config.current()).toEqual({ WORKER_CAPACITY: 20, HOST_INTERVAL: 3_000 });
  });

  it('knows nothing of the environment beside its own settings', () => {
    const environment = { ...base, SERVICE_TOKEN: 'secret' };
    const config = followLiveConfig(settings, schema, environment, silentLogger);
    expect(config.current()).toEqual(base);
  });

  it('keeps what held where a value is wrong, says so once, and takes the others', () => {
    const warn = vi.fn();
    const logger = { ...silentLogger, info() {}, warn } as unknown as typeof silentLogger;
    const config = followLiveConfig(settings, schema, base, logger);
    listeners.tell({ WORKER_CAPACITY: '20' });
    listeners.tell({ WORKER_CAPACITY: 'many', HOST_INTERVAL: 'PT3S' });
    listeners.tell({ WORKER_CAPACITY: 'many', HOST_INTERVAL: 'PT4S' });
    expect(config.current()).toEqual({ WORKER_CAPACITY: 20, HOST_INTERVAL: 4_000 });
    const problem = 'must be a whole number from 1 to 100000';
    expect(warn.mock.calls.map(([attributes]) => attributes)).toEqual([
      { setting: 'WORKER_CAPACITY', value: 'many', problem },
    ]);
    listeners.tell({ WORKER_CAPACITY: '30', HOST_INTERVAL: 'PT4S' });
    expect(config.current().WORKER_CAPACITY).toBe(30);
  });

  it('changes no more once it is closed', async () => {
    const config = followLiveConfig(settings, schema, base, silentLogger);
    await config.close();
    listeners.tell({ WORKER_CAPACITY: '20' });
    expect(config.current()).toEqual(base);
  });
});
