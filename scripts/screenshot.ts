/**
 * Makes docs/images/graphiql.png anew: GraphiQL answering a typed query on the demo.
 *
 *     npm run build && npx tsx scripts/screenshot.ts
 *
 * Wants Chromium or Chrome (CHROME_PATH, or the usual places). Starts a demo of its own, on a free port.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../platform/sdl.ts';
import { openBrowser } from '../test/browser/browser.ts';
import { openDemo } from '../test/browser/demo.ts';
import { GraphiqlPage } from '../test/browser/graphiql-page.ts';

const FILE = join(packageRoot, 'docs', 'images', 'graphiql.png');
/** Pixels of the picture for each of the page's: sharp on fine screens, and still small. */
const SCALE = 1.5;

const QUERY = `# In stock, well rated, the cheapest first
query Bargains {
  products(
    filter: {
      rating: { gte: 4 }
      price: { lt: "60" }
      stock: { gt: 0 }
    }
    orderBy: [{ price: ASC }]
    first: 3
  ) {
    totalCount
    nodes {
      title
      price
      rating
      stock
      meta {
        updatedAt
        sources { name }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const browser = await openBrowser();
const demo = await openDemo();
try {
  const graphiql = await GraphiqlPage.open(browser, demo.url);
  const { page } = graphiql;
  await page.setViewport({ width: 1280, height: 800, deviceScaleFactor: SCALE });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await graphiql.openTab('Products');
  await graphiql.write('operation.graphql', QUERY);
  await page.waitForSelector('.graphiql-tab-active button[title="Bargains"]');
  await graphiql.dataOf(undefined, (data) => data.products?.nodes.length > 2);
  await mkdir(dirname(FILE), { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: FILE as `${string}.png` });
  console.log(`Wrote ${FILE}.`);
} finally {
  await browser.close();
  await demo.close();
}
