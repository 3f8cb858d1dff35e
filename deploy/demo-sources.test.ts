import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCatalogue } from '../examples/shop/catalogue.ts';
import { openShop, type Shop } from '../examples/shop/shop.ts';
import { MemoryHostBudget } from '../platform/adapters/memory-host-budget.ts';
import { ManualClock, systemClock } from '../platform/clock.ts';
import type { FieldValues } from '../platform/model/record.ts';
import type { SourceSpec } from '../platform/model/source-spec.ts';
import { createAddressGuard } from '../platform/network/address-guard.ts';
import { Scope } from '../platform/scope.ts';
import { ExtractorCache } from '../scrapers/extractors/open.ts';
import { openHttpFetcher } from '../scrapers/fetchers/http.ts';
import { readSource } from '../scrapers/pipeline/read-source.ts';
import { RunTally } from '../scrapers/pipeline/tally.ts';
import { joinProblems } from '../subgraphs/configuration/collection-definition.ts';
import { draftOfInput, specOf } from '../subgraphs/configuration/validation/draft.ts';
import { draftProblems } from '../subgraphs/configuration/validation/draft-problems.ts';
import { keyOf, keyProblems } from '../subgraphs/configuration/validation/field-problems.ts';
import { demoSources } from './demo-sources.ts';

const guard = createAddressGuard('127.0.0.1/32');

let scope: Scope;
let shop: Shop;
let specs: readonly SourceSpec[];

beforeEach(async () => {
  scope = new Scope();
  shop = scope.use(await openShop({ clock: new ManualClock() }));
  specs = demoSources(shop.url).map((input, index) => {
    const draft = draftOfInput(input);
    return specOf(draft, `source-${index}`, keyOf(draft.key, draft.fields, undefined));
  });
});
afterEach(() => scope.close());

/** Reads a source as a worker does. */
async function read(name: string) {
  const spec = specs.find((candidate) => candidate.name === name);
  if (!spec) throw new Error(`No source is called ${name}.`);
  const budget = scope.use(
    new MemoryHostBudget({ clock: systemClock }, () => ({ concurrency: 4, intervalMs: 0 })),
  );
  const fetcher = openHttpFetcher(
    { guard, budget, clock: systemClock, steadyClock: systemClock },
    { timeoutMs: 30_000, bodyBytesMax: 1_000_000, redirectsMax: 5, userAgent: 'test' },
  );
  scope.use(fetcher);
  const records: FieldValues[] = [];
  const tally = new RunTally();
  const sink = {
    async take(chunk: { records: readonly { fields: FieldValues }[] }) {
      records.push(...chunk.records.map(({ fields }) => ({ ...fields })));
      return true;
    },
  };
  const extractor = await new ExtractorCache().get(spec);
  const reader = { fetcher, extractor, extractTimeoutMs: 30_000, sink, tally };
  const failure = await readSource(spec, reader, new AbortController().signal);
  return { records, failure, tally };
}

/** What the shop sells, as it knows it itself. */
const catalogue = () => createCatalogue(1).current();
const pounds = (pence: number) => (pence / 100).toFixed(2);

describe('The demo’s sources', () => {
  it('are accepted as they are', () => {
    const limits = { everyMsMin: 1_000, fieldsMax: 100, pagesMax: 1_000, guard };
    for (const input of demoSources(shop.url)) {
      const draft = draftOfInput(input);
      expect(draftProblems(draft, limits, systemClock.now())).toEqual([]);
      expect(keyProblems(keyOf(draft.key, draft.fields, undefined), draft.fields, true)).toEqual([]);
    }
    const [shopSpec, outletSpec] = specs;
    if (!shopSpec || !outletSpec) throw new Error('Two sources feed the products.');
    expect(joinProblems(shopSpec, 'products', outletSpec)).toEqual([]);
  });

  it('read every product of every page of the shop', async () => {
    const { records, failure, tally } = await read('Lantern & Vale');
    expect(failure).toBeUndefined();
    expect(records).toEqual(
      catalogue().products.map(({ sku, title, pence, stock, rating, maker }) => ({
        sku,
        title,
        price: pounds(pence),
        prices: pounds(pence),
        ...(stock > 0 ? { stock } : {}),
        rating,
        maker,
        picture: `${shop.url}/media/${sku.toLowerCase()}.svg`,
        url: `${shop.url}/catalogue/${sku.toLowerCase()}.html`,
      })),
    );
    const soldOut = catalogue().products.filter(({ stock }) => stock === 0).length;
    expect(tally.report('SUCCEEDED', null)).toMatchObject({
      pages: 3,
      quarantined: 0,
      misses: [{ field: 'stock', missing: soldOut, invalid: 0 }],
    });
  });

  it('read the second seller’s prices of the same products', async () => {
    const { records, failure } = await read('Harbour Outlet');
    expect(failure).toBeUndefined();
    const offers = catalogue().products.flatMap(({ sku, title, outletPence }) =>
      outletPence === undefined
        ? []
        : [
            {
              sku,
              title,
              price: pounds(outletPence),
              prices: pounds(outletPence),
              url: `${shop.url}/catalogue/${sku.toLowerCase()}.html`,
            },
          ],
    );
    const inOrder = (a: FieldValues, b: FieldValues) => (String(a.sku) < String(b.sku) ? -1 : 1);
    expect([...records].sort(inOrder)).toEqual([...offers].sort(inOrder));
    expect(offers.length).toBeGreaterThan(10);
  });

  it('read the reviews of all pages of the API', async () => {
    const { records, failure } = await read('Reviews');
    expect(failure).toBeUndefined();
    expect(records).toEqual(
      catalogue().reviews.map(({ number, sku, author, city, rating, text, writtenAt }) => ({
        number: `R${number}`,
        sku,
        author,
        city,
        rating,
        text,
        writtenAt,
        ...(rating >= 4 ? { recommended: true } : {}),
      })),
    );
  });

  it('read the French page’s accents, quotes and prices', async () => {
    const { records, failure } = await read('Nouveautés');
    expect(failure).toBeUndefined();
    expect(records).toHaveLength(12);
    const newest = catalogue().products.at(-1);
    expect(records[0]).toEqual({
      url: `${shop.url}/catalogue/${newest?.sku.toLowerCase()}.html`,
      title: newest?.title,
      teaser: expect.stringMatching(/^De la maison « .+ » – à découvrir, dès \d+,\d\d €$/),
      price: pounds(newest?.pence ?? 0),
    });
  });
});
