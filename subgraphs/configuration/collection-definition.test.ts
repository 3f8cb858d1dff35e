import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CollectionField } from '../../platform/model/collection-definition.ts';
import { FIELD_TYPES, MERGES } from '../../platform/model/source-spec.ts';
import { type Contributor, joinProblems, unionOf } from './collection-definition.ts';

const field = (name: string, given: Partial<CollectionField> = {}): CollectionField => ({
  name,
  type: 'STRING',
  list: false,
  merge: 'LATEST',
  ...given,
});
const source = (...fields: CollectionField[]): Contributor => ({ fields, key: ['title'] });

/** Sources that agree on what a field is, since its name decides it. */
const agreeing = fc.array(
  fc.subarray(['title', 'price', 'url', 'tags', 'stock']).map((names) =>
    source(
      ...names.map((name) =>
        field(name, {
          type: FIELD_TYPES[name.length % FIELD_TYPES.length] ?? 'STRING',
          list: name === 'tags',
          merge: MERGES[name.length % 2] ?? 'LATEST',
        }),
      ),
    ),
  ),
  { minLength: 1, maxLength: 6 },
);

describe('the union of sources', () => {
  it('has every field once, in the order of its first declaration', () => {
    const shape = unionOf([source(field('title'), field('price')), source(field('url'), field('title'))]);
    expect(shape).toEqual({ fields: ['title', 'price', 'url'].map((name) => field(name)), key: ['title'] });
  });

  it('is the same whether sources join one by one or are taken together', () => {
    fc.assert(
      fc.property(agreeing, ([first, ...others]) => {
        if (!first) return;
        const oneByOne = others.reduce((shape, next) => unionOf([shape, next]), unionOf([first]));
        expect(oneByOne).toEqual(unionOf([first, ...others]));
      }),
    );
  });

  it('lets every one of its own sources join again, and gains nothing by it', () => {
    fc.assert(
      fc.property(agreeing, (sources) => {
        const shape = unionOf(sources);
        for (const each of sources) {
          expect(joinProblems(shape, 'books', each)).toEqual([]);
          expect(unionOf([shape, each])).toEqual(shape);
        }
      }),
    );
  });

  it('takes nothing of a selector or of what is required into the definition', () => {
    const spec = { ...field('title'), select: 'h2', required: true };
    expect(unionOf([source(spec)]).fields).toEqual([field('title')]);
  });
});

describe('a source that joins', () => {
  const shape = unionOf([source(field('title'), field('price', { type: 'DECIMAL', merge: 'MIN' }))]);
  const codes = (joining: Contributor) =>
    joinProblems(shape, 'books', joining).map(({ field, code }) => [field, code]);

  it.each<[string, CollectionField, string[][]]>([
    ['another type', field('title', { type: 'INT' }), [['fields.0.type', 'TYPE_CONFLICT']]],
    ['a list of the same type', field('title', { list: true }), [['fields.0.list', 'TYPE_CONFLICT']]],
    ['another merge', field('title', { merge: 'SET' }), [['fields.0.merge', 'MERGE_CONFLICT']]],
    [
      'all of it different',
      field('price', { type: 'INT', list: true, merge: 'SET' }),
      [
        ['fields.0.type', 'TYPE_CONFLICT'],
        ['fields.0.merge', 'MERGE_CONFLICT'],
      ],
    ],
  ])('is told of %s', (_, joining, expected) => {
    expect(codes(source(joining))).toEqual(expected);
  });

  it('may bring fields of its own', () => {
    expect(codes(source(field('title'), field('isbn', { type: 'JSON' })))).toEqual([]);
  });

  it.each([[['price']], [['title', 'price']], [[]]])(
    'is told that its key %j is not the collection’s',
    (key) => {
      expect(codes({ fields: [], key })).toEqual([['key', 'KEY_CONFLICT']]);
    },
  );
});
