import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadUserInputError, CursorInvalidError } from '../../../platform/errors.ts';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import { catchUp, typesOf, viewOf } from '../../../test/unit/endpoint/view-builder.ts';
import type { CollectionView } from '../view/collection-view.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import { compare } from '../view/values.ts';
import { decodePlace, encodePlace, ORDER_TERMS_MAX, type Order, readOrder } from './order.ts';
import { readPage } from './page.ts';
import { targetComparable } from './target.ts';

const FIELDS = [
  field('name'),
  field('price', 'DECIMAL'),
  field('stock', 'INT'),
  field('weight', 'FLOAT'),
  field('used', 'BOOLEAN'),
  field('at', 'DATETIME'),
];
const TYPES = typesOf(FIELDS);

function keysOf(view: CollectionView, orderBy: Record<string, unknown>[]): string {
  return readPage(view, { order: readOrder(orderBy, TYPES), limit: 100 })
    .map(({ key }) => key)
    .join(' ');
}

describe('the order of entries', () => {
  const { view } = viewOf(FIELDS, {
    a: { name: 'b', price: '10', stock: 2, weight: 1.5, used: true, at: '2026-01-01T00:00:00.000Z' },
    b: { name: 'B', price: '9.99', stock: 2, weight: -1, used: false, at: '2026-01-01T00:00:00.001Z' },
    c: { name: '\u{1f600}', price: '-100', stock: 1, weight: 1e10, at: '2025-01-01T00:00:00.000Z' },
    d: { name: '\uff5e', price: '-99.5', stock: 10, used: true },
    e: { price: 'unfit' },
  });

  it.each([
    [[], 'a b c d e'],
    [[{ name: 'ASC' }], 'b a d c e'],
    [[{ name: 'DESC' }], 'c d a b e'],
    [[{ price: 'ASC' }], 'c d b a e'],
    [[{ price: 'DESC' }], 'a b d c e'],
    [[{ stock: 'ASC' }], 'c a b d e'],
    [[{ stock: 'DESC' }], 'd b a c e'],
    [[{ stock: 'ASC' }, { price: 'ASC' }], 'c b a d e'],
    [[{ stock: 'ASC' }, { name: 'DESC' }], 'c a b d e'],
    [[{ weight: 'ASC' }], 'b a c d e'],
    [[{ weight: 'DESC' }], 'c a b e d'],
    [[{ used: 'ASC' }, { stock: 'DESC' }], 'b d a c e'],
    [[{ used: 'DESC' }, { stock: 'DESC' }], 'd a b c e'],
    [[{ at: 'DESC' }], 'b a c e d'],
    [[{ meta: { key: 'DESC' } }], 'e d c b a'],
    [[{ meta: { firstSeenAt: 'DESC' } }], 'e d c b a'],
  ])('%j gives %s', (orderBy, keys) => {
    expect(keysOf(view, orderBy as Record<string, unknown>[])).toBe(keys);
  });
});

describe('what is refused', () => {
  it.each([
    ['an empty element', [{}]],
    ['two fields in one element', [{ price: 'ASC', stock: 'DESC' }]],
    ['two parts of meta in one element', [{ meta: { key: 'ASC', updatedAt: 'DESC' } }]],
    [
      'more fields than anyone sorts by',
      Array.from({ length: ORDER_TERMS_MAX + 1 }, () => ({ price: 'ASC' })),
    ],
  ])('%s', (_, orderBy) => {
    expect(() => readOrder(orderBy, TYPES)).toThrow(BadUserInputError);
  });

  const { view } = viewOf(FIELDS, { a: { price: '1' } });
  const [entry] = readPage(view, { order: [], limit: 1 }) as [ViewEntry];
  const order = readOrder([{ price: 'ASC' }], TYPES);
  const cursor = encodePlace('things', order, entry);

  it.each([
    ['rubbish', 'things', order, 'rubbish'],
    ['an empty cursor', 'things', order, ''],
    ['a cursor of another collection', 'others', order, cursor],
    ['a cursor of another direction', 'things', readOrder([{ price: 'DESC' }], TYPES), cursor],
    ['a cursor of no order', 'things', [], cursor],
  ])('%s', (_, collection, ofOrder, given) => {
    expect(() => decodePlace(collection, ofOrder as Order, given as string)).toThrow(CursorInvalidError);
  });

  it('but not its own cursor', () => {
    expect(decodePlace('things', order, cursor)).toEqual({ values: ['250000000011'], key: 'a' });
  });
});

/** Reads page by page, each behind the cursor of the last entry of the one before. */
function* walk(view: CollectionView, order: Order, limit: number): Generator<ViewEntry[]> {
  for (let cursor: string | undefined; ; ) {
    const after = cursor === undefined ? undefined : decodePlace('things', order, cursor);
    const page = readPage(view, { order, after, limit });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < limit) return;
    cursor = encodePlace('things', order, last);
  }
}

