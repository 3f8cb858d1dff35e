import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadUserInputError } from '../../../platform/errors.ts';
import type { FieldValues } from '../../../platform/model/record.ts';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import { typesOf, viewOf } from '../../../test/unit/endpoint/view-builder.ts';
import { FILTER_CONDITIONS_MAX, FILTER_DEPTH_MAX, FILTER_VALUES_MAX, readFilter } from './condition.ts';
import { matches } from './condition-match.ts';
import { prefixEnd } from './condition-sql.ts';
import { countEntries, readPage } from './page.ts';

const FIELDS = [
  field('text'),
  field('link', 'URL'),
  field('int', 'INT'),
  field('float', 'FLOAT'),
  field('decimal', 'DECIMAL'),
  field('flag', 'BOOLEAN'),
  field('at', 'DATETIME'),
  field('json', 'JSON'),
  field('texts', 'STRING', { merge: 'SET' }),
  field('links', 'URL', { list: true }),
  field('ints', 'INT', { merge: 'LIST' }),
  field('floats', 'FLOAT', { list: true }),
  field('decimals', 'DECIMAL', { list: true }),
  field('flags', 'BOOLEAN', { list: true }),
  field('ats', 'DATETIME', { list: true }),
  field('jsons', 'JSON', { list: true }),
];
const TYPES = typesOf(FIELDS);

const ENTRIES: Record<string, FieldValues> = {
  low: {
    text: 'Alpha 100%',
    link: 'https://a.example/1',
    int: -5,
    float: 0.1,
    decimal: '-2.50',
    flag: false,
    at: '2026-01-01T00:00:00.000Z',
    json: { a: 1 },
    texts: ['x', 'y'],
    links: ['https://a.example/1'],
    ints: [1, 2],
    floats: [0.1, 0.3],
    decimals: ['1.50'],
    flags: [false],
    ats: ['2026-01-01T00:00:00.000Z'],
    jsons: [{ a: 1 }],
  },
  high: {
    text: 'alpha_beta',
    link: 'https://b.example/2',
    int: 7,
    float: 2.5,
    decimal: '10.0000000000000000001',
    flag: true,
    at: '2026-02-01T12:30:00.500Z',
    json: [],
    texts: ['y', 'ÿ', ''],
    links: [],
    ints: [],
    floats: [1e21],
    decimals: ['10', '-3'],
    flags: [true, false],
    ats: ['2026-02-01T12:30:00.500Z'],
    jsons: [],
  },
  none: {},
  unfit: {
    text: 5,
    link: 'no url',
    int: 1.5,
    float: 'x',
    decimal: 'ten',
    flag: 'yes',
    at: 'soon',
    texts: 'x',
    ints: [1.5],
  },
};

