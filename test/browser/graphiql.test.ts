import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { graphiqlPolicy } from '../../gateway/graphiql-policy.ts';
import { PlatformProcess, until } from '../e2e/harness.ts';
import { type BookStall, openBookStall } from './book-stall.ts';
import { openBrowser } from './browser.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { GraphiqlPage } from './graphiql-page.ts';
import type { Legibility } from './legibility.ts';

/** What WCAG asks of text. */
const CONTRAST_MIN = 4.5;

// One visit, told in order: each test goes on where the one before has left the page.
describeInBrowser('GraphiQL in a browser', () => {
  let stall: BookStall;
  let platform: PlatformProcess;
  let browser: Browser;
  let graphiql: GraphiqlPage;
  let sourceId: string;

  async function lastRun(): Promise<{ status: string; records: number } | null> {
    const query = 'query ($id: ID!) { source(id: $id) { lastRun { status records } } }';
    return (await platform.query(query, { id: sourceId })).source.lastRun;
  }

  beforeAll(async () => {
    browser = await openBrowser();
    stall = await openBookStall();
    platform = await new PlatformProcess().start();
    graphiql = await GraphiqlPage.open(browser, platform.url);
  });

  afterAll(async () => {
    await browser?.close();
    await platform?.dispose();
    await stall?.close();
  });

  it('loads the schema into the docs', async () => {
    expect(await graphiql.documentedFields('Mutation')).toEqual(
      expect.arrayContaining(['addSource', 'removeSource', 'previewSource']),
    );
    expect(await graphiql.documentedFields('Query')).not.toContain('books');
  });

  it('keeps what only services may call out of the docs', async () => {
    expect(await graphiql.documentedFields('Mutation')).not.toContain('ingest');
  });

  it('offers the worked examples by name', async () => {
    expect(await graphiql.operations()).toEqual(['AddBooks', 'Books', 'WatchBooks', 'Overview']);
  });

  it('runs one example while the types of others do not exist yet', async () => {
    await until('the unknown types to be underlined', async () =>
      (await graphiql.complaints()).some((message) => message.includes('"books"')),
    );
    await graphiql.run('Overview');
    expect(await graphiql.data((data) => data.sources)).toEqual({
      sources: { nodes: [] },
      collections: { nodes: [] },
    });
  });

  it('says where the server found a mistake in lines of the editor', async () => {
    await graphiql.run('Books');
    const { errors } = await graphiql.result((result) => result.errors);
    const line = (await graphiql.text('operation.graphql')).split('\n').indexOf('  books(') + 1;
    expect(errors[0].locations).toEqual([{ line, column: 3 }]);
    // The browser logs the status of such an answer: the one fault that is none.
    expect(graphiql.faults.splice(0)).toEqual([expect.stringContaining('status of 400')]);
  });

  it('adds a source and knows its type without a reload', async () => {
    const examples = await graphiql.text('operation.graphql');
    await graphiql.write('operation.graphql', examples.replace(/https:\/\/[^"]+/, `${stall.url}/`));
    await graphiql.run('AddBooks');
    const { addSource } = await graphiql.data((data) => data.addSource);
    expect(addSource).toEqual({
      source: { id: expect.any(String), state: 'ACTIVE', collection: { name: 'books', typeName: 'Book' } },
      userErrors: [],
    });
    sourceId = addSource.source.id;

    let complaints: string[] = [];
    await until(
      'the editor to know all types',
      async () => {
        complaints = await graphiql.complaints();
        return complaints.length === 0;
      },
      () => complaints,
    );
    expect(await graphiql.documentedFields('Query')).toEqual(expect.arrayContaining(['book', 'books']));
    expect(await graphiql.documentedFields('Subscription')).toContain('booksChanged');
  });

  it('runs a typed query with filter, order and a page', async () => {
    await until(
      'the first run to end',
      async () => (await platform.query('{ books { totalCount } }')).books.totalCount === stall.books.length,
    );
    await graphiql.run('Books');
    const { books } = await graphiql.data((data) => data.books);
    const cheap = stall.books
      .filter(({ price }) => Number(price) < 30)
      .sort((a, b) => Number(a.price) - Number(b.price));
    expect(books.totalCount).toBe(cheap.length);
    expect(books.nodes.map(({ meta, ...fields }: { meta: unknown }) => fields)).toEqual(
      cheap.slice(0, 5).map(({ slug, title, price }) => ({
        title,
        price,
        inStock: 'In stock',
        url: `${stall.url}/books/${slug}.html`,
      })),
    );
  });

  it('shows live events of a subscription as the site changes', async () => {
    await graphiql.run('WatchBooks');
    const { booksChanged: snapshot } = await graphiql.data(
      (data) => data.booksChanged?.__typename === 'BookSnapshot',
    );
    expect(snapshot.entries).toHaveLength(stall.books.length);

    for (const price of ['7.77', '8.88']) {
      stall.books = stall.books.map((book) => (book.slug === 'low-water' ? { ...book, price } : book));
      await until('the run before to end', async () => (await lastRun())?.status === 'SUCCEEDED');
      await platform.query('mutation ($id: ID!) { runSource(id: $id) { userErrors { message } } }', {
        id: sourceId,
      });
      const { booksChanged: delta } = await graphiql.data(
        (data) => data.booksChanged?.upserted?.[0]?.price === price,
      );
      expect(delta.upserted).toEqual([{ title: 'Low Water', price }]);
      expect(delta.removed).toEqual([]);
    }
    await graphiql.stop();
  });

  it('runs the operation at the cursor from the keyboard', async () => {
    await until('the last run to end', async () => (await lastRun())?.status === 'SUCCEEDED');
    await graphiql.placeCursor('query Overview');
    await graphiql.page.keyboard.down('Control');
    await graphiql.page.keyboard.press('Enter');
    await graphiql.page.keyboard.up('Control');
    const { sources } = await graphiql.data((data) => data.sources?.nodes.length === 1);
    expect(sources.nodes[0]).toMatchObject({ id: sourceId, lastRun: { status: 'SUCCEEDED', records: 6 } });
  });

  /** The page has a theme before its editor has its colours: waits for both. */
  async function readableOn(scheme: 'light' | 'dark'): Promise<Legibility> {
    let seen: Legibility | undefined;
    return until(
      `readable text on ${scheme}`,
      async () => {
        seen = await graphiql.legibility();
        const isAsked = scheme === 'light' ? seen.background > 0.8 : seen.background < 0.1;
        return isAsked && seen.contrast >= CONTRAST_MIN && seen;
      },
      () => seen,
    );
  }

  it.each(['light', 'dark'] as const)('is readable in %s, as the system asks', async (scheme) => {
    await graphiql.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    expect((await readableOn(scheme)).contrast).toBeGreaterThanOrEqual(CONTRAST_MIN);
  });

  it('changes its theme where the user says so, and stays with it', async () => {
    await graphiql.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await graphiql.chooseTheme('Dark');
    await readableOn('dark');
    await graphiql.reload();
    expect((await readableOn('dark')).background).toBeCloseTo(0.02, 1);
  });

  it('keeps to its own origin, under a strict policy, without an error', async () => {
    const origins = new Set(graphiql.requestedUrls.map((url) => new URL(url)).map(originOf));
    expect([...origins].sort()).toEqual([platform.url, 'data:'].sort());
    expect(graphiql.policy).toBe(graphiqlPolicy);
    expect(graphiql.faults).toEqual([]);
  });
});

function originOf({ protocol, host }: URL): string {
  return protocol === 'data:' ? protocol : `http://${host}`;
}
