import { describe, expect, it } from 'vitest';
import type { FieldSpec } from '../../platform/model/source-spec.ts';
import { createJsonExtractor } from './json.ts';

const field = (name: string, select: string, list = false): FieldSpec => ({
  name,
  select,
  list,
  type: 'STRING',
  merge: 'LATEST',
  required: false,
});

function extract(document: unknown, records: string, fields: FieldSpec[], next?: string) {
  const extractor = createJsonExtractor({
    records,
    fields,
    pagination: next === undefined ? undefined : { next, limit: 5 },
  });
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const extraction = extractor.extract({ url: 'https://api.example/v1/items', text, bytes: text.length });
  return { ...extraction, records: [...extraction.records].map((record) => ({ ...record })) };
}

const DOCUMENT = {
  items: [
    { title: 'Anvil', price: { 'list-price': 5.5 }, tags: ['a', 'b'], stock: 0, note: '' },
    { title: 'Bell', price: null, tags: [], offers: [{ price: 1 }, { price: 2 }], sold: false },
  ],
  paging: { next: '/v1/items?page=2' },
};

describe('the JSON extractor', () => {
  it.each(['$.items[*]', '$.items', 'items', '$..items[*]', '$["items"][*]'])(
    'finds records by %s',
    (records) => {
      expect(extract(DOCUMENT, records, [field('title', '$.title')]).records).toEqual([
        { title: ['Anvil'] },
        { title: ['Bell'] },
      ]);
    },
  );

  it('takes the whole document for one record, and a list at the top for many', () => {
    expect(extract({ title: 'x' }, '$', [field('title', 'title')]).records).toEqual([{ title: ['x'] }]);
    expect(extract([{ title: 'x' }, { title: 'y' }], '$', [field('title', 'title')]).records).toHaveLength(2);
  });

  it('reads paths from the record, however they are written', () => {
    const fields = [
      field('a', '$.title'),
      field('b', '@.title'),
      field('c', 'title'),
      field('d', 'price.list-price'),
      field('e', "$['price']['list-price']"),
      field('f', '$.tags[-1]'),
      field('g', '$.offers[?@.price > 1].price'),
    ];
    expect(extract(DOCUMENT, '$.items', fields).records).toEqual([
      { a: ['Anvil'], b: ['Anvil'], c: ['Anvil'], d: [5.5], e: [5.5], f: ['b'] },
      { a: ['Bell'], b: ['Bell'], c: ['Bell'], g: [2] },
    ]);
  });

  it('reads lists from one array and from many places', () => {
    const fields = [field('tags', 'tags', true), field('prices', '$.offers[*].price', true)];
    expect(extract(DOCUMENT, '$.items', fields).records).toEqual([{ tags: ['a', 'b'] }, { prices: [1, 2] }]);
  });

  it('leaves out what says nothing, and keeps zero and false', () => {
    const fields = [
      field('note', 'note'),
      field('price', 'price'),
      field('stock', 'stock'),
      field('sold', 'sold'),
    ];
    const [anvil, bell] = extract(DOCUMENT, '$.items', fields).records;
    expect(anvil).toEqual({ price: [{ 'list-price': 5.5 }], stock: [0] });
    expect(bell).toEqual({ sold: [false] });
  });

  it('takes no name of JavaScript for a member', () => {
    expect(
      extract({ items: [{ a: 1 }] }, '$.items', [field('x', 'constructor'), field('y', 'a.length')]).records,
    ).toEqual([{}]);
  });

  it('finds the next page', () => {
    expect(extract(DOCUMENT, '$.items', [], '$.paging.next').next).toBe('/v1/items?page=2');
    expect(
      extract({ items: [], paging: { next: null } }, '$.items', [], '$.paging.next').next,
    ).toBeUndefined();
  });

  it.each([['<html>'], ['{"a":'], ['']])('refuses %j', (text) => {
    expect(() => extract(text, '$', [])).toThrowError(
      expect.objectContaining({ code: 'BAD_CONTENT', url: 'https://api.example/v1/items' }),
    );
  });

  it('refuses what is nested too deeply to be written again, and knows a bracket in a string', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}"x"${']'.repeat(levels)}`;
    const fields = [field('all', '$')];
    expect(extract(nested(200), '$', fields).records).toHaveLength(1);
    expect(() => extract(nested(100_000), '$', fields)).toThrow('nested more than 256 levels deep');
    const text = JSON.stringify({ text: `\\"${'['.repeat(1_000)}\\`, more: '{'.repeat(1_000) });
    expect(extract(text, '$', [field('text', 'text')]).records).toHaveLength(1);
  });
});