describe('each operator on each type', () => {
  const { view } = viewOf(FIELDS, ENTRIES);
  const cases: [filter: Record<string, Record<string, unknown>>, keys: string][] = [
    [{ text: { eq: 'alpha_beta' } }, 'high'],
    [{ text: { ne: 'alpha_beta' } }, 'low none unfit'],
    [{ text: { in: ['Alpha 100%', 'alpha_beta', 'other'] } }, 'high low'],
    [{ text: { in: [] } }, ''],
    [{ text: { lt: 'a' } }, 'low'],
    [{ text: { lte: 'alpha_beta' } }, 'high low'],
    [{ text: { gt: 'Alpha 100%' } }, 'high'],
    [{ text: { gte: 'Alpha 100%' } }, 'high low'],
    [{ text: { contains: '_' } }, 'high'],
    [{ text: { contains: '%' } }, 'low'],
    [{ text: { contains: 'LPHA' } }, ''],
    [{ text: { contains: '' } }, 'high low'],
    [{ text: { startsWith: 'alpha' } }, 'high'],
    [{ text: { startsWith: 'Alpha 100%' } }, 'low'],
    [{ text: { startsWith: 'alpha%' } }, ''],
    [{ text: { startsWith: '' } }, 'high low'],
    [{ text: { isNull: true } }, 'none unfit'],
    [{ text: { isNull: false } }, 'high low'],
    [{ link: { eq: 'https://a.example/1' } }, 'low'],
    [{ link: { ne: 'https://a.example/1' } }, 'high none unfit'],
    [{ link: { in: ['https://b.example/2'] } }, 'high'],
    [{ link: { contains: 'a.ex' } }, 'low'],
    [{ link: { startsWith: 'https://' } }, 'high low'],
    [{ link: { isNull: true } }, 'none unfit'],
    [{ int: { eq: 7 } }, 'high'],
    [{ int: { ne: 7 } }, 'low none unfit'],
    [{ int: { in: [-5, 8] } }, 'low'],
    [{ int: { lt: 0 } }, 'low'],
    [{ int: { lte: 7 } }, 'high low'],
    [{ int: { gt: -5 } }, 'high'],
    [{ int: { gte: -5, lt: 7 } }, 'low'],
    [{ int: { isNull: false } }, 'high low'],
    [{ float: { eq: 0.1 } }, 'low'],
    [{ float: { ne: 0.1 } }, 'high none unfit'],
    [{ float: { in: [2.5] } }, 'high'],
    [{ float: { lt: 0.2 } }, 'low'],
    [{ float: { lte: 0.1 } }, 'low'],
    [{ float: { gt: 1 } }, 'high'],
    [{ float: { gte: 2.5 } }, 'high'],
    [{ float: { isNull: true } }, 'none unfit'],
    [{ decimal: { eq: '-2.5' } }, 'low'],
    [{ decimal: { ne: '-2.500' } }, 'high none unfit'],
    [{ decimal: { in: ['10', '-2.5'] } }, 'low'],
    [{ decimal: { lt: '-2.4' } }, 'low'],
    [{ decimal: { lte: '10' } }, 'low'],
    [{ decimal: { gt: '10' } }, 'high'],
    [{ decimal: { gte: '10.0000000000000000001' } }, 'high'],
    [{ decimal: { isNull: true } }, 'none unfit'],
    [{ flag: { eq: true } }, 'high'],
    [{ flag: { ne: true } }, 'low none unfit'],
    [{ flag: { isNull: false } }, 'high low'],
    [{ at: { eq: '2026-01-01T01:00:00+01:00' } }, 'low'],
    [{ at: { ne: '2026-01-01T00:00:00Z' } }, 'high none unfit'],
    [{ at: { in: ['2026-01-01T00:00:00Z'] } }, 'low'],
    [{ at: { lt: '2026-02-01T00:00:00Z' } }, 'low'],
    [{ at: { lte: '2026-02-01T12:30:00.500Z' } }, 'high low'],
    [{ at: { gt: '2026-02-01T12:30:00Z' } }, 'high'],
    [{ at: { gte: '2026-01-01T00:00:00.001Z' } }, 'high'],
    [{ at: { isNull: true } }, 'none unfit'],
    [{ json: { isNull: false } }, 'high low'],
    [{ texts: { contains: 'y' } }, 'high low'],
    [{ texts: { contains: '' } }, 'high'],
    [{ texts: { isNull: true } }, 'none unfit'],
    [{ links: { contains: 'https://a.example/1' } }, 'low'],
    [{ ints: { contains: 2 } }, 'low'],
    [{ ints: { isNull: false } }, 'high low unfit'],
    [{ floats: { contains: 0.3 } }, 'low'],
    [{ floats: { contains: 1e21 } }, 'high'],
    [{ decimals: { contains: '10.0' } }, 'high'],
    [{ decimals: { contains: '1.5' } }, 'low'],
    [{ flags: { contains: true } }, 'high'],
    [{ ats: { contains: '2026-01-01T00:00:00Z' } }, 'low'],
    [{ jsons: { isNull: true } }, 'none unfit'],
    [{ meta: { key: { startsWith: 'n' } } }, 'none'],
    [{ meta: { updatedAt: { gt: '2026-01-01T00:00:00.002Z' } } }, 'none unfit'],
    [{ meta: { firstSeenAt: { lte: '2026-01-01T00:00:00.001Z' }, key: { ne: 'x' } } }, 'low'],
  ];

  it.each(cases)('%j finds %j', (filter, keys) => {
    const condition = readFilter(filter, TYPES);
    const found = readPage(view, { condition, order: [], limit: 10 });
    expect(found.map(({ key }) => key).join(' ')).toBe(keys);
    expect(countEntries(view, condition)).toBe(found.length);
  });
});

describe('conditions together', () => {
  const { view } = viewOf(FIELDS, ENTRIES);
  const low = { int: { eq: -5 } };
  const high = { int: { eq: 7 } };
  const cases: [filter: Record<string, unknown>, keys: string][] = [
    [{}, 'high low none unfit'],
    [{ and: [low, high] }, ''],
    [{ and: [] }, 'high low none unfit'],
    [{ or: [low, high] }, 'high low'],
    [{ or: [] }, ''],
    [{ not: low }, 'high none unfit'],
    [{ not: { not: low } }, 'low'],
    [{ not: { int: { gt: 0 } } }, 'low none unfit'],
    [{ int: { gt: -10, lt: 0 }, text: { isNull: false } }, 'low'],
    [{ or: [low, { and: [high, { flag: { eq: true } }] }], text: { startsWith: 'a' } }, 'high'],
    [{ int: null, or: null, not: null, and: null, meta: null }, 'high low none unfit'],
  ];

  it.each(cases)('%j finds %j', (filter, keys) => {
    const found = readPage(view, { condition: readFilter(filter, TYPES), order: [], limit: 10 });
    expect(found.map(({ key }) => key).join(' ')).toBe(keys);
  });
});

