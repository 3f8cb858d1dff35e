import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldValue } from '../../platform/model/record.ts';
import type { FieldType } from '../../platform/model/source-spec.ts';
import { convert, VALUE_LENGTH_MAX } from './convert.ts';

const BASE = 'https://shop.example/books/list?page=2';

type Case = readonly [raw: FieldValue, expected: FieldValue | undefined];

const TABLE: Readonly<Record<FieldType, readonly Case[]>> = {
  STRING: [
    ['Anvil', 'Anvil'],
    [12.5, '12.5'],
    [true, 'true'],
    [['a'], undefined],
    [{ a: 1 }, undefined],
    ['x'.repeat(VALUE_LENGTH_MAX + 1), undefined],
  ],
  INT: [
    ['In stock (22 available)', 22],
    ['22.0', 22],
    ['1,234 ratings', 1234],
    ['1.234 Bewertungen', 1234],
    ['12K', 12_000],
    ['−3', -3],
    [3, 3],
    [3.5, undefined],
    ['4.5', undefined],
    ['2147483647', 2_147_483_647],
    ['-2147483648', -2_147_483_648],
    ['2147483648', undefined],
    [2 ** 40, undefined],
    ['none left', undefined],
    [true, undefined],
  ],
  FLOAT: [
    ['4.5 out of 5 stars', 4.5],
    ['1.5e3', 1500],
    ['37,5 °C', 37.5],
    [0.1, 0.1],
    ['1e999', undefined],
    ['n/a', undefined],
  ],
  DECIMAL: [
    ['£51.77', '51.77'],
    ['£19.80', '19.80'],
    ['£5', '5'],
    ['00.50', '0.50'],
    ['1,299.00', '1299.00'],
    ['1.299,00 €', '1299.00'],
    ['1.299 €', '1299'],
    ['€ 1.299,-', '1299'],
    ['1.299', '1.299'],
    ['1,299', '1299'],
    ['0,125', '0.125'],
    ['12,5', '12.5'],
    ['₹1,29,999', '129999'],
    ['12,34,567.50', '1234567.50'],
    ['1.299.000,50', '1299000.50'],
    ['−3', '-3'],
    ['–3', '-3'],
    ['10–20', '10'],
    ['SKU-123', '123'],
    ['-£5.50', '-5.50'],
    ['£-5.50', '-5.50'],
    ['1\u00a0234,5', '1234.5'],
    ['1\u202f234\u202f567,5', '1234567.5'],
    ['1 234,5', '1234.5'],
    ["1'299.50", '1299.50'],
    ['1’299.50', '1299.50'],
    ['$.99', '0.99'],
    ['1e-7', '0.0000001'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    ['12.50K', '12500'],
    ['1.2345K', '1234.5'],
    ['1.5e3', '1500'],
    ['1.50e1', '15.0'],
    ['1.50e-2', '0.0150'],
    [19.8, '19.8'],
    ['3.0M views', '3000000'],
    ['128GB', '128'],
    ['1.2万', '12000'],
    ['١٬٢٣٤٫٥', '1234.5'],
    ['१२३', '123'],
    ['１２３．４', '123.4'],
    ['-0.00', '0.00'],
    ['-0', '0'],
    ['007', '7'],
    ['Was 10.00, now 5', '10.00'],
    ['1.2.3', undefined],
    ['1,2,3', undefined],
    ['1e999', undefined],
    ['free', undefined],
    [true, undefined],
    [['1'], undefined],
  ],
  BOOLEAN: [
    ['yes', true],
    ['TRUE', true],
    ['1', true],
    ['on', true],
    [1, true],
    [true, true],
    ['No', false],
    ['0', false],
    ['off', false],
    [0, false],
    [false, false],
    ['maybe', undefined],
    [2, undefined],
  ],
  DATETIME: [
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T08:00:00+02:00', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T08:00:00.123456Z', '2026-11-20T08:00:00.123Z'],
    ['2026-11-20 08:00:00', '2026-11-20T08:00:00.000Z'],
    ['2026-11-20 08:00:00+02:00', '2026-11-20T06:00:00.000Z'],
    ['Fri, 20 Nov 2026 08:00:00 +0100', '2026-11-20T07:00:00.000Z'],
    ['Fri, 20 Nov 2026 08:00:00 GMT', '2026-11-20T08:00:00.000Z'],
    ['November 20, 2026', '2026-11-20T00:00:00.000Z'],
    ['Nov. 20th, 2026 8:05 PM', '2026-11-20T20:05:00.000Z'],
    ['Friday, November 20, 2026 at 8:05 a.m.', '2026-11-20T08:05:00.000Z'],
    ['20 Nov 2026', '2026-11-20T00:00:00.000Z'],
    ['Sept 5, 2026', '2026-09-05T00:00:00.000Z'],
    ['20.11.2026', '2026-11-20T00:00:00.000Z'],
    ['2026/11/20 8:05', '2026-11-20T08:05:00.000Z'],
    ['2026年11月20日', '2026-11-20T00:00:00.000Z'],
    [1_795_132_800, '2026-11-20T00:00:00.000Z'],
    [1_795_132_800_000, '2026-11-20T00:00:00.000Z'],
    ['1795132800', '2026-11-20T00:00:00.000Z'],
    // Day or month first? Nobody can tell.
    ['05/11/2026', undefined],
    ['2026-13-01', undefined],
    ['2026-02-30', undefined],
    ['yesterday', undefined],
    ['10:30', undefined],
    ['2026', undefined],
    [true, undefined],
  ],
  URL: [
    ['../x', 'https://shop.example/x'],
    ['//cdn.example/a.png', 'https://cdn.example/a.png'],
    ['?page=3', 'https://shop.example/books/list?page=3'],
    [' /a b ', 'https://shop.example/a%20b'],
    ['https://EXAMPLE.org', 'https://example.org/'],
    ['mailto:a@b.example', 'mailto:a@b.example'],
    ['javascript:alert(1)', undefined],
    ['data:text/html,x', undefined],
    ['http://[', undefined],
    [12, undefined],
  ],
  JSON: [
    ['{"a":[1]}', { a: [1] }],
    [{ a: 1 }, { a: 1 }],
    [
      [1, 2],
      [1, 2],
    ],
    [5, 5],
    ['not json', undefined],
  ],
};

