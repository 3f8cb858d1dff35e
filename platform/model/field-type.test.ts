import { describe, expect, it } from 'vitest';
import { aggregatedType, canMerge } from './field-type.ts';
import { FIELD_TYPES, type FieldType, MERGES, type Merge } from './source-spec.ts';

const typeOf = (type: FieldType, merge: Merge, list = false) => {
  const aggregated = aggregatedType({ name: 'f', type, list, merge });
  return aggregated.list ? `[${aggregated.scalar}]` : aggregated.scalar;
};

describe('A field once aggregated', () => {
  it.each([
    ['STRING', 'LATEST', 'String'],
    ['DATETIME', 'FIRST', 'DateTime'],
    ['URL', 'MAX', 'URL'],
    ['JSON', 'LATEST', 'JSON'],
    ['STRING', 'SET', '[String]'],
    ['INT', 'LIST', '[Int]'],
    ['BOOLEAN', 'COUNT', 'Int'],
    ['INT', 'MIN', 'Int'],
    ['INT', 'SUM', 'Float'],
    ['INT', 'AVG', 'Float'],
    ['FLOAT', 'SUM', 'Float'],
    ['DECIMAL', 'SUM', 'Decimal'],
    ['DECIMAL', 'AVG', 'Decimal'],
    ['DECIMAL', 'MIN', 'Decimal'],
  ] as const)('of type %s and merge %s is %s', (type, merge, expected) => {
    expect(typeOf(type, merge)).toBe(expected);
  });

  it('stays a list where it was one, and is a list of its elements where lists are gathered', () => {
    expect(typeOf('STRING', 'LATEST', true)).toBe('[String]');
    expect(typeOf('STRING', 'SET', true)).toBe('[String]');
    expect(typeOf('STRING', 'COUNT', true)).toBe('Int');
  });
});

describe('A merge', () => {
  const allowed = (merge: Merge, list: boolean) => FIELD_TYPES.filter((type) => canMerge(type, list, merge));

  it('that only chooses or gathers takes every field', () => {
    for (const merge of ['LATEST', 'FIRST', 'SET', 'LIST', 'COUNT'] as const) {
      expect(allowed(merge, false)).toEqual(FIELD_TYPES);
      expect(allowed(merge, true)).toEqual(FIELD_TYPES);
    }
  });

  it('that compares takes what has an order', () => {
    for (const merge of ['MIN', 'MAX'] as const) {
      expect(allowed(merge, false)).toEqual(['STRING', 'INT', 'FLOAT', 'DECIMAL', 'DATETIME', 'URL']);
    }
  });

  it('that adds up takes numbers', () => {
    for (const merge of ['SUM', 'AVG'] as const)
      expect(allowed(merge, false)).toEqual(['INT', 'FLOAT', 'DECIMAL']);
  });

  it('that compares or adds up takes no lists', () => {
    for (const merge of ['MIN', 'MAX', 'SUM', 'AVG'] as const) expect(allowed(merge, true)).toEqual([]);
  });

  it('that is allowed gives a type, for every type there is', () => {
    for (const type of FIELD_TYPES) {
      for (const merge of MERGES) if (canMerge(type, false, merge)) expect(typeOf(type, merge)).toBeTruthy();
    }
  });
});