describe('what is refused', () => {
  const nest = (depth: number): Record<string, unknown> => (depth > 1 ? { not: nest(depth - 1) } : {});
  const conditions = (count: number) => ({
    and: Array.from({ length: count - 1 }, () => ({ int: { eq: 1 } })),
  });
  const values = (count: number) => ({ int: { in: Array.from({ length: count }, (_, index) => index) } });

  it.each([
    ['an operator without a value', { text: { eq: null } }],
    ['a test for null without a value', { text: { isNull: null } }],
    ['a filter that nests too deep', nest(FILTER_DEPTH_MAX + 1)],
    ['too many conditions', conditions(FILTER_CONDITIONS_MAX + 1)],
    ['too many values', values(FILTER_VALUES_MAX + 1)],
  ])('%s', (_, filter) => {
    expect(() => readFilter(filter, TYPES)).toThrow(BadUserInputError);
  });

  it('nothing within the bounds', () => {
    const { view } = viewOf(FIELDS, ENTRIES);
    for (const filter of [
      nest(FILTER_DEPTH_MAX),
      conditions(FILTER_CONDITIONS_MAX),
      values(FILTER_VALUES_MAX),
    ]) {
      expect(() =>
        readPage(view, { condition: readFilter(filter, TYPES), order: [], limit: 10 }),
      ).not.toThrow();
    }
  });
});

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'A',
  '%',
  '_',
  "'",
  '"',
  '\u{1f600}',
  '\uff5e',
  'é',
  'e\u0301',
  '\ud7ff',
  '\u{10ffff}',
  'a\u{10ffff}',
];
const text = fc.constantFrom(...TEXTS);
const int = fc.constantFrom(-2, -1, 0, 1, 2 ** 31 - 1);
const float = fc.constantFrom(-1.5, 0, 0.1, 0.30000000000000004, 1e-7, 1e300, 5e-324);
const decimal = fc.constantFrom(
  '-12.5',
  '-12.50',
  '-1',
  '0',
  '-0',
  '0.0',
  '1e-3',
  '0.001',
  '1',
  '9',
  '10',
  '9.99999999999999999999',
  '123456789012345678901234567890',
);
const instant = fc.constantFrom(
  '2026-01-01T00:00:00.000Z',
  '2025-12-31T23:59:59.999Z',
  '2026-01-01T00:00:00+01:00',
  '1969-01-01T00:00:00Z',
);

const entry = fc.record(
  {
    text: fc.oneof(text, fc.constant(5), fc.constant('\ud800')),
    int: fc.oneof(int, fc.constant(0.5)),
    float,
    decimal: fc.oneof(decimal, fc.constant('x')),
    flag: fc.boolean(),
    at: instant,
    texts: fc.array(text, { maxLength: 3 }),
    floats: fc.array(float, { maxLength: 3 }),
    decimals: fc.array(decimal, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

/** One operator of those that the type's filter has. */
function operator(value: fc.Arbitrary<unknown>, ...more: string[]) {
  const comparing = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', ...more];
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(fc.constantFrom(...comparing), value).map(([name, one]) => ({ [name]: one })),
    },
    fc.record({ in: fc.array(value, { maxLength: 3 }) }),
    fc.record({ isNull: fc.boolean() }),
  );
}

const leaf = fc.oneof(
  fc.record({ text: operator(text, 'contains', 'startsWith') }),
  fc.record({ int: operator(int) }),
  fc.record({ float: operator(float) }),
  fc.record({ decimal: operator(decimal) }),
  fc.record({ flag: fc.record({ eq: fc.boolean() }) }),
  fc.record({ at: operator(instant) }),
  fc.record({ texts: fc.record({ contains: text }) }),
  fc.record({ floats: fc.record({ contains: float }) }),
  fc.record({ decimals: fc.record({ contains: decimal }) }),
  fc.record({ meta: fc.record({ key: operator(fc.constantFrom('0', '1', '2')) }) }),
);

const { filter } = fc.letrec<{ filter: Record<string, unknown> }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}));

it('means the same in the database as in memory', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 8 }),
      fc.array(filter, { minLength: 1, maxLength: 12 }),
      (entries, filters) => {
        const { view, file } = viewOf(
          FIELDS,
          Object.fromEntries(entries.map((fields, index) => [`${index}`, fields])),
        );
        const all = readPage(view, { order: [], limit: 100 });
        for (const each of filters) {
          const condition = readFilter(each, TYPES);
          const found = readPage(view, { condition, order: [], limit: 100 });
          expect(found).toEqual(all.filter((one) => matches(condition, one)));
        }
        file.close();
      },
    ),
    { numRuns: 300 },
  );
});

it('ends a range of prefixes right behind the last text that begins so', () => {
  expect(prefixEnd('ab')).toBe('ac');
  expect(prefixEnd('a\u{10ffff}')).toBe('b');
  expect(prefixEnd('\ud7ff')).toBe('\ue000');
  expect(prefixEnd('\u{10ffff}')).toBeUndefined();
  expect(prefixEnd('')).toBeUndefined();
});
