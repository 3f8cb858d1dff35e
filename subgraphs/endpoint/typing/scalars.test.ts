import { parseValue as parseLiteral } from 'graphql';
import { describe, expect, it } from 'vitest';
import { BadUserInputError } from '../../../platform/errors.ts';
import { scalars } from './scalars.ts';

/** The value as it is written in a query. */
function literal(name: keyof typeof scalars, text: string): unknown {
  return scalars[name].parseLiteral(parseLiteral(text));
}

describe('an input', () => {
  it.each<[keyof typeof scalars, unknown, unknown]>([
    ['DateTime', '2026-11-20T09:00:00+01:00', '2026-11-20T08:00:00.000Z'],
    ['URL', 'https://EXAMPLE.com', 'https://example.com/'],
    ['Decimal', '12.50', '12.50'],
    ['Decimal', 19.9, '19.9'],
    ['Decimal', -3, '-3'],
    ['JSON', { a: [1, null] }, { a: [1, null] }],
  ])('of %s takes %j as %j', (name, given, taken) => {
    expect(scalars[name].parseValue(given)).toEqual(taken);
  });

  it.each<[keyof typeof scalars, unknown]>([
    ['DateTime', '2026-11-20'],
    ['DateTime', 1_700_000_000],
    ['URL', '/relative'],
    ['URL', 5],
    ['Decimal', 'ten'],
    ['Decimal', ''],
    ['Decimal', true],
    ['Decimal', Number.NaN],
  ])('of %s refuses %j', (name, given) => {
    expect(() => scalars[name].parseValue(given)).toThrow(BadUserInputError);
  });
});

describe('a literal', () => {
  it.each<[keyof typeof scalars, string, unknown]>([
    ['DateTime', '"2026-11-20T08:00:00Z"', '2026-11-20T08:00:00.000Z'],
    ['URL', '"https://example.com/a"', 'https://example.com/a'],
    ['Decimal', '"1.5"', '1.5'],
    ['Decimal', '12345678901234567890.12345678901234567890', '12345678901234567890.12345678901234567890'],
    ['Decimal', '20', '20'],
    ['JSON', '{ a: [1, "x", true, null] }', { a: [1, 'x', true, null] }],
  ])('of %s takes %s as %j', (name, text, taken) => {
    expect(literal(name, text)).toEqual(taken);
  });

  it.each<[keyof typeof scalars, string]>([
    ['DateTime', '20261120'],
    ['URL', 'true'],
    ['Decimal', 'ENUM'],
    ['Decimal', '[1]'],
  ])('of %s refuses %s', (name, text) => {
    expect(() => literal(name, text)).toThrow(BadUserInputError);
  });
});
