import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../gateway/access/key-file.ts';
import { packageRoot } from '../platform/sdl.ts';

describe('npm run key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function key(args: readonly string[], environment: Record<string, string> = {}) {
    const script = join(packageRoot, 'scripts', 'key.ts');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), script, ...args],
      { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...environment } },
    );
    return { status, stdout, stderr };
  }
  const keysIn = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')).keys;

  it('makes a key, shows it alone on stdout, and keeps its hash; removes it by name', () => {
    const added = key(['--name', 'reporting', '--role', 'READ']);
    expect(added).toMatchObject({ status: 0, stdout: expect.stringMatching(/^tributary_[\w-]{43}\n$/) });
    const shown = added.stdout.trim();
    expect(added.stderr).toContain('Added "reporting" with role READ to keys.json');
    expect(added.stderr).not.toContain(shown);
    expect(keysIn('keys.json')).toEqual([{ name: 'reporting', role: 'READ', sha256: hashOf(shown) }]);

    const removed = key(['--remove', 'reporting']);
    expect(removed).toMatchObject({ status: 0, stdout: '' });
    expect(keysIn('keys.json')).toEqual([]);
  });

  it('takes the file that the gateway reads, or the one it is told', () => {
    key(['--name', 'a', '--role', 'ADMIN'], { API_KEYS_FILE: 'gateway.json' });
    key(['--name', 'b', '--role', 'WRITE', '--file', 'other.json'], { API_KEYS_FILE: 'gateway.json' });
    expect(keysIn('gateway.json')).toMatchObject([{ name: 'a', role: 'ADMIN' }]);
    expect(keysIn('other.json')).toMatchObject([{ name: 'b', role: 'WRITE' }]);
  });

  it('says in a line or two what is wrong, and changes nothing', () => {
    const wrong: [string[], string][] = [
      [[], 'npm run key -- --name <name> --role READ|WRITE|ADMIN'],
      [['--name', 'a'], 'npm run key -- --name <name>'],
      [['--name', 'a', '--role', 'OWNER'], '"role" must be one of READ, WRITE, ADMIN'],
      [['--name', 'a b', '--role', 'READ'], '"name" must be 1 to 64 letters'],
      [['--remove', 'a', '--role', 'READ'], 'npm run key -- --remove <name>'],
      [['--remove', 'a'], '--remove: keys.json has no key "a"'],
      [['--nmae', 'a'], "'--nmae'"],
    ];
    for (const [args, problem] of wrong) {
      const { status, stdout, stderr } = key(args);
      expect([args, status, stdout]).toEqual([args, 1, '']);
      expect(stderr).toContain(problem);
      expect(stderr).not.toContain('    at ');
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});
