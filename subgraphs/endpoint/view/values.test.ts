import { describe, expect, it } from 'vitest';
import type { AggregatedType, FieldScalar } from '../../../platform/model/field-type.ts';
import type { FieldValue } from '../../../platform/model/record.ts';
import { canonicalInstant, fitValue } from './values.ts';

const one = (scalar: FieldScalar): AggregatedType => ({ scalar, list: false });
const many = (scalar: FieldScalar): AggregatedType => ({ scalar, list: true });

describe('a value that fits its type', () => {
  it.each<[AggregatedType, FieldValue, FieldValue]>([
    [one('String'), 'x', 'x'],
    [one('String'), 'half \ud800', 'half \ufffd'],
    [one('String'), 'a\0b', 'a\ufffdb'],
    [one('Int'), -(2 ** 31) + 1, -(2 ** 31) + 1],
    [one('Float'), 1e300, 1e300],
    [one('Decimal'), '12.50', '12.50'],
    [one('Boolean'), false, false],
    [one('DateTime'), '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00.000Z'],
    [one('URL'), 'https://example.com/a', 'https://example.com/a'],
    [one('JSON'), { a: [1] }, { a: [1] }],
    [many('Int'), [1, 2], [1, 2]],
    [many('Int'), [1, 'x', null, 2], [1, 2]],
    [many('String'), [], []],
  ])('%j takes %j as %j', (type, raw, fitted) => {
    expect(fitValue(type, raw)).toEqual(fitted);
  });
});

describe('a value that does not fit its type is null', () => {
  it.each<[AggregatedType, FieldValue]>([
    [one('String'), 5],
    [one('String'), ['x']],
    [one('Int'), 2 ** 31],
    [one('Int'), 1.5],
    [one('Int'), '1'],
    [one('Float'), '1.5'],
    [one('Decimal'), 12.5],
    [one('Decimal'), 'ten'],
    [one('Boolean'), 1],
    [one('DateTime'), 'tomorrow'],
    [one('URL'), '/relative'],
    [one('JSON'), null],
    [many('String'), 'x'],
  ])('%j: %j', (type, raw) => {
    expect(fitValue(type, raw)).toBeNull();
  });
});

describe('an instant', () => {
  it.each([
    ['2026-11-20T08:00:00Z', '2026-11-20T08:00:00.000Z'],
    ['2026-11-20t08:00:00.123456z', '2026-11-20T08:00:00.123Z'],
    ['2024-02-29T00:00:00-02:30', '2024-02-29T02:30:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalInstant(text)).toBe(canonical);
  });

  it.each([
    '2026-11-20',
    '2026-11-20T08:00:00',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '9999-12-31T23:59:59-01:00',
    '',
  ])('%j is none', (text) => {
    expect(canonicalInstant(text)).toBeUndefined();
  });
});
