import { expect, it } from 'vitest';
import { createLogLines } from '../../test/support/log-lines.ts';
import { ManualClock } from '../clock.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { whenAvailable } from './when-available.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('waits for what is not there yet, and says so once', async () => {
  const clock = new ManualClock();
  const { logger, lines, messages } = createLogLines();
  let attempts = 0;
  const opening = whenAvailable(
    'the store',
    async () => {
      if (++attempts < 4) throw new UnavailableError('MongoDB does not answer: ECONNREFUSED');
      return 'opened';
    },
    { clock, logger },
  );
  for (let count = 1; count < 4; count++) {
    await settle();
    expect(attempts).toBe(count);
    clock.advance(500);
  }
  expect(await opening).toBe('opened');
  expect(messages()).toEqual(['opening the store failed, trying on', 'opening the store succeeds again']);
  expect(lines[0]).toContain('MongoDB does not answer: ECONNREFUSED');
});

it('does not wait for what does not pass', async () => {
  const { logger, messages } = createLogLines();
  const opening = whenAvailable('the store', () => Promise.reject(new ConfigError(['STORE_URL: is none'])), {
    clock: new ManualClock(),
    logger,
  });
  await expect(opening).rejects.toThrow('STORE_URL: is none');
  expect(messages()).toEqual([]);
});
