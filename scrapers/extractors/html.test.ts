import { describe, expect, it } from 'vitest';
import type { FieldSpec, SourceSpec } from '../../platform/model/source-spec.ts';
import type { Extraction } from './extractor.ts';
import { createHtmlExtractor } from './html.ts';

type Selectors = Readonly<Record<string, string | readonly [string]>>;

/** Field name → selector; in brackets where it is a list. */
function fieldsOf(selectors: Selectors): FieldSpec[] {
  return Object.entries(selectors).map(([name, select]) => ({
    name,
    select: typeof select === 'string' ? select : select[0],
    list: typeof select !== 'string',
    type: 'STRING',
    merge: 'LATEST',
    required: false,
  }));
}

function extract(
  text: string,
  records: string,
  selectors: Selectors,
  rest: Pick<Partial<SourceSpec>, 'pagination'> & { url?: string } = {},
): Omit<Extraction, 'records'> & { records: Record<string, unknown>[] } {
  const extractor = createHtmlExtractor({ records, fields: fieldsOf(selectors), ...rest });
  const extraction = extractor.extract({
    url: rest.url ?? 'https://shop.example/list/',
    text,
    bytes: text.length,
  });
  return { ...extraction, records: [...extraction.records].map((record) => ({ ...record })) };
}

const BOOKS = `<!doctype html><html><body><ol class="books">
  <li class="book" data-id="1"><h3><a href="/b/1">A <em>Light</em>
      Read</a></h3><p class="price">£1<br>each</p><i class="tag">new</i><i class="tag">red</i><script>x()</script></li>
  <li class="book" data-id="2"><h3><a>No link</a><a href="/b/2">Link</a></h3><i class="tag"> </i></li>
</ol></body></html>`;

describe('the HTML extractor', () => {
  it('reads text, attributes, the record itself, and lists', () => {
    const { records } = extract(BOOKS, '.book', {
      title: 'h3',
      link: 'a@href',
      id: '@data-id',
      tags: ['.tag'],
      price: '.price@text',
    });
    expect(records).toEqual([
      { title: ['A Light Read'], link: ['/b/1'], id: ['1'], tags: ['new', 'red'], price: ['£1 each'] },
      { title: ['No linkLink'], link: ['/b/2'], id: ['2'] },
    ]);
  });

  it('reads the whole text of a record, without scripts and styles', () => {
    const { records } = extract(BOOKS, '.book', { all: '.' });
    expect(records[0]).toEqual({ all: ['A Light Read £1 each newred'] });
  });

  it('reads inner HTML', () => {
    expect(extract('<div><b>x</b> &amp; y</div>', 'div', { html: '@html' }).records).toEqual([
      { html: ['<b>x</b> &amp; y'] },
    ]);
  });

  it('finds nothing outside the record, however the selector begins', () => {
    const page = '<section class="on"><div><a>1</a><p><a>2</a></p></div></section>';
    const { records } = extract(page, 'div', {
      outer: 'section a',
      list: 'a, .on a',
      own: '> a',
      deep: ['div a'],
    });
    expect(records).toEqual([{ list: ['1'], own: ['1'] }]);
  });

  it('reads what stands beside the record', () => {
    const page =
      '<table><tr class="head"><td>T1</td></tr><tr><td class="s">5</td></tr><tr class="head"><td>T2</td></tr></table>';
    expect(
      extract(page, 'tr.head', { title: 'td', score: '+ tr .s', same: ':scope + tr .s' }).records,
    ).toEqual([{ title: ['T1'], score: ['5'], same: ['5'] }, { title: ['T2'] }]);
  });

  it('reads two records with the same selector each by itself', () => {
    const page = '<p><b>1</b></p><p><b>2</b><i>x</i></p><p><b>3</b></p>';
    expect(extract(page, 'p', { n: 'b', has: ':scope > b:has(+ i)' }).records).toEqual([
      { n: ['1'] },
      { n: ['2'], has: ['2'] },
      { n: ['3'] },
    ]);
  });

  it('takes no name of JavaScript for an attribute or a value', () => {
    const { records } = extract('<p>x</p>', 'p', { constructor: '@constructor', toString: 'b' });
    expect(records).toEqual([{}]);
  });

  it.each([
    ['<base href="https://cdn.example/x/">', 'https://cdn.example/x/'],
    ['<base href="../up/">', 'https://shop.example/up/'],
    ['<base target="_blank"><base href="/first/"><base href="/second/">', 'https://shop.example/first/'],
    ['<base href="http://[">', 'https://shop.example/list/'],
    ['', 'https://shop.example/list/'],
  ])('finds the base URL of %s', (head, expected) => {
    expect(extract(`<head>${head}</head><p>`, 'p', { a: '.' }).baseUrl).toBe(expected);
  });

  it.each([
    ['.next@href', '?page=2'],
    ['.next', '?page=2'],
    ['nav .next@href', '?page=2'],
    ['p + nav > a.next@href', '?page=2'],
    ['link[rel=next]@href', '/from-head'],
    ['.missing', undefined],
    ['b', '?page=3'],
  ])('finds the next page by %s', (next, expected) => {
    const page =
      '<head><link rel="next" href="/from-head"></head><p>x</p><nav><a class="next" href=" ?page=2 ">Next</a></nav><b>?page=3</b>';
    expect(extract(page, 'p', { a: '.' }, { pagination: { next, limit: 5 } }).next).toBe(expected);
  });

  it('reads pages that nest deeper than calls may', () => {
    const depth = 20_000;
    const page = `<div class="r">${'<div>'.repeat(depth)}deep${'</div>'.repeat(depth)}</div>`;
    expect(extract(page, '.r', { all: '.' }).records).toEqual([{ all: ['deep'] }]);
  });

  it('refuses pages that nest so deeply that they would hold all else up', () => {
    const page = `<div class="r">${'<div>'.repeat(100_000)}deep`;
    expect(() => extract(page, '.r', { all: '.' })).toThrow('nested more than 30000 levels deep');
  });
});
