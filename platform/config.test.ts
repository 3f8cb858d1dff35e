import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { durationMs, pickSettings, readConfig, readSettings, wholeNumber } from './config.ts';
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

describe('Settings in files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tributary-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(content: string): string {
    const path = join(folder, String(Math.random()));
    writeFileSync(path, content);
    return path;
  }

  it.each([
    ['x', 'x'],
    ['x\n', 'x'],
    ['x\r\n', 'x'],
    ['x\n\n', 'x\n'],
    [' x ', ' x '],
  ])('holding %j are read as %j: one line break at the end is no part of them', (content, NAME) => {
    expect(readConfig(schema, { NAME_FILE: file(content) })).toMatchObject({ NAME });
  });

  it('are of their types, and take what others take', () => {
    expect(readConfig(schema, { NAME: 'x', PORT_FILE: file('80\n'), TIMEOUT_FILE: '' })).toEqual({
      NAME: 'x',
      PORT: 80,
      TIMEOUT: 10_000,
    });
    expect(problems({ NAME: 'x', PORT_FILE: file('many') })).toEqual([
      'PORT: must be a whole number from 0 to 65535',
    ]);
    expect(readConfig(schema, { NAME: '', NAME_FILE: file('x') })).toMatchObject({ NAME: 'x' });
  });

  it('that cannot be read are all named, each on one line that says what to do and no value', () => {
    const secret = 'a-secret-of-services';
    expect(
      problems({ NAME_FILE: join(folder, secret), PORT_FILE: folder, TIMEOUT_FILE: file('\n') }),
    ).toEqual([
      'PORT_FILE: must name a file that this process may read, and that gives EISDIR',
      'TIMEOUT_FILE: must name a file that holds the value, and that one is empty',
      'NAME_FILE: must name a file that this process may read, and that gives ENOENT',
    ]);
    expect(problems({ NAME: secret, NAME_FILE: file(secret), PORT: secret })).toEqual([
      'NAME: is given by NAME_FILE too: leave one of them out',
      'PORT: must be a whole number from 0 to 65535',
    ]);
  });

  it('are not read where the file is the setting', () => {
    const keys = z.object({ KEYS: z.string().optional(), KEYS_FILE: z.string() });
    expect(readConfig(keys, { KEYS_FILE: '/no/such/file', KEYS: 'x' })).toEqual({
      KEYS_FILE: '/no/such/file',
      KEYS: 'x',
    });
  });

  it('are handed on as files, unless we have a say of our own', () => {
    const given = { NAME_FILE: '/run/secrets/NAME', PORT: '80', HOME: '/root', HOME_FILE: '/x' };
    expect(pickSettings(schema, given)).toEqual({ NAME_FILE: '/run/secrets/NAME', PORT: '80' });
    expect(pickSettings(schema, given, { NAME: 'y', OTHER: 'z' })).toEqual({
      NAME: 'y',
      OTHER: 'z',
      PORT: '80',
    });
  });

  it('are handed on as their values to where there are no such files', () => {
    const given = { NAME_FILE: file('x\n'), PORT: '80', TIMEOUT: '', HOME: '/root' };
    expect(readSettings(schema, given)).toEqual({ NAME: 'x', PORT: '80' });
    expect(() => readSettings(schema, { NAME_FILE: folder })).toThrow('NAME_FILE: must name a file');
  });
});
