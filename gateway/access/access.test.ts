import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import { Metrics } from '../../platform/metrics.ts';
import { type Access, openAccess } from './access.ts';
import { hashOf } from './key-file.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const RELOAD_MS = 5_000;

describe('Access by keys', () => {
  let folder: string;
  let path: string;
  let clock: ManualClock;
  let metrics: Metrics;
  let access: Access | undefined;
  let lines: { level: number; msg: string; [name: string]: unknown }[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'access-'));
    path = join(folder, 'keys.json');
    clock = new ManualClock();
    metrics = new Metrics();
    lines = [];
  });
  afterEach(async () => {
    await access?.close();
    await rm(folder, { recursive: true });
  });

  const write = (keys: Record<string, [key: string, role: string]>) =>
    writeFile(
      path,
      JSON.stringify({
        keys: Object.entries(keys).map(([name, [key, role]]) => ({ name, role, sha256: hashOf(key) })),
      }),
    );
  const open = async (keysFile: string | undefined = path): Promise<Access> => {
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    access = await openAccess({ clock, logger, metrics }, { keysFile, reloadMs: RELOAD_MS });
    return access;
  };
  const failures = () => lines.filter(({ level }) => level >= 50);

  it('is everybody’s where there are none', async () => {
    const logger = pino({ level: 'silent' });
    access = await openAccess({ clock, logger, metrics }, { reloadMs: RELOAD_MS });
    for (const shown of [undefined, 'Bearer whatever', 7])
      expect(access.callerOf(shown)).toMatchObject({ role: 'ADMIN' });
  });

  it('knows who shows a key, and nobody else', async () => {
    await write({ shop: ['key-of-shop', 'WRITE'], reporting: ['key-of-reporting', 'READ'] });
    const { callerOf } = await open();
    expect(callerOf('Bearer key-of-shop')).toMatchObject({ name: 'shop', role: 'WRITE' });
    expect(callerOf('bearer  key-of-reporting ')).toMatchObject({ name: 'reporting', role: 'READ' });
    const wrong = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'key-of-shop',
      'Basic key-of-shop',
      'Bearer key-of-shop2',
      'Bearer key-of-shop, key-of-reporting',
      `Bearer ${hashOf('key-of-shop')}`,
      ['Bearer key-of-shop'],
      { authorization: 'Bearer key-of-shop' },
    ];
    for (const shown of wrong) expect([shown, callerOf(shown)]).toEqual([shown, undefined]);
  });

  it('follows the file while it runs', async () => {
    await write({ shop: ['one', 'WRITE'], reporting: ['two', 'READ'] });
    const { callerOf, isCurrent, onChange } = await open();
    const shop = callerOf('Bearer one');
    const reporting = callerOf('Bearer two');
    if (!shop || !reporting) throw new Error('Nobody is known.');
    let changes = 0;
    onChange(() => changes++);
    await write({ shop: ['one', 'READ'], report: ['two', 'READ'], newcomer: ['three', 'ADMIN'] });
    expect(callerOf('Bearer three')).toBeUndefined();
    clock.advance(RELOAD_MS);
    await expect.poll(() => callerOf('Bearer three')?.role, DEADLINE).toBe('ADMIN');
    expect(changes).toBe(1);
    // A role that has changed is another caller; a name is only what it is called.
    expect([isCurrent(shop), isCurrent(reporting)]).toEqual([false, true]);
    expect(callerOf('Bearer one')?.role).toBe('READ');

    await write({ newcomer: ['three', 'ADMIN'] });
    await expect
      .poll(() => {
        clock.advance(RELOAD_MS);
        return changes;
      }, DEADLINE)
      .toBe(2);
    expect([isCurrent(reporting), callerOf('Bearer two')]).toEqual([false, undefined]);
  });

  it('keeps the keys it knows where the file has gone bad, and says so once', async () => {
    await write({ shop: ['one', 'WRITE'] });
    const { callerOf } = await open();
    for (const [problem, spoil] of [
      ['it is not JSON', () => writeFile(path, `{ "keys": [{ "sha256": "${hashOf('one')}"`)],
      ['there is no such file', () => rm(path)],
    ] as const) {
      lines.length = 0;
      await spoil();
      await expect
        .poll(() => {
          clock.advance(RELOAD_MS);
          return failures().map((line) => line.problem);
        }, DEADLINE)
        .toEqual([expect.stringContaining(problem)]);
      expect(JSON.stringify(lines)).not.toContain(hashOf('one'));
      expect(callerOf('Bearer one')?.name).toBe('shop');
    }
    await write({ shop: ['two', 'WRITE'] });
    await expect
      .poll(() => {
        clock.advance(RELOAD_MS);
        return callerOf('Bearer two')?.name;
      }, DEADLINE)
      .toBe('shop');
    expect(failures()).toHaveLength(1);
    expect(callerOf('Bearer one')).toBeUndefined();
  });

  it('counts who shows no good key, and says so now and then, without the key', async () => {
    await write({});
    const { noteRefusal } = await open();
    for (let n = 0; n < 100; n++) noteRefusal('Bearer tributary_stolen', '192.0.2.7');
    noteRefusal(undefined, '192.0.2.8');
    expect(lines).toEqual([
      expect.objectContaining({ address: '192.0.2.7', refusals: 1, msg: 'refused keys that open nothing' }),
    ]);
    clock.advance(60_000);
    noteRefusal('Bearer tributary_stolen', '192.0.2.9');
    expect(lines[1]).toMatchObject({ address: '192.0.2.9', refusals: 100 });
    expect(JSON.stringify(lines)).not.toContain('stolen');
    expect(await metrics.text()).toContain('tributary_limit_hits_total{limit="API_KEYS_FILE"} 102');
  });
});
