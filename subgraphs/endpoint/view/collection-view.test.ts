import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CollectionField } from '../../../platform/model/collection-definition.ts';
import { SqliteFile } from '../../../platform/sqlite.ts';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import { catchUp, typesOf, viewOf } from '../../../test/unit/endpoint/view-builder.ts';
import { readFilter } from '../querying/condition.ts';
import { readOrder } from '../querying/order.ts';
import { readPage } from '../querying/page.ts';
import { CollectionCatalog } from './catalog.ts';
import type { CollectionView } from './collection-view.ts';
import { ViewFile } from './view-file.ts';

const keysOf = (view: CollectionView) => readPage(view, { order: [], limit: 10_000 }).map(({ key }) => key);
const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, { n: `${index}` }]));

describe('a change of the definition', () => {
  /** Keys of the entries in the order of the field, and those that the filter finds, as the new types have it. */
  function search(view: CollectionView, fields: readonly CollectionField[], filter: Record<string, unknown>) {
    const types = typesOf(fields);
    const order = readOrder([{ n: 'ASC' }], types);
    return {
      order: readPage(view, { order, limit: 10_000 }).map(({ key }) => key),
      found: readPage(view, { order: [], condition: readFilter(filter, types), limit: 10_000 }).map(
        ({ key }) => key,
      ),
    };
  }

  it('gives entries the new type of a field at once, without asking datasource again', async () => {
    const { view, model } = viewOf([field('n')], { a: { n: '10' }, b: { n: '9' }, c: { n: 'x' } });
    expect(search(view, [field('n')], { n: { gt: '5' } })).toEqual({
      order: ['a', 'b', 'c'],
      found: ['b', 'c'],
    });
    const fields = [field('n', 'DECIMAL')];
    await view.define(model.define('things', fields));
    expect(search(view, fields, { n: { gt: '5' } })).toEqual({ order: ['b', 'a', 'c'], found: ['a', 'b'] });
    expect(view.table.byKey('c')?.fields).toEqual({ n: 'x' });
    expect(view.position.version).toBe(3);
  });

  it('finds values of a new field that came before its definition', async () => {
    const { view, model } = viewOf([field('title')], { a: { title: 'a', n: 2 }, b: { title: 'b', n: 1 } });
    const fields = [field('title'), field('n', 'INT')];
    await view.define(model.define('things', fields));
    expect(search(view, fields, { n: { eq: 2 } })).toEqual({ order: ['b', 'a'], found: ['a'] });
  });

  it('keeps what a dropped field said, until it comes back', async () => {
    const { view, model } = viewOf([field('title'), field('n', 'INT')], { a: { title: 'a', n: 2 } });
    await view.define(model.define('things', [field('title')]));
    expect(view.table.byKey('a')?.fields).toEqual({ title: 'a', n: 2 });
    const fields = [field('title'), field('n', 'INT')];
    await view.define(model.define('things', fields));
    expect(search(view, fields, { n: { eq: 2 } }).found).toEqual(['a']);
  });

  it('serves the old layout until a large table has been rewritten, and takes no page meanwhile', async () => {
    const { view, model } = viewOf([field('n')], numbered(2_500));
    const oldTypes = typesOf([field('n')]);
    const condition = readFilter({ n: { startsWith: '24' } }, oldTypes);
    const defining = view.define(model.define('things', [field('n', 'DECIMAL')]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(view.definition.fields[0]?.type).toBe('STRING');
    expect(readPage(view, { order: [], condition, limit: 1_000 }).length).toBe(111);
    let isSettled = false;
    const settled = view.settled().then(() => {
      isSettled = true;
    });
    await new Promise((resolve) => process.nextTick(resolve));
    expect(isSettled).toBe(false);
    await Promise.all([defining, settled]);
    const types = typesOf([field('n', 'DECIMAL')]);
    const last = readPage(view, { order: readOrder([{ n: 'DESC' }], types), limit: 2 });
    expect(last.map(({ key }) => key)).toEqual(['k2499', 'k2498']);
  });

  it('answers an operation of the old types as if the field had no value', async () => {
    const { view, model } = viewOf([field('n')], { a: { n: '1' } });
    await view.define(model.define('things', [field('n', 'DECIMAL')]));
    const types = typesOf([field('n')]);
    const found = (filter: Record<string, unknown>) =>
      readPage(view, {
        order: readOrder([{ n: 'ASC' }], types),
        condition: readFilter(filter, types),
        limit: 9,
      });
    expect(found({ n: { eq: '1' } })).toEqual([]);
    expect(found({ n: { isNull: true } }).length).toBe(1);
  });

  it('follows many changes of type one after the other', async () => {
    const { view, model } = viewOf([field('n')], { a: { n: '1' } });
    const types = ['DECIMAL', 'STRING', 'JSON', 'INT', 'STRING'] as const;
    await Promise.all(types.map((type) => view.define(model.define('things', [field('n', type)]))));
    expect(view.definition.fields[0]?.type).toBe('STRING');
    expect(search(view, [field('n')], { n: { eq: '1' } }).found).toEqual(['a']);
  });
});

describe('when datasource has all read anew', () => {
  it('serves the old entries until the new ones are whole', () => {
    const { view, model } = viewOf([field('n')], numbered(5));
    model.remove('things', 'k0');
    model.forgetRemoved('things');
    model.put('things', 'new', { n: 'new' });
    const read = () => {
      const page = model.changesSince('things', { ...view.position, first: 2 });
      view.apply(page, { askedAtMs: 7, withBefore: true, removedMax: 10 });
      return page;
    };
    expect(read().reset).toBe(true);
    expect(keysOf(view)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
    read();
    expect(keysOf(view)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
    read();
    expect(keysOf(view)).toEqual(['k1', 'k2', 'k3', 'k4', 'new']);
    expect(view.state).toMatchObject({ version: 7, floor: 7, asOfMs: 7 });
  });

  it('has nothing of an earlier collection of the same name', async () => {
    const { view, model } = viewOf([field('n')], numbered(3));
    model.delete('things');
    await view.define(model.define('things', [field('n')]));
    expect(keysOf(view)).toEqual([]);
    model.put('things', 'other', {});
    catchUp(model, view);
    expect(keysOf(view)).toEqual(['other']);
  });
});

it('knows itself equal to datasource only where a page came to the head', () => {
  const { view, model } = viewOf([field('n')], {});
  const read = (askedAtMs: number | null) => {
    const page = model.changesSince('things', { ...view.position, first: 2 });
    view.apply(page, { askedAtMs, withBefore: false, removedMax: 10 });
    return view.state.asOfMs;
  };
  expect(read(100)).toBe(100);
  for (let index = 0; index < 3; index++) model.put('things', `k${index}`, {});
  expect(read(200)).toBe(100);
  expect(read(300)).toBe(300);
  expect(read(null)).toBe(300);
  expect(read(400)).toBe(400);
});

describe('a page that cannot be written', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['of changes', false],
    ['that completes a replacement', true],
  ])('%s is asked for again, and then nothing is missing', (_, isReset) => {
    const { view, model } = viewOf([field('n')], { a: { n: '1' } });
    model.put('things', 'b', { n: '2' });
    if (isReset) {
      model.remove('things', 'a');
      model.forgetRemoved('things');
    }
    const before = view.state;
    const save = vi.spyOn(CollectionCatalog.prototype, 'save').mockImplementation(() => {
      throw new Error('The disk is full');
    });
    expect(() => catchUp(model, view)).toThrow('The disk is full');
    expect(view.state).toEqual(before);
    expect(keysOf(view)).toEqual(['a']);
    save.mockRestore();
    catchUp(model, view);
    expect(keysOf(view)).toEqual(isReset ? ['b'] : ['a', 'b']);
  });
});

it('keeps its old layout where the new one cannot be written, and takes it when it can', async () => {
  const { view, model } = viewOf([field('n'), field('old')], { a: { n: '1', old: 'x' } });
  const fields = [field('n', 'DECIMAL'), field('old', 'URL')];
  const definition = model.define('things', fields);
  const save = vi.spyOn(CollectionCatalog.prototype, 'save').mockImplementation(() => {
    throw new Error('The disk is full');
  });
  await expect(view.define(definition)).rejects.toThrow('The disk is full');
  save.mockRestore();
  expect(view.definition).not.toBe(definition);
  expect(view.table.byKey('a')?.fields).toEqual({ n: '1', old: 'x' });
  await view.define(definition);
  const order = readOrder([{ n: 'ASC' }], typesOf(fields));
  expect(readPage(view, { order, limit: 1 }).map((entry) => entry.fields)).toEqual([{ n: '1', old: 'x' }]);
  expect(view.table.layout.columns.map(({ column }) => column)).toEqual(['f2', 'f3']);
});

describe('what is remembered of removals', () => {
  it('stays within its bound, and the floor rises to what is forgotten', () => {
    const { view, model } = viewOf([field('n')], numbered(40));
    for (let index = 0; index < 30; index++) model.remove('things', `k${index}`);
    const page = model.changesSince('things', { ...view.position, first: 1_000 });
    view.apply(page, { askedAtMs: 0, withBefore: false, removedMax: 10 });
    expect(view.state.floor).toBe(60);
    expect(view.table.changedAfter(60, 100).map(({ version }) => version)).toEqual([
      61, 62, 63, 64, 65, 66, 67, 68, 69, 70,
    ]);
  });

  it('ends when the entry comes back', () => {
    const { view, model } = viewOf([field('n')], { a: { n: '1' } });
    model.remove('things', 'a');
    catchUp(model, view);
    model.put('things', 'a', { n: '2' });
    catchUp(model, view);
    expect(view.table.changedAfter(1, 10)).toMatchObject([{ version: 3, entry: { fields: { n: '2' } } }]);
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'view-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('has everything again after a restart, also from the middle of reading anew', () => {
    const path = join(folder, 'view.db');
    const { model } = viewOf([field('n')], {});
    const before = ViewFile.open(path);
    const definition = model.definitions.get('things');
    const view = definition && before.add(definition);
    for (let index = 0; index < 5; index++) model.put('things', `k${index}`, { n: `${index}` });
    if (view) catchUp(model, view);
    model.remove('things', 'k0');
    model.forgetRemoved('things');
    if (view) {
      const page = model.changesSince('things', { ...view.position, first: 2 });
      view.apply(page, { askedAtMs: 0, withBefore: false, removedMax: 10 });
    }
    before.revision = 4;
    before.close();

    const after = ViewFile.open(path);
    const again = after.collections.get('things');
    expect(after.revision).toBe(4);
    expect(again && keysOf(again)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
    if (again) catchUp(model, again);
    expect(again && keysOf(again)).toEqual(['k1', 'k2', 'k3', 'k4']);
    after.close();
    const tables = new SqliteFile(path, { durability: 'NORMAL' });
    const names = tables.all(
      "SELECT name FROM sqlite_master WHERE name LIKE 'entries!_%' ESCAPE '!' AND type = 'table'",
    );
    expect(names.length).toBe(1);
    tables.close();
  });

  it('forgets what was removed, for good', () => {
    const path = join(folder, 'view.db');
    const { model } = viewOf([field('n')], {});
    const before = ViewFile.open(path);
    for (const definition of model.definitions.values()) before.add(definition);
    before.remove('things');
    before.close();
    const after = ViewFile.open(path);
    expect(after.collections.size).toBe(0);
    after.close();
  });

  it.each([
    ['is no database', Buffer.from('this is no database, and long enough to be taken for none'.repeat(20))],
    ['is empty', Buffer.alloc(0)],
  ])('is made anew where it %s', (_, content) => {
    const path = join(folder, 'view.db');
    writeFileSync(path, content);
    const file = ViewFile.open(path);
    expect(file.collections.size).toBe(0);
    file.close();
  });
});
