import { describe, expect, it } from 'vitest';
import { averageDecimals, compareDecimals, isDecimal, shortestDecimal, sumDecimals } from './decimal.ts';

describe('sumDecimals', () => {
  it.each([
    [['0.1', '0.2'], '0.3'],
    [['1.50', '2.50'], '4.00'],
    [['1.5', '2', '0.500'], '4.000'],
    [['-1', '0.5'], '-0.5'],
    [['-0.05', '0.05'], '0.00'],
    [['99999999999999999999.99', '0.01'], '100000000000000000000.00'],
    [['007', '1'], '8'],
  ])('adds %j up to %s', (values, sum) => {
    expect(sumDecimals(values)).toBe(sum);
  });
});

describe('averageDecimals', () => {
  it.each([
    [['1', '2'], '1.5'],
    [['2', '1', '1'], '1.333333333333'],
    [['2', '2', '1'], '1.666666666667'],
    [['-2', '-2', '-1'], '-1.666666666667'],
    // A tie in the last digit goes to the even neighbour.
    [['0.000000000001', '0.000000000000'], '0'],
    [['0.000000000001', '0.000000000002'], '0.000000000002'],
    [['-0.000000000001', '-0.000000000002'], '-0.000000000002'],
    // Values with more digits keep as many.
    [['0.00000000000001', '0.00000000000003'], '0.00000000000002'],
    [['5'], '5'],
    [['10.00', '30'], '20'],
  ])('makes of %j %s', (values, average) => {
    expect(averageDecimals(values)).toBe(average);
  });
});

describe('compareDecimals', () => {
  it.each([
    ['9', '10', -1],
    ['-9', '-10', 1],
    ['1.0', '1', 0],
    ['0.30000000000000000001', '0.3', 1],
  ])('compares %s and %s as numbers', (a, b, sign) => {
    expect(compareDecimals(a, b)).toBe(sign);
    expect(compareDecimals(b, a)).toBe(sign === 0 ? 0 : -sign);
  });
});

describe('shortestDecimal', () => {
  it.each([
    [['19.8', '19.80', '019.800'], '19.8'],
    [['100', '100.0', '00100.00'], '100'],
    [['0', '-0', '0.00', '-0.0'], '0'],
    [['-1.5', '-1.50'], '-1.5'],
  ])('makes of all of %j %s', (texts, shortest) => {
    expect(texts.map(shortestDecimal)).toEqual(texts.map(() => shortest));
  });
});

describe('isDecimal', () => {
  it.each(['1', '-1', '0.5', '00.10', '9'.repeat(1_000)])('takes %s', (text) => {
    expect(isDecimal(text)).toBe(true);
  });
  it.each(['', '-', '.5', '1.', '1e3', '+1', ' 1', '1,5', 'NaN', '9'.repeat(1_001)])('refuses %j', (text) => {
    expect(isDecimal(text)).toBe(false);
  });
});
