import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { durationMs, readConfig, wholeNumber } from './config.ts';
import { ConfigError } from './errors.ts';

const schema = z.object({
  PORT: wholeNumber(4000, 0, 65_535),
  TIMEOUT: durationMs('PT10S'),
  NAME: z.string('must be given'),
});

function problems(environment: Record<string, string | undefined>): string[] {
  try {
    readConfig(schema, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('Settings', () => {
  it('have defaults, and are of their types', () => {
    expect(readConfig(schema, { NAME: 'x' })).toEqual({ PORT: 4000, TIMEOUT: 10_000, NAME: 'x' });
    expect(readConfig(schema, { NAME: 'x', PORT: '0', TIMEOUT: 'PT0.5S' })).toEqual({
      PORT: 0,
      TIMEOUT: 500,
      NAME: 'x',
    });
  });

  it('that are set but empty count as not set', () => {
    expect(readConfig(schema, { NAME: 'x', PORT: '', TIMEOUT: '' })).toMatchObject({
      PORT: 4000,
      TIMEOUT: 10_000,
    });
    expect(problems({ NAME: '' })).toEqual(['NAME: must be given']);
  });

  it('that nobody knows are left alone', () => {
    expect(readConfig(schema, { NAME: 'x', HOME: '/root' })).not.toHaveProperty('HOME');
  });

  it('that are wrong are all named, each on a line that says what it takes', () => {
    expect(problems({ PORT: '70000', TIMEOUT: 'soon' })).toEqual([
      'PORT: must be a whole number from 0 to 65535',
      'TIMEOUT: must be an ISO 8601 duration such as PT5M',
      'NAME: must be given',
    ]);
  });

  it.each(['-1', '1.5', '1e3', ' 1', 'four', '65536', '0x10', '99999999999999999999'])(
    'refuse %j for a whole number',
    (PORT) => {
      expect(problems({ NAME: 'x', PORT })).toEqual(['PORT: must be a whole number from 0 to 65535']);
    },
  );

  it.each(['5', 'PT', 'P', 'PT0S', '-PT5S', '5 minutes', 'PT5'])('refuse %j for a duration', (TIMEOUT) => {
    expect(problems({ NAME: 'x', TIMEOUT })).toEqual(['TIMEOUT: must be an ISO 8601 duration such as PT5M']);
  });

  it.each([
    ['PT5M', 300_000],
    ['P1D', 86_400_000],
    ['PT1H30M', 5_400_000],
    ['PT0.001S', 1],
  ])('read %s as milliseconds', (TIMEOUT, ms) => {
    expect(readConfig(schema, { NAME: 'x', TIMEOUT }).TIMEOUT).toBe(ms);
  });
});
