import { describe, expect, it } from 'vitest';
import type { CollectionField } from '../../../platform/model/collection-definition.ts';
import type { Item } from '../../../platform/model/entry-state.ts';
import type { FieldValue } from '../../../platform/model/record.ts';
import type { FieldType, Merge } from '../../../platform/model/source-spec.ts';
import { aggregate } from './aggregate.ts';

/** Items that said these values one after the other; the first became news again last. */
function itemsOf(values: readonly (FieldValue | undefined)[]): Item[] {
  return values.map((value, at) => ({
    values: value === undefined ? {} : { value },
    first: at + 1,
    news: at === 0 ? 100 : at + 1,
    seen: 100,
    seenAt: 0,
  }));
}

function fieldOf(type: FieldType, merge: Merge, list = false): CollectionField {
  return { name: 'value', type, merge, list };
}

const TABLE: readonly [FieldType, boolean, Merge, (FieldValue | undefined)[], FieldValue | undefined][] = [
  ['STRING', false, 'LATEST', ['a', 'b', 'c'], 'a'],
  ['STRING', false, 'LATEST', [undefined, 'b', 'c', null], 'c'],
  ['STRING', false, 'FIRST', ['a', 'b', 'c'], 'a'],
  ['STRING', false, 'FIRST', [undefined, 'b', 'c'], 'b'],
  ['STRING', false, 'SET', ['b', 'a', 'b'], ['b', 'a']],
  ['STRING', false, 'LIST', ['b', 'a', 'b'], ['b', 'a', 'b']],
  ['STRING', false, 'MIN', ['b', 'B', 'a'], 'B'],
  ['STRING', false, 'MAX', ['\u{10000}', '\u{ffff}'], '\u{10000}'],
  ['STRING', false, 'COUNT', ['a', 'a', undefined, null], 2],
  ['STRING', false, 'COUNT', [], 0],
  ['STRING', false, 'LATEST', [], undefined],
  ['STRING', false, 'SET', [undefined], undefined],
  ['STRING', true, 'LATEST', [['a'], ['b']], ['a']],
  [
    'STRING',
    true,
    'SET',
    [
      ['b', 'a'],
      ['a', 'c'],
    ],
    ['b', 'a', 'c'],
  ],
  ['STRING', true, 'LIST', [['b', 'a'], ['a']], ['b', 'a', 'a']],
  ['STRING', true, 'COUNT', [['a', 'b'], []], 2],
  ['INT', false, 'MIN', [10, 9, 11], 9],
  ['INT', false, 'MAX', [10, 9, 11], 11],
  ['INT', false, 'SUM', [2_000_000_000, 2_000_000_000], 4_000_000_000],
  ['INT', false, 'AVG', [1, 2], 1.5],
  ['FLOAT', false, 'SUM', [1e16, 1, -1e16], 0],
  ['FLOAT', false, 'SUM', [1.7e308, 1.7e308], undefined],
  ['DECIMAL', false, 'MIN', ['10', '9.99', '11'], '9.99'],
  ['DECIMAL', false, 'MAX', ['10', '9.99', '10.0'], '10.0'],
  ['DECIMAL', false, 'SUM', ['0.1', '0.2', '10000000000000000000000'], '10000000000000000000000.3'],
  ['DECIMAL', false, 'SUM', ['1.50', '2.50'], '4.00'],
  ['DECIMAL', false, 'SET', ['19.80', '5', '19.8', '5.00', '-19.8'], ['19.80', '5', '-19.8']],
  [
    'DECIMAL',
    true,
    'SET',
    [
      ['1.0', '2'],
      ['2.0', '1'],
      ['0.00', '0'],
    ],
    ['1.0', '2', '0.00'],
  ],
  ['DECIMAL', false, 'LIST', ['1.0', '1'], ['1.0', '1']],
  ['DECIMAL', false, 'LATEST', ['19.80', '5'], '19.80'],
  ['DECIMAL', false, 'AVG', ['1', '1', '2'], '1.333333333333'],
  ['BOOLEAN', false, 'SET', [true, false, true], [true, false]],
  [
    'DATETIME',
    false,
    'MAX',
    ['2026-01-02T00:00:00.000Z', '2025-12-31T00:00:00.000Z'],
    '2026-01-02T00:00:00.000Z',
  ],
  ['URL', false, 'MIN', ['https://b.example/', 'https://a.example/'], 'https://a.example/'],
  ['JSON', false, 'SET', [{ a: 1 }, { a: 1 }, [1]], [{ a: 1 }, [1]]],
  ['JSON', false, 'LIST', [[1], [1]], [[1], [1]]],
];

describe('aggregate', () => {
  it.each(TABLE)('makes of a %s (list: %s) by %s of %j: %j', (type, list, merge, values, expected) => {
    expect(aggregate(itemsOf(values), fieldOf(type, merge, list))).toEqual(expected);
  });

  it.each(TABLE)(
    'does so whatever order the items come in: %s (list: %s) by %s of %j',
    (type, list, merge, values, expected) => {
      expect(aggregate(itemsOf(values).reverse(), fieldOf(type, merge, list))).toEqual(expected);
    },
  );

  it.each<[FieldType, boolean, FieldValue, FieldValue]>([
    ['INT', false, 'ten', 10],
    ['INT', false, 1.5, 10],
    ['DECIMAL', false, '1e5', '10'],
    ['DECIMAL', false, '9'.repeat(1_001), '10'],
    ['DATETIME', false, 'yesterday', '2026-01-02T00:00:00.000Z'],
    ['URL', false, 'not a URL', 'https://a.example/'],
    ['STRING', true, 'a', ['a']],
    ['STRING', false, ['a'], 'a'],
    ['BOOLEAN', false, 'true', true],
  ])('leaves out what is no %s (list: %s): %j', (type, list, stranger, fitting) => {
    expect(aggregate(itemsOf([stranger, fitting]), fieldOf(type, 'LATEST', list))).toEqual(fitting);
    expect(aggregate(itemsOf([stranger]), fieldOf(type, 'LATEST', list))).toBeUndefined();
  });

  it('does not take what all objects have for a value', () => {
    const field = { ...fieldOf('JSON', 'LATEST'), name: 'constructor' };
    expect(aggregate(itemsOf(['a']), field)).toBeUndefined();
  });
});
