import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../e2e/harness.ts';
import { openBrowser } from './browser.ts';
import { type Demo, openDemo } from './demo.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { GraphiqlPage } from './graphiql-page.ts';

describeInBrowser('GraphiQL on the demo', () => {
  let browser: Browser;
  let demo: Demo;
  let graphiql: GraphiqlPage;

  beforeAll(async () => {
    browser = await openBrowser();
    demo = await openDemo();
    graphiql = await GraphiqlPage.open(browser, demo.url);
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.close();
  });

  it('has a second tab of examples, all of which fit the sample shop', async () => {
    await graphiql.openTab('Products');
    await until(
      'the operations of the second tab',
      async () => (await graphiql.operations()).join() === 'Products,WatchProducts,Reviews',
    );
    // One mistake among them shows that the editor has checked them all.
    const examples = await graphiql.text('operation.graphql');
    await graphiql.write('operation.graphql', `${examples}query Wrong { noSuchField }\n`);
    let complaints: string[] = [];
    await until(
      'the mistake to be underlined',
      async () => {
        complaints = await graphiql.complaints();
        return complaints.length === 1 && complaints[0]?.includes('noSuchField');
      },
      () => complaints,
    );
    await graphiql.write('operation.graphql', examples);
  });

  it('answers each of its queries', async () => {
    const { products } = await graphiql.dataOf('Products', (data) => data.products?.nodes.length === 5);
    const prices = products.nodes.map(({ price }: { price: string }) => Number(price));
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    expect(products.nodes[0].meta.sources[0].name).toEqual(expect.any(String));
    const { reviews } = await graphiql.dataOf('Reviews', (data) => data.reviews?.nodes.length === 3);
    expect(reviews.nodes[0]).toMatchObject({ rating: expect.any(Number), text: expect.any(String) });
  });

  it('shows the shop changing', async () => {
    await graphiql.run('WatchProducts');
    const { productsChanged } = await graphiql.data(
      (data) => data.productsChanged?.__typename === 'ProductDelta',
    );
    expect(productsChanged.upserted.length + productsChanged.removed.length).toBeGreaterThan(0);
    const { cursor } = productsChanged;
    await graphiql.data(({ productsChanged: next }) => next?.cursor && next.cursor !== cursor);
    await graphiql.stop();
    expect(graphiql.faults).toEqual([]);
  });
});
