import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteFile } from './sqlite.ts';

let folder: string;
let opened: SqliteFile[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  opened = [];
});
afterEach(() => {
  for (const file of opened) file.close();
  rmSync(folder, { recursive: true });
});

function open(name = 'a.db'): SqliteFile {
  const file = new SqliteFile(join(folder, name), { durability: 'FULL' });
  opened.push(file);
  return file;
}

function withTable(): SqliteFile {
  const file = open();
  file.script('CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL)');
  return file;
}

const names = (file: SqliteFile) =>
  file.all<{ name: string }>('SELECT name FROM things ORDER BY id').map(({ name }) => name);

describe('A SQLite file', () => {
  it('is made with the folders it stands in', () => {
    const file = open('deeper/and/deeper/a.db');
    expect(file.get('SELECT 1 AS one')).toEqual({ one: 1 });
  });

  it('gives rows as they were written, and nothing else', () => {
    const file = withTable();
    expect(file.run('INSERT INTO things VALUES (?, ?, ?)', Number.MAX_SAFE_INTEGER, 'naïve ☃ 😀', -0.1)).toBe(
      1,
    );
    file.run('INSERT INTO things VALUES (?, ?, ?)', -1, null, null);
    expect(file.all('SELECT * FROM things ORDER BY id DESC')).toEqual([
      { id: Number.MAX_SAFE_INTEGER, name: 'naïve ☃ 😀', price: -0.1 },
      { id: -1, name: null, price: null },
    ]);
    expect(file.get('SELECT * FROM things WHERE id = -1')).toEqual({ id: -1, name: null, price: null });
  });

  it('gives undefined for a row that is not there, and says how many rows were changed', () => {
    const file = withTable();
    expect(file.get('SELECT * FROM things WHERE id = ?', 1)).toBeUndefined();
    file.run('INSERT INTO things VALUES (1, ?, NULL), (2, ?, NULL)', 'a', 'b');
    expect(file.run('UPDATE things SET price = 1')).toBe(2);
    expect(file.run('DELETE FROM things WHERE id = ?', 9)).toBe(0);
  });

  it('keeps what was committed for whoever opens it next', () => {
    const file = withTable();
    file.run('INSERT INTO things VALUES (1, ?, NULL)', 'kept');
    file.close();
    expect(names(open())).toEqual(['kept']);
  });

  it('commits a transaction whole, and returns what it returns', () => {
    const file = withTable();
    const result = file.transaction(() => {
      file.run('INSERT INTO things VALUES (1, ?, NULL)', 'a');
      file.run('INSERT INTO things VALUES (2, ?, NULL)', 'b');
      return 'done';
    });
    expect(result).toBe('done');
    expect(names(file)).toEqual(['a', 'b']);
  });

  it('takes a transaction back whole where it throws, and goes on', () => {
    const file = withTable();
    const insert = (id: number, name: string) => file.run('INSERT INTO things VALUES (?, ?, NULL)', id, name);
    expect(() =>
      file.transaction(() => {
        insert(1, 'a');
        insert(2, 'a');
      }),
    ).toThrow(/UNIQUE/);
    expect(names(file)).toEqual([]);
    file.transaction(() => insert(3, 'c'));
    expect(names(file)).toEqual(['c']);
  });

  it('says that the disk is full where it is, and goes on once it is not', () => {
    const file = withTable();
    file.script('PRAGMA max_page_count = 10');
    const insert = (length: number) =>
      file.transaction(() => {
        file.run('INSERT INTO things VALUES (1, ?, NULL)', 'x'.repeat(length));
      });
    expect(() => insert(1_000_000)).toThrow(/full/);
    insert(1);
    expect(names(file)).toEqual(['x']);
  });

  it('shows a transaction to nobody before it is committed', () => {
    const file = withTable();
    const other = open();
    file.transaction(() => {
      file.run('INSERT INTO things VALUES (1, ?, NULL)', 'a');
      expect(names(other)).toEqual([]);
    });
    expect(names(other)).toEqual(['a']);
  });

  it('watches over foreign keys', () => {
    const file = withTable();
    file.script('CREATE TABLE parts (thing INTEGER REFERENCES things (id))');
    expect(() => file.run('INSERT INTO parts VALUES (7)')).toThrow(/FOREIGN KEY/);
  });

  it('refuses everything once it is closed, also statements it had prepared, and closes twice', () => {
    const file = withTable();
    file.run('INSERT INTO things VALUES (1, ?, NULL)', 'a');
    file.get('SELECT * FROM things');
    file.close();
    file.close();
    const closed = expect.objectContaining({ code: 'CLOSED' });
    expect(() => file.get('SELECT * FROM things')).toThrow(closed);
    expect(() => file.all('SELECT * FROM things')).toThrow(closed);
    expect(() => file.run('DELETE FROM things')).toThrow(closed);
    expect(() => file.script('DROP TABLE things')).toThrow(closed);
    expect(() => file.transaction(() => 1)).toThrow(closed);
  });

  it('leaves all in one file once it is closed, for whoever copies it', () => {
    const file = withTable();
    file.run('INSERT INTO things VALUES (1, ?, NULL)', 'a');
    file.close();
    copyFileSync(join(folder, 'a.db'), join(folder, 'copy.db'));
    expect(open('copy.db').all('SELECT name FROM things')).toEqual([{ name: 'a' }]);
  });

  it('says which file cannot be opened', () => {
    const path = join(folder, 'not-a-folder', 'a.db');
    writeFileSync(join(folder, 'not-a-folder'), '');
    expect(() => new SqliteFile(path, { durability: 'NORMAL' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(path) }),
    );
  });

  it('says which file is none of its own', () => {
    const path = join(folder, 'text.db');
    writeFileSync(path, 'This is no database, however often you ask. '.repeat(100));
    expect(() => new SqliteFile(path, { durability: 'NORMAL' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(path) }),
    );
  });
});
