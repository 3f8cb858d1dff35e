import { describe, expect, it } from 'vitest';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import { viewOf } from '../../../test/unit/endpoint/view-builder.ts';
import { EMPTY_LAYOUT, type LayoutPlan, planLayout } from './layout.ts';

const columnsOf = ({ layout }: LayoutPlan) =>
  layout.columns.map(({ field, column, retired }) => `${field}:${column}${retired ? ':retired' : ''}`);
const namesOf = (columns: LayoutPlan['added']) => columns.map(({ column }) => column);

describe('planning a layout', () => {
  const first = planLayout(EMPTY_LAYOUT, [field('a'), field('b', 'INT')]);

  it('gives each field a column', () => {
    expect(columnsOf(first)).toEqual(['a:f0', 'b:f1']);
    expect(namesOf(first.added)).toEqual(['f0', 'f1']);
  });

  it('leaves a layout alone that has all fields', () => {
    const again = planLayout(first.layout, [field('a'), field('b', 'INT')]);
    expect(again).toEqual({ layout: first.layout, added: [], dropped: [] });
  });

  it('follows the order of the fields, not of the columns', () => {
    expect(columnsOf(planLayout(first.layout, [field('b', 'INT'), field('a')]))).toEqual(['b:f1', 'a:f0']);
  });

  it('gives a field of another type another column, and drops its old one', () => {
    const plan = planLayout(first.layout, [field('a', 'DECIMAL'), field('b', 'INT')]);
    expect(columnsOf(plan)).toEqual(['a:f2', 'b:f1']);
    expect([namesOf(plan.added), namesOf(plan.dropped)]).toEqual([['f2'], ['f0']]);
  });

  it('needs nothing where only the merge is another, and the type the same', () => {
    const plan = planLayout(first.layout, [field('a', 'STRING', { merge: 'FIRST' }), field('b', 'INT')]);
    expect([plan.added, plan.dropped]).toEqual([[], []]);
  });

  it('retires the column of a field that is gone, and takes it back', () => {
    const without = planLayout(first.layout, [field('b', 'INT')]);
    expect(columnsOf(without)).toEqual(['b:f1', 'a:f0:retired']);
    const back = planLayout(without.layout, [field('b', 'INT'), field('a')]);
    expect(columnsOf(back)).toEqual(['b:f1', 'a:f0']);
    expect([back.added, back.dropped]).toEqual([[], []]);
  });

  it('drops retired columns before a table has too many', () => {
    let plan = first;
    for (let round = 0; round < 600; round++) plan = planLayout(plan.layout, [field(`only${round}`)]);
    expect(plan.layout.columns.length).toBe(500);
    expect(namesOf(plan.dropped).length).toBe(1);
  });
});

it('keeps as many indexes as are of use, those that were used last', () => {
  const fields = Array.from({ length: 12 }, (_, index) => field(`a${index}`));
  const { view } = viewOf(
    fields,
    Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, {}])),
  );
  for (const { column } of view.table.layout.columns.slice(0, 8)) view.table.prepareFor(column);
  view.table.prepareFor('f0');
  view.table.prepareFor('f9');
  expect(view.table.indexedColumns).toEqual(['f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f0', 'f9']);
});
