import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryId, entryKey, KEY_LENGTH_MAX } from './entry.ts';

describe('The key of an entry', () => {
  it.each([
    [['title'], { title: 'Dune' }, 'Dune'],
    [['title'], { title: 'Dune 😀' }, 'Dune 😀'],
    [['rank'], { rank: 7 }, '7'],
    [['isNew'], { isNew: false }, 'false'],
    [['tags'], { tags: ['a', 'b'] }, '["a","b"]'],
    [['title', 'year'], { title: 'Dune', year: 1965 }, '["Dune","1965"]'],
    [['title', 'author'], { title: '"', author: ',' }, '["\\"",","]'],
  ] as const)('by %j of %j is %j', (keyFields, fields, key) => {
    expect(entryKey(keyFields, fields)).toBe(key);
  });

  it.each([
    ['has no value', ['title'], {}],
    ['is null', ['title'], { title: null }],
    ['is empty', ['title'], { title: '' }],
    ['is one of several and missing', ['title', 'year'], { title: 'Dune' }],
    ['holds a NUL', ['title'], { title: 'a\0b' }],
    ['holds half a character', ['title'], { title: 'a\ud83d' }],
    ['is too long', ['title'], { title: 'x'.repeat(KEY_LENGTH_MAX + 1) }],
  ] as const)('is none where a key field %s', (_what, keyFields, fields) => {
    expect(entryKey(keyFields, fields)).toBeUndefined();
  });

  it('may be as long as the limit', () => {
    expect(entryKey(['title'], { title: 'x'.repeat(KEY_LENGTH_MAX) })).toHaveLength(KEY_LENGTH_MAX);
  });

  it('of several fields is the same only where each of them is', () => {
    const pair = fc.tuple(fc.string(), fc.string());
    fc.assert(
      fc.property(pair, pair, ([a, b], [c, d]) => {
        const [one, two] = [entryKey(['x', 'y'], { x: a, y: b }), entryKey(['x', 'y'], { x: c, y: d })];
        expect(one === two).toBe(a === c && b === d);
      }),
    );
  });
});

describe('The id of an entry', () => {
  it('is the same everywhere and for ever', () => {
    expect(entryId('books', 'Dune')).toBe('7dGfei76tbRnGvyyb25hSg');
  });

  it('differs by collection and by key, also where both written together are the same', () => {
    expect(entryId('films', 'Dune')).not.toBe(entryId('books', 'Dune'));
    expect(entryId('book', 'sDune')).not.toBe(entryId('books', 'Dune'));
  });

  it('stands in URLs as it is', () => {
    fc.assert(
      fc.property(fc.string(), (key) => void expect(entryId('books', key)).toMatch(/^[A-Za-z0-9_-]{22}$/)),
    );
  });
});
