import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECIMAL_LENGTH_MAX, decimalOrder } from './decimal-order.ts';

const decimal = fc.record({
  isNegative: fc.boolean(),
  whole: fc.stringMatching(/^0{0,3}[0-9]{1,25}$/),
  fraction: fc.option(fc.stringMatching(/^[0-9]{0,25}$/)),
  exponent: fc.option(fc.integer({ min: -30, max: 30 })),
});

function textOf({ isNegative, whole, fraction, exponent }: Parts): string {
  return [
    isNegative ? '-' : '',
    whole,
    fraction === null ? '' : `.${fraction}`,
    exponent === null ? '' : `e${exponent}`,
  ].join('');
}

/** The number in units of 10^-60, exactly. */
function scaled({ isNegative, whole, fraction, exponent }: Parts): bigint {
  const digits = BigInt(whole + (fraction ?? ''));
  const zeros = 60 - (fraction ?? '').length + (exponent ?? 0);
  const value = digits * 10n ** BigInt(zeros);
  return isNegative ? -value : value;
}

interface Parts {
  readonly isNegative: boolean;
  readonly whole: string;
  readonly fraction: string | null;
  readonly exponent: number | null;
}

it('sorts as text exactly as the numbers sort by value', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const [orderA = '', orderB = ''] = [decimalOrder(textOf(a)), decimalOrder(textOf(b))];
      const byText = orderA < orderB ? -1 : orderA > orderB ? 1 : 0;
      const byValue = scaled(a) < scaled(b) ? -1 : scaled(a) > scaled(b) ? 1 : 0;
      expect(byText).toBe(byValue);
    }),
    { numRuns: 2_000 },
  );
});

it('tells a negative number from one with more digits, and equal ones not apart', () => {
  const sorted = [
    '-10',
    '-1.55',
    '-1.5',
    '-1.49',
    '-0.001',
    '0',
    '1e-9',
    '0.5',
    '1',
    '1.000000000000000000001',
    '9',
    '1e1',
  ];
  const orders = sorted.map((text) => decimalOrder(text) ?? '');
  expect([...orders].sort()).toEqual(orders);
  expect(decimalOrder('1.50')).toBe(decimalOrder('+001.5'));
  expect(decimalOrder('15e-1')).toBe(decimalOrder('1.5'));
  expect(decimalOrder('-0.00')).toBe(decimalOrder('0'));
});

describe('what is no decimal', () => {
  it.each([
    '',
    '.',
    '-',
    '1,5',
    '1.5.2',
    ' 1',
    'e5',
    '0x10',
    'NaN',
    '1e',
    '1e9999999999',
    '1'.repeat(DECIMAL_LENGTH_MAX + 1),
  ])('%j', (text) => {
    expect(decimalOrder(text)).toBeUndefined();
  });
});
