import { describe, expect, it } from 'vitest';
import type { SourceFormat } from '../../platform/model/source-spec.ts';
import { type SelectorRole, selectorProblem } from './selector-problem.ts';

describe('selectorProblem', () => {
  it.each<[SourceFormat, SelectorRole, string]>([
    ['HTML', 'records', '.product'],
    ['HTML', 'records', 'table tr:not(.head):has(td), ul > li'],
    ['HTML', 'field', 'a@href'],
    ['HTML', 'field', '@data-id'],
    ['HTML', 'field', '.'],
    ['HTML', 'field', '> a'],
    ['HTML', 'field', '+ tr .score'],
    ['HTML', 'field', 'a[href*="@"]'],
    ['HTML', 'field', 'p@html'],
    ['HTML', 'next', 'a.next@href'],
    ['HTML', 'next', 'a[rel=next]'],
    ['JSON', 'records', '$.items[*]'],
    ['JSON', 'records', '$..book[?@.price < 10]'],
    ['JSON', 'field', '$.title'],
    ['JSON', 'field', '@.title'],
    ['JSON', 'field', 'title'],
    ['JSON', 'field', 'author.first-name'],
    ['JSON', 'field', '.'],
    ['JSON', 'next', '$.paging.next'],
  ])('takes %s %s %s', (format, role, selector) => {
    expect(selectorProblem(format, selector, role)).toBeUndefined();
  });

  it.each<[SourceFormat, SelectorRole, string]>([
    ['HTML', 'records', ''],
    ['HTML', 'records', '   '],
    ['HTML', 'records', '.product@href'],
    ['HTML', 'records', '.'],
    ['HTML', 'records', '> li'],
    ['HTML', 'records', 'li['],
    ['HTML', 'field', ''],
    ['HTML', 'field', 'a:nonsense'],
    ['HTML', 'field', 'a::text'],
    ['HTML', 'field', 'a:not('],
    ['HTML', 'field', ':nth-child(foo)'],
    ['HTML', 'field', `a${' b'.repeat(2_000)}`],
    ['JSON', 'records', '$.items['],
    ['JSON', 'field', 'a b'],
    ['JSON', 'field', '$.a[?@.b ==]'],
    ['JSON', 'field', ''],
    ['XML', 'records', 'item'],
    ['CSV', 'records', '*'],
  ])('refuses %s %s %j, in a sentence', (format, role, selector) => {
    expect(selectorProblem(format, selector, role)).toMatch(/^[A-Z].*\.$/);
  });
});
