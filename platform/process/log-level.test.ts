import { expect, it } from 'vitest';
import { createLogLines } from '../../test/support/log-lines.ts';
import { Listeners } from '../listeners.ts';
import { silentLogger } from '../logger.ts';
import type { LiveSettings, LiveValues } from '../ports/live-settings.ts';
import { followLogLevel } from './log-level.ts';

it('takes a level that there is, says once of one that there is not, and goes back to its own', () => {
  const listeners = new Listeners<LiveValues>(silentLogger, 'live settings');
  const settings: LiveSettings = {
    current: () => ({}),
    watch: (listener) => listeners.add(listener, {}),
    close: () => {},
  };
  const { logger, lines, messages } = createLogLines();
  logger.level = 'info';
  followLogLevel(settings, logger, 'info');
  listeners.tell({ LOG_LEVEL: 'debug' });
  expect(logger.level).toBe('debug');
  listeners.tell({ LOG_LEVEL: 'loud' });
  listeners.tell({ LOG_LEVEL: 'loud', WORKER_CAPACITY: '7' });
  expect(logger.level).toBe('debug');
  listeners.tell({ WORKER_CAPACITY: '7' });
  expect(logger.level).toBe('info');
  expect(messages()).toEqual([
    'live setting changed',
    'live setting refused, what held goes on',
    'live setting changed',
  ]);
  // The line's own level is the only one that it names.
  for (const line of lines) expect(line.match(/"level":/g)).toHaveLength(1);
});
