import type { FieldValue } from '../../../platform/model/record.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import { comparable, compare } from '../view/values.ts';
import type { Condition } from './condition.ts';
import { targetComparable, targetValue } from './target.ts';

/** Whether the condition is true of the entry: the same as `conditionSql` in the database. */
export function matches(condition: Condition | undefined, entry: ViewEntry): boolean {
  if (!condition) return true;
  switch (condition.kind) {
    case 'and':
      return condition.conditions.every((part) => matches(part, entry));
    case 'or':
      return condition.conditions.some((part) => matches(part, entry));
    case 'not':
      return !matches(condition.condition, entry);
    case 'isNull':
      return (targetValue(entry, condition.target) === null) === condition.isNull;
    case 'in': {
      const own = targetComparable(entry, condition.target);
      return own !== null && condition.values.includes(own);
    }
    case 'compare':
      return compares(condition, entry);
  }
}

function compares(condition: Extract<Condition, { kind: 'compare' }>, entry: ViewEntry): boolean {
  const { target, operator, value } = condition;
  if (operator === 'has') {
    const elements = targetValue(entry, target) as readonly FieldValue[] | null;
    return elements?.some((element) => comparable(target.type.scalar, element) === value) ?? false;
  }
  const own = targetComparable(entry, target);
  if (own === null) return operator === 'ne';
  switch (operator) {
    case 'eq':
      return own === value;
    case 'ne':
      return own !== value;
    case 'lt':
      return compare(own, value) < 0;
    case 'lte':
      return compare(own, value) <= 0;
    case 'gt':
      return compare(own, value) > 0;
    case 'gte':
      return compare(own, value) >= 0;
    case 'contains':
      return String(own).includes(String(value));
    case 'startsWith':
      return String(own).startsWith(String(value));
  }
}
