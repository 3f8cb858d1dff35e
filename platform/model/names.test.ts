import fc from 'fast-check';
import { assertName } from 'graphql';
import { describe, expect, it } from 'vitest';
import { COLLECTION_NAME, generatedNames, generatedQueryNames, generatedTypeNames } from './names.ts';

const collectionName = fc.stringMatching(COLLECTION_NAME);

describe('The names that a collection adds to the graph', () => {
  it.each([
    // collection, type, lookup, list
    ['books', 'Book', 'book', 'books'],
    ['book', 'Book', 'bookByKey', 'book'],
    ['news', 'News', 'newsByKey', 'news'],
    ['categories', 'Category', 'category', 'categories'],
    ['people', 'Person', 'person', 'people'],
    ['series', 'Series', 'seriesByKey', 'series'],
    ['price_lists', 'PriceList', 'priceList', 'priceLists'],
    ['flights_2026', 'Flights2026', 'flights2026ByKey', 'flights2026'],
    ['buses', 'Bus', 'bus', 'buses'],
    ['x', 'X', 'xByKey', 'x'],
    ['s', 'S', 'sByKey', 's'],
  ])('of %s are the type %s, and the queries %s and %s', (collection, type, lookup, list) => {
    expect(generatedNames(collection)).toMatchObject({ type, lookup, list, changed: `${list}Changed` });
  });

  it('are made of its type', () => {
    expect(generatedTypeNames(generatedNames('books'))).toEqual([
      'Book',
      'BookConnection',
      'BookEdge',
      'BookFilter',
      'BookOrder',
      'BookEvent',
      'BookSnapshot',
      'BookDelta',
      'BookCursorExpired',
    ]);
  });

  it('are names of GraphQL, whatever the collection is called', () => {
    fc.assert(
      fc.property(collectionName, (collection) => {
        const names = generatedNames(collection);
        for (const name of [...generatedTypeNames(names), ...generatedQueryNames(names), names.changed]) {
          expect(assertName(name)).not.toMatch(/^__/);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('are all different from each other', () => {
    fc.assert(
      fc.property(collectionName, (collection) => {
        const names = generatedNames(collection);
        expect(new Set(generatedTypeNames(names)).size).toBe(9);
        expect(names.lookup).not.toBe(names.list);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('A collection’s name', () => {
  it.each(['a', 'books', 'books_2', `a${'b'.repeat(62)}`])('may be %s', (name) => {
    expect(name).toMatch(COLLECTION_NAME);
  });
  it.each(['', 'Books', '_books', '2books', 'bücher', 'a-b', 'a b', 'books\n', `a${'b'.repeat(63)}`])(
    'may not be %j',
    (name) => {
      expect(name).not.toMatch(COLLECTION_NAME);
    },
  );
});
