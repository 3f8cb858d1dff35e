import type { SqlValue } from '../../../platform/sqlite.ts';
import type { SqlFragment } from '../view/entry-table.ts';
import type { Layout } from '../view/layout.ts';
import type { Condition } from './condition.ts';
import { type Target, targetSql } from './target.ts';

const EVERYTHING: SqlFragment = { sql: '1', values: [] };
const NOTHING: SqlFragment = { sql: '0', values: [] };

const COMPARISONS = { eq: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** The condition as SQL. It never gives NULL, so that NOT means the rest; see `matches` for the same in memory. */
export function conditionSql(condition: Condition | undefined, layout: Layout): SqlFragment {
  if (!condition) return EVERYTHING;
  switch (condition.kind) {
    case 'and':
      return join(condition.conditions, ' AND ', EVERYTHING, layout);
    case 'or':
      return join(condition.conditions, ' OR ', NOTHING, layout);
    case 'not': {
      const { sql, values } = conditionSql(condition.condition, layout);
      return { sql: `NOT (${sql})`, values };
    }
    case 'isNull': {
      const column = targetSql(layout, condition.target);
      return { sql: `${column} IS ${condition.isNull ? '' : 'NOT '}NULL`, values: [] };
    }
    case 'in': {
      const column = targetSql(layout, condition.target);
      if (condition.values.length === 0) return NOTHING;
      return {
        sql: `(${column} IS NOT NULL AND ${column} IN (${condition.values.map(() => '?').join(', ')}))`,
        values: condition.values,
      };
    }
    case 'compare':
      return compareSql(condition, layout);
  }
}

function compareSql(
  { target, operator, value }: Extract<Condition, { kind: 'compare' }>,
  layout: Layout,
): SqlFragment {
  const column = targetSql(layout, target);
  const some = (sql: string, ...values: SqlValue[]): SqlFragment => ({
    sql: `(${column} IS NOT NULL AND ${sql})`,
    values,
  });
  switch (operator) {
    case 'ne':
      return { sql: `${column} IS NOT ?`, values: [value] };
    case 'contains':
      return some(`instr(${column}, ?) > 0`, value);
    case 'startsWith': {
      // A range instead of LIKE: literal, by code point, and an index can serve it.
      const end = prefixEnd(value as string);
      return end === undefined
        ? some(`${column} >= ?`, value)
        : some(`${column} >= ? AND ${column} < ?`, value, end);
    }
    case 'has':
      return hasSql(column, target, value);
    default:
      return some(`${column} ${COMPARISONS[operator]} ?`, value);
  }
}

function hasSql(column: string, target: Target, value: SqlValue): SqlFragment {
  const from = `EXISTS (SELECT 1 FROM json_each(${column}) WHERE value =`;
  if (target.type.scalar !== 'Float') return { sql: `${from} ?)`, values: [value] };
  // Read by SQLite from text like the element it is compared with, so that both are rounded alike.
  return { sql: `${from} json_extract(?, '$[0]'))`, values: [JSON.stringify([value])] };
}

/** The least text, by code point, that is greater than all texts with the prefix; undefined where there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last === 0x10ffff) continue;
    // The surrogates between are no characters.
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return undefined;
}

function join(
  conditions: readonly Condition[],
  operator: ' AND ' | ' OR ',
  none: SqlFragment,
  layout: Layout,
): SqlFragment {
  if (conditions.length === 0) return none;
  const parts = conditions.map((condition) => conditionSql(condition, layout));
  return {
    sql: `(${parts.map((part) => part.sql).join(operator)})`,
    values: parts.flatMap((part) => part.values),
  };
}