const direction = fc.constantFrom('ASC', 'DESC');
const orderBy = fc.array(
  fc.oneof(
    fc.record({ name: direction }),
    fc.record({ price: direction }),
    fc.record({ stock: direction }),
    fc.record({ weight: direction }),
    fc.record({ meta: fc.record({ updatedAt: direction }) }),
  ),
  { maxLength: 3 },
);
const fields = fc.record(
  {
    name: fc.constantFrom('', 'a', 'B', '\u{1f600}', '\uff5e'),
    price: fc.constantFrom('1', '1.0', '-3', '20', '0.05'),
    stock: fc.integer({ min: -1, max: 2 }),
    weight: fc.constantFrom(0.1, -7.25, 3e9),
  },
  { requiredKeys: [] },
);

it('walks through all entries once, in the order that sorting them in memory gives', () => {
  fc.assert(
    fc.property(
      fc.array(fields, { maxLength: 20 }),
      orderBy,
      fc.integer({ min: 1, max: 5 }),
      (all, by, limit) => {
        const { view, file } = viewOf(
          FIELDS,
          Object.fromEntries(all.map((one, index) => [`k${index}`, one])),
        );
        const order = readOrder(by, TYPES);
        const walked = [...walk(view, order, limit)].flat().map(({ key }) => key);
        const sorted = readPage(view, { order: [], limit: 100 }).sort((a, b) => compareEntries(order, a, b));
        expect(walked).toEqual(sorted.map(({ key }) => key));
        file.close();
      },
    ),
    { numRuns: 300 },
  );
});

it('walks through equal decimals of unlike text by key, in both directions', () => {
  const prices = ['19.8', '19.80', '5', '19.800', '20', '019.8'];
  const entries = Object.fromEntries(prices.map((price, index) => [`k${index}`, { price }]));
  const { view } = viewOf(FIELDS, entries);
  const walked = (by: string) =>
    [...walk(view, readOrder([{ price: by }], TYPES), 1)].flat().map(({ key }) => key);
  expect(walked('ASC')).toEqual(['k2', 'k0', 'k1', 'k3', 'k5', 'k4']);
  expect(walked('DESC')).toEqual(['k4', 'k5', 'k3', 'k1', 'k0', 'k2']);
});

/** Plainly: term by term, no value last, then the key in the direction of the first term. */
function compareEntries(order: Order, a: ViewEntry, b: ViewEntry): number {
  for (const { target, direction } of order) {
    const [ofA, ofB] = [targetComparable(a, target), targetComparable(b, target)];
    if (ofA === ofB) continue;
    if (ofA === null) return 1;
    if (ofB === null) return -1;
    return direction === 'ASC' ? compare(ofA, ofB) : -compare(ofA, ofB);
  }
  const byKey = compare(a.key, b.key);
  return order[0]?.direction === 'DESC' ? -byKey : byKey;
}

it('neither repeats nor skips entries that stay, while others come and go', () => {
  const numbers = Array.from({ length: 30 }, (_, index) => index);
  const { view, model } = viewOf(
    FIELDS,
    Object.fromEntries(numbers.map((number) => [`k${number}`, { stock: number % 4, name: `${number}` }])),
  );
  const order = readOrder([{ stock: 'DESC' }], TYPES);
  const seen: string[] = [];
  let round = 0;
  for (const page of walk(view, order, 4)) {
    seen.push(...page.map(({ key }) => key));
    model.put('things', `new${round}`, { stock: round % 4 });
    model.remove('things', `k${round}`);
    catchUp(model, view);
    round++;
  }
  expect(new Set(seen).size).toBe(seen.length);
  const stayed = numbers.slice(round).map((number) => `k${number}`);
  expect(seen).toEqual(expect.arrayContaining(stayed));
});

it('walks along an index when a large collection is sorted', () => {
  const entries = Object.fromEntries(
    Array.from({ length: 2_500 }, (_, index) => [
      `k${index}`,
      index % 10 === 0 ? {} : { price: `${index % 900}` },
    ]),
  );
  const { view } = viewOf(FIELDS, entries);
  const order = readOrder([{ price: 'DESC' }], TYPES);
  const pages = [...walk(view, order, 100)];
  expect(pages.flat().length).toBe(2_500);
  expect(view.table.indexedColumns).toEqual(['f1_order']);
  const sorted = readPage(view, { order: [], limit: 10_000 }).sort((a, b) => compareEntries(order, a, b));
  expect(pages.flat().map(({ key }) => key)).toEqual(sorted.map(({ key }) => key));
});
