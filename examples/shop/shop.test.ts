import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import { createCatalogue, type Product } from './catalogue.ts';
import { openShop, type Shop } from './shop.ts';

let clock: ManualClock;
let shops: Shop[] = [];

beforeEach(() => {
  clock = new ManualClock();
});
afterEach(async () => {
  for (const shop of shops) await shop.close();
  shops = [];
});

async function open(options: { seed?: number; changeEveryMs?: number } = {}): Promise<Shop> {
  const shop = await openShop({ clock, ...options });
  shops.push(shop);
  return shop;
}

/** All that a visitor can read of a shop, with its own address left out. */
async function read(shop: Shop, ...paths: string[]): Promise<string> {
  const bodies = await Promise.all(paths.map(async (path) => (await fetch(shop.url + path)).text()));
  return bodies.join('\n').replaceAll(shop.url, '');
}

const PAGES = [
  '/',
  '/catalogue/page-2.html',
  '/catalogue/page-3.html',
  '/catalogue/category/clocks.html',
  '/outlet.html',
  '/nouveautes.html',
  '/api/reviews.json',
  '/api/reviews.json?page=2',
];

describe('The shop', () => {
  it('shows the same pages to everybody, and after every start', async () => {
    const [first, second] = [await open(), await open()];
    expect(await read(second, ...PAGES)).toBe(await read(first, ...PAGES));
    first.step();
    second.step();
    expect(await read(second, ...PAGES)).toBe(await read(first, ...PAGES));
  });

  it('is another one with another seed', async () => {
    expect(await read(await open({ seed: 2 }), '/')).not.toBe(await read(await open(), '/'));
  });

  it('changes on each of its pages when it makes a step', async () => {
    const shop = await open();
    for (const path of PAGES) {
      const before = await read(shop, path);
      // A step touches few products; a page of a few may need some.
      let after = before;
      for (let step = 0; step < 10 && after === before; step++) {
        shop.step();
        after = await read(shop, path);
      }
      expect(after, path).not.toBe(before);
    }
  });

  it('makes steps by itself where it is asked to, until it is closed', async () => {
    const shop = await open({ changeEveryMs: 1_000 });
    const before = await read(shop, '/');
    clock.advance(999);
    expect(await read(shop, '/')).toBe(before);
    clock.advance(1);
    expect(await read(shop, '/')).toContain('Day 1 of business');
    clock.advance(2_000);
    expect(await read(shop, '/')).toContain('Day 3 of business');
    await shop.close();
    shops = [];
    clock.advance(10_000);
    await expect(fetch(shop.url)).rejects.toThrow();
  });

  it('leads from page to page to its last, which leads nowhere', async () => {
    const shop = await open();
    let path: string | undefined = '/';
    const visited: string[] = [];
    while (path !== undefined && visited.length < 10) {
      visited.push(path);
      const body = await read(shop, path);
      const base: string = /<base href="([^"]+)">/.exec(body)?.[1] ?? path;
      const next: string | undefined = /<a href="([^"]+)" rel="next">/.exec(
        body.split('<main>')[1] ?? '',
      )?.[1];
      path = next && new URL(next, new URL(base, shop.url)).pathname;
    }
    expect(visited).toEqual(['/', '/catalogue/page-2.html', '/catalogue/page-3.html']);
  });

  it('has no page behind its last, nor others that nobody links to', async () => {
    const shop = await open();
    for (const path of [
      '/catalogue/page-4.html',
      '/catalogue/page-0.html',
      '/catalogue/lv-9999.html',
      '/catalogue/category/cars.html',
      '/api/reviews.json?page=9',
      '/nothing',
    ]) {
      expect((await fetch(shop.url + path)).status, path).toBe(404);
    }
    expect((await fetch(shop.url, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('writes its French page in windows-1252, and says so in the page only', async () => {
    const shop = await open();
    const response = await fetch(`${shop.url}/nouveautes.html`);
    expect(response.headers.get('content-type')).toBe('text/html');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.toString('latin1')).toContain('<meta charset=windows-1252>');
    expect(bytes.includes(Buffer.from([...Buffer.from('Nouveaut'), 0xe9, ...Buffer.from('s')]))).toBe(true);
    // The euro sign, which ISO 8859-1 does not have.
    expect(bytes.includes(0x80)).toBe(true);
    expect(bytes.includes(Buffer.from('€'))).toBe(false);
  });

  it('compresses for those who take it', async () => {
    const shop = await open();
    const response = await fetch(shop.url, { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toContain('</html>');
  });
});

describe('The catalogue', () => {
  const bySku = (products: readonly Product[]) => new Map(products.map((product) => [product.sku, product]));

  it('changes prices and stock, adds and removes products, and gets reviewed, at every step', () => {
    const catalogue = createCatalogue(7);
    for (let step = 0; step < 500; step++) {
      const before = catalogue.current();
      catalogue.step();
      const after = catalogue.current();
      const [old, now] = [bySku(before.products), bySku(after.products)];
      const kept = after.products.filter(({ sku }) => old.has(sku));
      expect(before.products.some(({ sku }) => !now.has(sku))).toBe(true);
      expect(after.products.some(({ sku }) => !old.has(sku))).toBe(true);
      expect(kept.some(({ sku, pence }) => old.get(sku)?.pence !== pence)).toBe(true);
      expect(kept.some(({ sku, stock }) => old.get(sku)?.stock !== stock)).toBe(true);
      expect(after.reviews[0]?.number).toBe((before.reviews[0]?.number ?? 0) + 1);
    }
  });

  it('stays within its bounds, with titles and numbers of its own for each product', () => {
    const catalogue = createCatalogue(7);
    for (let step = 0; step < 2_000; step++) {
      catalogue.step();
      const { products, reviews } = catalogue.current();
      expect(products.length).toBeGreaterThanOrEqual(40);
      expect(products.length).toBeLessThanOrEqual(80);
      expect(reviews.length).toBeLessThanOrEqual(45);
      expect(new Set(products.map(({ title }) => title)).size).toBe(products.length);
    }
  });

  it('has what makes scraping hard: thousands, sales, empty shelves, shared and own offers', () => {
    const catalogue = createCatalogue(1);
    catalogue.step();
    const { products } = catalogue.current();
    expect(products.some(({ pence }) => pence >= 100_000)).toBe(true);
    expect(products.some(({ pencePreviously }) => pencePreviously !== undefined)).toBe(true);
    expect(products.some(({ stock }) => stock === 0)).toBe(true);
    expect(products.some(({ outletPence }) => outletPence === undefined)).toBe(true);
    expect(products.some(({ pence, outletPence = pence }) => outletPence < pence)).toBe(true);
    expect(products.some(({ pence, outletPence = pence }) => outletPence > pence)).toBe(true);
  });
});
