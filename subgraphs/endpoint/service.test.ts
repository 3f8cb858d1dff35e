import { afterEach, expect, it } from 'vitest';
import { EndpointStage, eventually } from '../../test/unit/endpoint/endpoint-stage.ts';
import { field } from '../../test/unit/endpoint/upstream-model.ts';

let stage: EndpointStage;
afterEach(async () => stage.close());

async function openBooks(): Promise<void> {
  stage = await EndpointStage.open();
  stage.model.define('books', [field('title'), field('price', 'DECIMAL'), field('url', 'URL')]);
  for (let number = 1; number <= 5; number++) {
    stage.model.put('books', `Book ${number}`, {
      title: `Book ${number}`,
      price: `${number * 5}.50`,
      url: `https://example.com/${number}`,
    });
  }
  await stage.announceDefinitions();
  await eventually(async () => {
    const { data } = await stage.query('{ books { totalCount } }');
    expect(data?.books.totalCount).toBe(5);
  });
}

it('gives a new collection its type, and answers typed queries', async () => {
  await openBooks();
  const answer = await stage.query(
    `{ books(filter: { price: { gt: 9 } }, orderBy: [{ price: DESC }], first: 2) {
      nodes { id title price url meta { key sources { id } freshness { isStale } } }
      pageInfo { hasNextPage endCursor } totalCount } book(key: "Book 1") { price } }`,
  );
  expect(answer.errors).toBeUndefined();
  expect(answer.data.books.nodes).toMatchObject([
    { title: 'Book 5', price: '25.50', url: 'https://example.com/5' },
    { title: 'Book 4', meta: { key: 'Book 4', sources: [{ id: 's1' }], freshness: { isStale: false } } },
  ]);
  expect(answer.data.books.totalCount).toBe(4);
  expect(answer.data.book).toEqual({ price: '5.50' });
});

it('streams a snapshot and then what changes', async () => {
  await openBooks();
  const events = stage.subscribe(
    `subscription { booksChanged { __typename
      ... on BookSnapshot { entries { title } complete }
      ... on BookDelta { cursor upserted { title price } removed } } }`,
  );
  expect((await events.next()).value.data.booksChanged).toMatchObject({
    __typename: 'BookSnapshot',
    complete: true,
    entries: [
      { title: 'Book 1' },
      { title: 'Book 2' },
      { title: 'Book 3' },
      { title: 'Book 4' },
      { title: 'Book 5' },
    ],
  });
  stage.model.put('books', 'Book 6', { title: 'Book 6', price: '1' });
  await stage.announce('books');
  expect((await events.next()).value.data.booksChanged).toMatchObject({
    __typename: 'BookDelta',
    upserted: [{ title: 'Book 6', price: '1' }],
    removed: [],
  });
  await events.return?.();
});
