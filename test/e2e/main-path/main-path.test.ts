import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformProcess, until } from '../harness.ts';
import { type Book, type Bookshop, bookSource, openBookshop } from './bookshop.ts';

const BOOK = 'meta { key } title author year price available tags url cover addedAt';
const ADD = `mutation ($input: AddSourceInput!) {
  addSource(input: $input) {
    source { id name state collection { name } lastRun { status } }
    userErrors { field message code }
  }
}`;

interface BookNode extends Omit<Book, 'key'> {
  readonly id: string;
  readonly meta: { readonly key: string };
}

const asBook = ({ meta, id: _, ...fields }: BookNode): Book => ({ key: meta.key, ...fields });
const byKey = (books: Book[]) => books.sort((a, b) => (a.key < b.key ? -1 : 1));

type BooksEvent =
  | { __typename: 'BookSnapshot'; cursor: string; complete: boolean; entries: BookNode[] }
  | { __typename: 'BookDelta'; cursor: string; upserted: BookNode[]; removed: string[] }
  | { __typename: 'BookCursorExpired'; cursor: string };

const CHANGED = `subscription ($after: String) {
  booksChanged(after: $after) {
    __typename
    ... on BookSnapshot { cursor complete entries { id ${BOOK} } }
    ... on BookDelta { cursor upserted { id ${BOOK} } removed }
    ... on BookCursorExpired { cursor }
  }
}`;

/** What a client knows that applies events by id. */
function apply(
  events: readonly { booksChanged: BooksEvent }[],
  entries = new Map<string, Book>(),
): Map<string, Book> {
  for (const { booksChanged: event } of events) {
    if (event.__typename === 'BookSnapshot')
      for (const book of event.entries) entries.set(book.id, asBook(book));
    if (event.__typename === 'BookCursorExpired') entries.clear();
    if (event.__typename === 'BookDelta') {
      for (const book of event.upserted) entries.set(book.id, asBook(book));
      for (const id of event.removed) entries.delete(id);
    }
  }
  return entries;
}