describe('convert', () => {
  for (const [type, cases] of Object.entries(TABLE) as [FieldType, readonly Case[]][]) {
    it.each(cases)(`reads %j as ${type}: %j`, (raw, expected) => {
      expect(convert(raw, type, BASE)).toEqual(expected);
    });
  }

  const digits = (min: number, max: number) =>
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map((list) => list.join(''));
  const amount = fc.record({
    isNegative: fc.boolean(),
    whole: digits(1, 15),
    fraction: fc.oneof(fc.constant(''), digits(1, 2), digits(4, 8)),
  });
  const canonicalOf = ({
    isNegative,
    whole,
    fraction,
  }: {
    isNegative: boolean;
    whole: string;
    fraction: string;
  }) => {
    const front = whole.replace(/^0+(?=\d)/, '');
    const magnitude = fraction === '' ? front : `${front}.${fraction}`;
    return isNegative && Number(magnitude) !== 0 ? `-${magnitude}` : magnitude;
  };

  it('reads any plain decimal exactly, with the digits of its fraction', () => {
    fc.assert(
      fc.property(amount, (parts) => {
        const { isNegative, whole, fraction } = parts;
        const written = `${isNegative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
        expect(convert(written, 'DECIMAL', BASE)).toBe(canonicalOf(parts));
      }),
    );
  });

  it('reads its own canonical form as itself', () => {
    fc.assert(
      fc.property(amount, (parts) => {
        const canonical = canonicalOf(parts);
        expect(convert(canonical, 'DECIMAL', BASE)).toBe(canonical);
      }),
    );
  });

  it('reads an amount the same in every way of grouping it', () => {
    const written = fc.record({
      cents: fc.integer({ min: 100_000, max: 10 ** 14 }),
      locale: fc.constantFrom('en-GB', 'de-DE', 'fr-FR', 'en-IN', 'de-CH'),
    });
    fc.assert(
      fc.property(written, ({ cents, locale }) => {
        const text = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).format(cents / 100);
        const whole = String(Math.floor(cents / 100));
        const parts = { isNegative: false, whole, fraction: String(cents % 100).padStart(2, '0') };
        expect(convert(text, 'DECIMAL', BASE)).toBe(canonicalOf(parts));
      }),
    );
  });

  it('never throws, and gives what JSON can say', () => {
    const types = Object.keys(TABLE) as FieldType[];
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...types), (raw, type) => {
        if (raw === null) return;
        const value = convert(raw as FieldValue, type, BASE);
        if (value !== undefined) expect(JSON.stringify(value)).toBeTypeOf('string');
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(...types), (raw, type) => {
        convert(raw, type, BASE);
      }),
    );
  });
});
