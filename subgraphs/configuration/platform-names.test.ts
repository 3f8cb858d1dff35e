import { describe, expect, it } from 'vitest';
import { createNameCheck, readPlatformNames } from './platform-names.ts';

const check = createNameCheck(readPlatformNames());

describe('the name of a collection', () => {
  it.each([
    ['sources', 'Source'],
    ['runs', 'Run'],
    ['collections', 'Collection'],
    ['entries', 'Entry'],
    ['entry_metas', 'EntryMeta'],
    ['freshnesses', 'Freshness'],
    ['page_infos', 'PageInfo'],
    ['queries', 'Query'],
    ['mutations', 'Mutation'],
    ['subscriptions', 'Subscription'],
    ['strings', 'String'],
    ['ints', 'Int'],
    ['floats', 'Float'],
    ['booleans', 'Boolean'],
    ['decimals', 'Decimal'],
    ['workers', 'Worker'],
    ['clusters', 'Cluster'],
    ['source_leases', 'SourceLease'],
    ['pool_demands', 'PoolDemand'],
    ['sort_orders', 'SortOrder'],
    // Not its own name, but one that is made of it.
    ['string_lists', 'StringListFilter'],
  ])('%s is taken: %s is ours', (collection, name) => {
    expect(check(collection, [])).toContain(`"${name}"`);
  });

  it.each(['books', 'news', 'flights', 'used_cars', 'a', 'string_things', 'constructor', 'to_string'])(
    '%s is free',
    (collection) => {
      expect(check(collection, ['people', 'prices'])).toBeUndefined();
    },
  );

  it.each([
    ['book', 'books', 'Book'],
    ['books', 'book', 'Book'],
    ['used_cars', 'usedcars', undefined],
    ['a_b', 'a__b', 'AB'],
    // BookConnection is the connection of books.
    ['book_connections', 'books', 'BookConnection'],
    ['books', 'book_connections', 'BookConnection'],
    // Of different root types, but one would be taken for the other.
    ['books_changed', 'books', 'booksChanged'],
  ])('%s beside %s shares %s', (collection, other, name) => {
    const reason = check(collection, [other]);
    if (name === undefined) expect(reason).toBeUndefined();
    else expect(reason).toContain(`"${name}" is already a name of collection "${other}"`);
  });

  it('does not stand in its own way', () => {
    expect(check('books', ['books'])).toBeUndefined();
  });
});
