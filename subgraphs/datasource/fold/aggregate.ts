import { compareCodePoints } from '../../../platform/model/code-points.ts';
import type { CollectionField } from '../../../platform/model/collection-definition.ts';
import type { Item } from '../../../platform/model/entry-state.ts';
import type { FieldValue } from '../../../platform/model/record.ts';
import type { FieldType } from '../../../platform/model/source-spec.ts';
import { averageDecimals, compareDecimals, shortestDecimal, sumDecimals } from './decimal.ts';
import { fitsField } from './field-fit.ts';

interface Said {
  readonly item: Item;
  readonly value: FieldValue;
}

/**
 * The value of a field by its merge, from the contributing items of all sources in any order.
 *
 * @returns undefined where no item has a value; a COUNT is 0 then.
 */
export function aggregate(items: readonly Item[], field: CollectionField): FieldValue | undefined {
  const said: Said[] = [];
  for (const item of items) {
    const value = Object.hasOwn(item.values, field.name) ? item.values[field.name] : undefined;
    if (value !== undefined && value !== null && fitsField(value, field)) said.push({ item, value });
  }
  if (field.merge === 'COUNT') return said.length;
  const [first, ...others] = said;
  if (!first) return undefined;
  switch (field.merge) {
    case 'LATEST':
      return others.reduce((a, b) => (b.item.news > a.item.news ? b : a), first).value;
    case 'FIRST':
      return others.reduce((a, b) => (b.item.first < a.item.first ? b : a), first).value;
    case 'SET':
      return distinct(
        field.type,
        inOrder(said).flatMap(({ value }) => elements(value, field)),
      );
    case 'LIST':
      return inOrder(said).flatMap(({ value }) => elements(value, field));
    case 'MIN':
      return others.reduce((a, b) => (compare(field.type, b.value, a.value) < 0 ? b : a), first).value;
    case 'MAX':
      return others.reduce((a, b) => (compare(field.type, b.value, a.value) > 0 ? b : a), first).value;
    case 'SUM':
    case 'AVG':
      return field.type === 'DECIMAL' ? decimalTotal(said, field.merge) : numberTotal(said, field.merge);
  }
}

function inOrder(said: readonly Said[]): Said[] {
  return [...said].sort((a, b) => a.item.first - b.item.first);
}

function elements(value: FieldValue, field: CollectionField): readonly FieldValue[] {
  return field.list ? (value as readonly FieldValue[]) : [value];
}

/** Decimals by value, as they were written first; others by canonical JSON, which all values of items are in. */
function distinct(type: FieldType, values: readonly FieldValue[]): FieldValue[] {
  const known = new Map<string, FieldValue>();
  for (const value of values) {
    const content = type === 'DECIMAL' ? shortestDecimal(value as string) : JSON.stringify(value);
    if (!known.has(content)) known.set(content, value);
  }
  return [...known.values()];
}

/** A total order, so that no order of arrival makes a difference: equal decimals of unlike text go by text. */
function compare(type: FieldType, a: FieldValue, b: FieldValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== 'string' || typeof b !== 'string') return 0;
  return (type === 'DECIMAL' ? compareDecimals(a, b) : 0) || compareCodePoints(a, b);
}

function decimalTotal(said: readonly Said[], merge: 'SUM' | 'AVG'): string {
  const values = said.map(({ value }) => value as string);
  return merge === 'SUM' ? sumDecimals(values) : averageDecimals(values);
}

/** Added up from the smallest: the last bits of a floating-point sum depend on its order. */
function numberTotal(said: readonly Said[], merge: 'SUM' | 'AVG'): number | undefined {
  const values = said.map(({ value }) => value as number).sort((a, b) => a - b);
  const sum = values.reduce((a, b) => a + b, 0);
  const total = merge === 'SUM' ? sum : sum / values.length;
  // Beyond double precision's range there is nothing that JSON could say.
  return Number.isFinite(total) ? total : undefined;
}
