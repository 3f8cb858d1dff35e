import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf, parseKeys, readKeyFile } from './key-file.ts';
import { addKey, removeKey } from './key-file-changes.ts';

const SHA = hashOf('a key');

describe('A file of keys', () => {
  const parse = (text: string) => parseKeys('API_KEYS_FILE', '/etc/keys.json', text);
  const problemsOf = (keys: unknown) => {
    try {
      parse(JSON.stringify({ keys }));
    } catch (error) {
      return (error as Error).message.split('\n');
    }
    return [];
  };

  it('is read as it is written, hashes in either case', () => {
    const keys = [{ name: 'reporting', role: 'READ', sha256: SHA.toUpperCase() }];
    expect(parse(JSON.stringify({ keys }))).toEqual([{ name: 'reporting', role: 'READ', sha256: SHA }]);
    expect(parse('{ "keys": [] }')).toEqual([]);
  });

  it.each([
    ['text', `{ "keys": [{ "sha256": "${SHA}" `, 'it is not JSON'],
    ['a list', '[]', 'it must be { "keys": [{ "name", "role", "sha256" }] }'],
    ['another object', '{ "key": [] }', 'it must be { "keys": [{ "name", "role", "sha256" }] }'],
  ])('that is %s is refused by its name', (_what, text, problem) => {
    expect(() => parse(text)).toThrow(`API_KEYS_FILE: /etc/keys.json: ${problem}`);
    expect(() => parse(text)).not.toThrow(SHA);
  });

  it('names each entry that is wrong, and tells nothing of what it holds', () => {
    const other = hashOf('another key');
    const problems = problemsOf([
      { name: 'good', role: 'READ', sha256: SHA },
      { name: 'typo', role: 'READER', sha256: other },
      { name: 'short', role: 'READ', sha256: other.slice(1) },
      { role: 'READ', sha256: other },
      { name: 'not a name', role: 'READ', sha256: other },
      { name: 'more', role: 'READ', sha256: other, key: 'tributary_secret' },
      'tributary_secret',
      { name: 'good', role: 'ADMIN', sha256: other },
      { name: 'twin', role: 'ADMIN', sha256: SHA },
    ]);
    expect(problems).toEqual(
      [
        'keys[1] "typo": "role" must be one of READ, WRITE, ADMIN',
        'keys[2] "short": "sha256" must be 64 hexadecimal digits',
        'keys[3]: "name" must be a string',
        'keys[4]: "name" must be 1 to 64 letters, digits or any of . _ @ -',
        'keys[5] "more": it holds more than "name", "role" and "sha256"',
        'keys[6]: it must be { "name", "role", "sha256" }',
        'keys[7] "good": another key has this name',
        'keys[8] "twin": it is the same key as "good"',
      ].map((problem) => `API_KEYS_FILE: /etc/keys.json: ${problem}`),
    );
    expect(problems.join()).not.toMatch(/secret|[0-9a-f]{16}/);
  });
});

describe('Keys in a file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
    path = join(folder, 'keys.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const names = async () => (await readKeyFile('--file', path)).map(({ name, role }) => `${name} ${role}`);

  it('are added to one that is made where there is none, for its owner only, by their hash', async () => {
    const key = await addKey(path, { name: 'reporting', role: 'READ' });
    expect(key).toMatch(/^tributary_[\w-]{43}$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).not.toContain(key);
    expect(await readKeyFile('--file', path)).toEqual([
      { name: 'reporting', role: 'READ', sha256: hashOf(key) },
    ]);
    expect(await addKey(path, { name: 'shop', role: 'WRITE' })).not.toBe(key);
    expect(await names()).toEqual(['reporting READ', 'shop WRITE']);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it('have names of their own, and are removed by them', async () => {
    await addKey(path, { name: 'shop', role: 'WRITE' });
    await addKey(path, { name: 'reporting', role: 'READ' });
    const before = await readFile(path, 'utf8');
    await expect(addKey(path, { name: 'shop', role: 'READ' })).rejects.toThrow(
      /^--name: .* has a key "shop"/,
    );
    await expect(removeKey(path, 'nobody')).rejects.toThrow(/^--remove: .* has no key "nobody"/);
    expect(await readFile(path, 'utf8')).toBe(before);
    await removeKey(path, 'shop');
    expect(await names()).toEqual(['reporting READ']);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it('are not added with a wrong name or role', async () => {
    await expect(addKey(path, { name: 'a b', role: 'READ' })).rejects.toThrow(/"name" must be/);
    await expect(addKey(path, { name: 'ab', role: 'read' })).rejects.toThrow(/"role" must be one of READ/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('stay as they are where the file is not one of keys, or cannot be written', async () => {
    await writeFile(path, '{ "other": true }');
    await expect(addKey(path, { name: 'shop', role: 'READ' })).rejects.toThrow(/must be \{ "keys"/);
    expect(await readFile(path, 'utf8')).toBe('{ "other": true }');
    const nowhere = join(folder, 'nowhere', 'keys.json');
    await expect(addKey(nowhere, { name: 'shop', role: 'READ' })).rejects.toThrow(
      `--file: ${nowhere} cannot be written: there is no such file or folder`,
    );
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it('are all kept where several are added at once, or their command says that it was too early', async () => {
    const adding = Array.from({ length: 20 }, (_, n) => addKey(path, { name: `key${n}`, role: 'READ' }));
    const done = await Promise.allSettled(adding);
    const added = done.filter(({ status }) => status === 'fulfilled').length;
    expect(added).toBeGreaterThan(0);
    for (const result of done)
      if (result.status === 'rejected') expect(String(result.reason)).toContain('another command is at it');
    expect(await names()).toHaveLength(added);
  });

  it('stay behind a link', async () => {
    const link = join(folder, 'link.json');
    await addKey(path, { name: 'one', role: 'READ' });
    await symlink(path, link);
    await addKey(link, { name: 'two', role: 'READ' });
    expect(await names()).toEqual(['one READ', 'two READ']);
  });
});
