import type { SqlValue } from '../../../platform/sqlite.ts';
import type { CollectionView } from '../view/collection-view.ts';
import type { Selection, SqlFragment } from '../view/entry-table.ts';
import type { Layout } from '../view/layout.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import type { Condition } from './condition.ts';
import { conditionSql } from './condition-sql.ts';
import type { Order, Place } from './order.ts';
import { targetColumn, targetSql } from './target.ts';

export interface PageRequest {
  readonly condition?: Condition | undefined;
  readonly order: Order;
  /** Only what comes behind this place. */
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** Reads entries in their order, behind a place: whatever is inserted before it shifts nothing. */
export function readPage(view: CollectionView, request: PageRequest): ViewEntry[] {
  const { table } = view;
  prepareIndexes(view, request);
  const entries: ViewEntry[] = [];
  for (const selection of pageSelections(table.layout, request)) {
    const limit = request.limit - entries.length;
    if (limit > 0) entries.push(...table.select({ ...selection, limit }));
  }
  return entries;
}

export function countEntries(view: CollectionView, condition: Condition | undefined): number {
  return view.table.count(conditionSql(condition, view.table.layout));
}

/** By what is sorted; else by the field that the filter pins down, which is then sorted by key. */
function prepareIndexes({ table }: CollectionView, { condition, order }: PageRequest): void {
  const [first] = order;
  const target = first?.target ?? equalTarget(condition);
  const column = target && targetColumn(table.layout, target);
  if (column !== undefined) table.prepareFor(column);
}

function equalTarget(condition: Condition | undefined) {
  if (condition?.kind === 'compare' && condition.operator === 'eq') return condition.target;
  if (condition?.kind !== 'and') return undefined;
  for (const part of condition.conditions) {
    if (part.kind === 'compare' && part.operator === 'eq') return part.target;
  }
  return undefined;
}

/**
 * The selections that make up a page, one after the other: first the entries that have a value for the first
 * term, then those that do not. So each is one walk along the index of that term, begun at the place.
 */
function pageSelections(layout: Layout, request: PageRequest): Omit<Selection, 'limit'>[] {
  const { condition, order, after } = request;
  const filter = conditionSql(condition, layout);
  const [first] = order;
  const tie = first?.direction ?? 'ASC';
  const terms: SortTerm[] = order.map(({ target, direction }) => ({
    column: targetSql(layout, target),
    isAscending: direction === 'ASC',
  }));
  const key: SortTerm = { column: 'key', isAscending: tie === 'ASC', isNeverNull: true };
  const [head] = terms;
  if (!head) {
    const where = after ? behind([key], [after.key]) : undefined;
    return [{ where: all(filter, where), orderBy: orderBy([key]) }];
  }
  const rest = [...terms.slice(1), key];
  const values = after && [...after.values, after.key];
  const selections: Omit<Selection, 'limit'>[] = [];
  if (!values || values[0] !== null) {
    const valued: SortTerm = { ...head, isNeverNull: true };
    const some: SqlFragment = { sql: `${head.column} IS NOT NULL`, values: [] };
    // Implied by the place, but said so that the index is entered there.
    const from: SqlFragment | undefined = values && {
      sql: `${head.column} ${head.isAscending ? '>=' : '<='} ?`,
      values: [values[0] ?? null],
    };
    const place = values && behind([valued, ...rest], values);
    selections.push({ where: all(filter, some, from, place), orderBy: orderBy([valued, ...rest]) });
  }
  const none: SqlFragment = { sql: `${head.column} IS NULL`, values: [] };
  const place = values && values[0] === null ? behind(rest, values.slice(1)) : undefined;
  selections.push({ where: all(filter, none, place), orderBy: orderBy(rest) });
  return selections;
}

interface SortTerm {
  readonly column: string;
  readonly isAscending: boolean;
  readonly isNeverNull?: boolean;
}

function orderBy(terms: readonly SortTerm[]): string {
  return terms
    .map(({ column, isAscending, isNeverNull }) =>
      [column, isAscending ? 'ASC' : 'DESC', ...(isNeverNull ? [] : ['NULLS LAST'])].join(' '),
    )
    .join(', ');
}

/** Behind the place: the first term is behind, or equal and the next is behind, and so on. */
function behind(terms: readonly SortTerm[], values: readonly SqlValue[]): SqlFragment {
  const alternatives = terms.map((term, index): SqlFragment | undefined => {
    const equals = terms.slice(0, index).map((earlier) => `${earlier.column} IS ?`);
    const greater = behindOne(term, values[index] ?? null);
    return (
      greater && {
        sql: `(${[...equals, greater.sql].join(' AND ')})`,
        values: [...values.slice(0, index), ...greater.values],
      }
    );
  });
  const possible = alternatives.filter((alternative) => alternative !== undefined);
  return {
    sql: `(${possible.map(({ sql }) => sql).join(' OR ')})`,
    values: possible.flatMap((alternative) => alternative.values),
  };
}

/** @returns undefined where nothing can be behind: nulls are last. */
function behindOne({ column, isAscending, isNeverNull }: SortTerm, value: SqlValue): SqlFragment | undefined {
  if (value === null) return undefined;
  const greater = `${column} ${isAscending ? '>' : '<'} ?`;
  return { sql: isNeverNull ? greater : `(${greater} OR ${column} IS NULL)`, values: [value] };
}

function all(...fragments: (SqlFragment | undefined)[]): SqlFragment {
  const given = fragments.filter((fragment) => fragment !== undefined);
  return {
    sql: given.map(({ sql }) => sql).join(' AND '),
    values: given.flatMap(({ values }) => values),
  };
}