describe('a web page becomes a live, typed collection', () => {
  let shop: Bookshop;
  let platform: PlatformProcess;
  let sourceId: string;
  let lastCursor: string;
  let clientState: Map<string, Book>;

  const allBooks = async () => {
    const { books } = await platform.query<{ books: { nodes: BookNode[] } }>(
      `{ books(first: 100) { nodes { id ${BOOK} } } }`,
    );
    return byKey(books.nodes.map(asBook));
  };
  const runOnce = async () => {
    const { runSource } = await platform.query(
      'mutation ($id: ID!) { runSource(id: $id) { run { id } userErrors { message } } }',
      {
        id: sourceId,
      },
    );
    return finished(runSource.run.id);
  };
  const finished = (runId: string) =>
    until('the run to end', async () => {
      const { runs } = await platform.query(
        'query ($id: ID!) { runs(sourceId: $id) { nodes { id status pages records quarantined error { code message } } } }',
        { id: sourceId },
      );
      const run = runs.nodes.find((node: { id: string }) => node.id === runId);
      return run && !['QUEUED', 'RUNNING'].includes(run.status) ? run : undefined;
    });

  beforeAll(async () => {
    shop = await openBookshop();
    platform = await new PlatformProcess().start();
  });
  afterAll(async () => {
    await platform?.dispose();
    await shop?.close();
  });

  it('takes the source with one mutation', async () => {
    const { addSource } = await platform.query(ADD, { input: bookSource(shop) });
    expect(addSource.userErrors).toEqual([]);
    expect(addSource.source).toMatchObject({ state: 'ACTIVE', collection: { name: 'books' } });
    sourceId = addSource.source.id;
  });

  it('shows exactly what the pages say, under the type of its own', async () => {
    await until('the type to be in the graph', async () => {
      const { __type } = await platform.query('{ __type(name: "Book") { name } }');
      return __type;
    });
    await until('the entries', async () => (await allBooks()).length === shop.expected().length);
    expect(await allBooks()).toEqual(shop.expected());
    expect(
      await finished((await platform.query('{ runs { nodes { id } } }')).runs.nodes[0].id),
    ).toMatchObject({
      status: 'SUCCEEDED',
      pages: 3,
      records: 17,
      quarantined: 0,
      error: null,
    });
  });

  it('looks an entry up by its key, and joins what the other subgraphs know of it', async () => {
    const key = `${shop.url}/shop/books/smaa-ting`;
    const { book } = await platform.query(
      `query ($key: String!) {
        book(key: $key) { title meta { key sources { id url lastRun { status } } freshness { isStale } } }
      }`,
      { key },
    );
    expect(book).toEqual({
      title: 'Små ting',
      meta: {
        key,
        sources: [{ id: sourceId, url: `${shop.url}/shop/catalogue`, lastRun: { status: 'SUCCEEDED' } }],
        freshness: { isStale: false },
      },
    });
    const { collection } = await platform.query(`{
      collection(name: "books") { name entryCount typeName sources { nodes { id } } entries(first: 1) { totalCount nodes { key fields } } }
    }`);
    const [first] = shop.expected();
    expect(collection).toMatchObject({
      entryCount: 17,
      typeName: 'Book',
      sources: { nodes: [{ id: sourceId }] },
      entries: {
        totalCount: 17,
        nodes: [{ key: first?.key, fields: { title: first?.title, price: first?.price } }],
      },
    });
  });

  it('filters, sorts and pages', async () => {
    const titles = async (args: string) => {
      const { books } = await platform.query<{ books: { nodes: { title: string }[] } }>(
        `{ books(${args}) { nodes { title } } }`,
      );
      return books.nodes.map((node) => node.title);
    };
    const wanted = (fits: (book: Book) => boolean) =>
      shop
        .expected()
        .filter(fits)
        .map((book) => book.title)
        .sort();

    expect((await titles('filter: { price: { lt: "20" } }')).sort()).toEqual(
      wanted((b) => b.price !== null && Number(b.price) < 20),
    );
    expect((await titles('filter: { tags: { contains: "botany" }, year: { lt: 1895 } }')).sort()).toEqual(
      wanted((b) => b.tags?.includes('botany') === true && (b.year ?? 9999) < 1895),
    );
    expect(
      (
        await titles('filter: { or: [{ year: { isNull: true } }, { not: { available: { eq: true } } }] }')
      ).sort(),
    ).toEqual(wanted((b) => b.year === null || !b.available));
    expect(await titles('filter: { title: { startsWith: "The " } }, orderBy: [{ title: ASC }]')).toEqual([
      'The Glass Harbour',
      'The Lamplighter’s Road',
      'The Tinker’s Almanack',
    ]);
    // Decimals sort as numbers, and what has no price comes last either way.
    const byPrice = shop
      .expected()
      .filter((b) => b.price !== null)
      .sort((a, b) => Number(b.price) - Number(a.price))
      .map((b) => b.title);
    expect(await titles('first: 100, orderBy: [{ price: DESC }]')).toEqual([
      ...byPrice,
      'A Ledger of Small Storms',
    ]);

    const paged: string[] = [];
    let after: string | null = null;
    do {
      const {
        books,
      }: {
        books: {
          edges: { node: { title: string } }[];
          totalCount: number;
          pageInfo: { hasNextPage: boolean; endCursor: string };
        };
      } = await platform.query(
        'query ($after: String) { books(first: 5, after: $after, orderBy: [{ price: DESC }]) { totalCount edges { node { title } } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      expect(books.totalCount).toBe(17);
      paged.push(...books.edges.map((edge) => edge.node.title));
      after = books.pageInfo.hasNextPage ? books.pageInfo.endCursor : null;
    } while (after);
    expect(paged).toEqual([...byPrice, 'A Ledger of Small Storms']);
  });

  it('streams what changes on the site to subscribers', async () => {
    const log = platform.subscribe<{ booksChanged: BooksEvent }>(CHANGED);
    await log.next(({ booksChanged }) => booksChanged.__typename === 'BookSnapshot' && booksChanged.complete);
    expect(byKey([...apply(log.events).values()])).toEqual(shop.expected());

    const removedId = [...apply(log.events)].find(([, book]) => book.title === 'Salt and Iron')?.[0];
    const before = log.events.length;
    shop.edition = 'after';
    expect(await runOnce()).toMatchObject({ status: 'SUCCEEDED', records: 17 });
    await log.next(
      ({ booksChanged }) =>
        booksChanged.__typename === 'BookDelta' && booksChanged.removed.includes(String(removedId)),
    );
    expect(byKey([...apply(log.events).values()])).toEqual(shop.expected());

    // Only what changed was sent: a price, a new book, a vanished one.
    const deltas = log.events.slice(before).map(({ booksChanged }) => booksChanged);
    const upserted = deltas.flatMap((event) =>
      event.__typename === 'BookDelta' ? event.upserted.map((book) => book.title) : [],
    );
    expect(new Set(upserted)).toEqual(new Set(['A Voyage Round the Skerries', 'Winter Letters']));

    lastCursor = log.events.at(-1)?.booksChanged.cursor ?? '';
    clientState = apply(log.events);
    log.close();
    expect(await allBooks()).toEqual(shop.expected());
  });

  it('resumes a subscriber where it was, over a disconnect and a restart, with nothing lost', async () => {
    shop.edition = 'before';
    expect(await runOnce()).toMatchObject({ status: 'SUCCEEDED' });
    await until('the entries', async () => (await allBooks()).some((book) => book.title === 'Salt and Iron'));
    expect(await platform.stop()).toBe(0);
    await platform.start();

    // Served at once, without a run: the next is due tomorrow.
    expect(await allBooks()).toEqual(shop.expected());
    const log = platform.subscribe<{ booksChanged: BooksEvent }>(CHANGED, { after: lastCursor });
    await log.next(({ booksChanged }) => booksChanged.__typename === 'BookDelta');
    await until(
      'the client to have caught up',
      () => apply(log.events, new Map(clientState)).size === shop.expected().length,
    );
    expect(byKey([...apply(log.events, new Map(clientState)).values()])).toEqual(shop.expected());
    expect(log.events.some(({ booksChanged }) => booksChanged.__typename === 'BookSnapshot')).toBe(false);
    log.close();

    const { source } = await platform.query(
      'query ($id: ID!) { source(id: $id) { revision state lastRun { status records } runs { totalCount } } }',
      { id: sourceId },
    );
    expect(source).toEqual({
      revision: 1,
      state: 'ACTIVE',
      lastRun: { status: 'SUCCEEDED', records: 17 },
      runs: { totalCount: 3 },
    });
  });

  it('goes on after a power failure', async () => {
    shop.edition = 'after';
    await platform.kill();
    await platform.start();
    expect(await runOnce()).toMatchObject({ status: 'SUCCEEDED' });
    await until('the entries', async () =>
      (await allBooks()).some((book) => book.title === 'Winter Letters'),
    );
    expect(await allBooks()).toEqual(shop.expected());
  });
});
