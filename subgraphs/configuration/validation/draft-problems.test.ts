import { describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../platform/network/address-guard.ts';
import type { AddSourceInput, FieldInput } from '../generated.ts';
import { draftOfInput, draftOfUpdate, specOf } from './draft.ts';
import { type DraftLimits, draftProblems } from './draft-problems.ts';
import { keyOf, keyProblems } from './field-problems.ts';

const NOW = Date.UTC(2026, 0, 1);
const limits: DraftLimits = {
  everyMsMin: 1_000,
  fieldsMax: 3,
  pagesMax: 100,
  guard: createAddressGuard(''),
};

/** What the SDL's defaults make of the shortest input. */
const good: AddSourceInput = {
  collection: 'books',
  url: 'https://example.com/books',
  every: 'PT5M',
  records: '.book',
  fields: [{ name: 'title', select: 'h2' }],
};

const fieldOf = (given: Partial<FieldInput>): Partial<AddSourceInput> => ({
  fields: [{ name: 'title', select: 'h2', ...given }],
});

function problemsOf(given: Partial<AddSourceInput>, within: Partial<DraftLimits> = {}) {
  const problems = draftProblems(draftOfInput({ ...good, ...given }), { ...limits, ...within }, NOW);
  return problems.map(({ field, code }) => `${field} ${code}`);
}

describe('a new source', () => {
  it.each<[string, Partial<AddSourceInput>]>([
    ['the shortest input', {}],
    ['a name', { name: 'Books' }],
    ['http and a port', { url: 'http://example.com:8080/?a=b#c' }],
    ['a public address', { url: 'http://93.184.216.34/' }],
    ['JSON', { format: 'JSON', records: '$.items[*]', fields: [{ name: 'title', select: '$.title' }] }],
    ['a cron line in a zone', { cron: '0 6 * * MON-FRI', timezone: 'Europe/Berlin' }],
    ['a cron line without a zone', { cron: '*/30 * * * * *' }],
    ['FOREVER', { retain: 'FOREVER' }],
    ['a duration to retain', { retain: 'P7D' }],
    ['pagination', { pagination: { next: 'a.next@href', limit: 100 } }],
    [
      'nulls for what has a default',
      { format: null, render: null, every: null, isolation: null, retain: null },
    ],
    [
      'names that only look reserved',
      {
        fields: [
          { name: 'ID', select: '.' },
          { name: '_meta', select: '.' },
        ],
      },
    ],
    ['a summed number', fieldOf({ type: 'DECIMAL', merge: 'SUM' })],
  ])('is fine with %s', (_, given) => {
    expect(problemsOf(given)).toEqual([]);
  });

  it.each<[string, Partial<AddSourceInput>]>([
    ['name REQUIRED', { name: '  ' }],
    ['name TOO_LONG', { name: 'x'.repeat(201) }],
    ['collection REQUIRED', { collection: ' ' }],
    ['collection INVALID_NAME', { collection: 'Books' }],
    ['collection INVALID_NAME', { collection: '1books' }],
    ['collection INVALID_NAME', { collection: 'b'.repeat(64) }],
    ['url REQUIRED', { url: '' }],
    ['url INVALID_URL', { url: 'example.com/books' }],
    ['url INVALID_URL', { url: 'ftp://example.com/' }],
    ['url INVALID_URL', { url: 'file:///etc/passwd' }],
    ['url INVALID_URL', { url: 'https://user:secret@example.com/' }],
    ['url INVALID_URL', { url: `https://example.com/${'x'.repeat(2_048)}` }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://127.0.0.1/' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://2130706433/' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://0x7f.1/' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://localhost:4000/' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://a.LOCALHOST./' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://[::1]/' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://[::ffff:10.0.0.1]/' }],
    ['url ADDRESS_FORBIDDEN', { url: 'http://169.254.169.254/latest/meta-data' }],
    ['format UNSUPPORTED', { format: 'XML' }],
    ['format UNSUPPORTED', { format: 'CSV' }],
    ['render UNSUPPORTED', { render: 'BROWSER' }],
    ['every INVALID_DURATION', { every: '5 minutes' }],
    ['every INVALID_DURATION', { every: '-PT5M' }],
    ['every INVALID_DURATION', { every: 'P1000Y' }],
    ['every TOO_FREQUENT', { every: 'PT0.5S' }],
    ['every SCHEDULE_CONFLICT', { every: 'PT10M', cron: '0 6 * * *' }],
    ['cron INVALID_CRON', { cron: '0 6 * *' }],
    ['cron INVALID_CRON', { cron: '0 0 30 2 *' }],
    ['cron INVALID_CRON', { cron: '@daily' }],
    ['timezone INVALID_TIMEZONE', { cron: '0 6 * * *', timezone: 'Berlin' }],
    ['timezone INVALID_TIMEZONE', { timezone: 'Europe/Berlin' }],
    ['records REQUIRED', { records: ' ' }],
    ['records INVALID_SELECTOR', { records: 'div[' }],
    ['records INVALID_SELECTOR', { records: 'a@href' }],
    ['fields REQUIRED', { fields: [] }],
    ['fields TOO_MANY', { fields: ['a', 'b', 'c', 'd'].map((name) => ({ name, select: '.' })) }],
    ['fields.0.name REQUIRED', fieldOf({ name: '' })],
    ['fields.0.name INVALID_NAME', fieldOf({ name: 'first-name' })],
    ['fields.0.name INVALID_NAME', fieldOf({ name: '1st' })],
    ['fields.0.name INVALID_NAME', fieldOf({ name: 'größe' })],
    ['fields.0.name INVALID_NAME', fieldOf({ name: '__proto__' })],
    ['fields.0.name INVALID_NAME', fieldOf({ name: 'x'.repeat(65) })],
    ...['id', 'meta', 'and', 'or', 'not'].map((name): [string, Partial<AddSourceInput>] => [
      'fields.0.name INVALID_NAME',
      fieldOf({ name }),
    ]),
    ['fields.1.name DUPLICATE', { fields: ['a', 'a'].map((name) => ({ name, select: '.' })) }],
    ['fields.0.select REQUIRED', fieldOf({ select: '' })],
    ['fields.0.select INVALID_SELECTOR', fieldOf({ select: 'h2:nonsense(' })],
    ['fields.0.merge INVALID_MERGE', fieldOf({ merge: 'SUM' })],
    ['fields.0.merge INVALID_MERGE', fieldOf({ type: 'INT', list: true, merge: 'MAX' })],
    ['fields.0.merge INVALID_MERGE', fieldOf({ type: 'BOOLEAN', merge: 'MIN' })],
    ['retain INVALID_DURATION', { retain: 'ALWAYS' }],
    ['retain INVALID_DURATION', { retain: '' }],
    ['pagination.next REQUIRED', { pagination: { next: '' } }],
    ['pagination.next INVALID_SELECTOR', { pagination: { next: 'a[' } }],
    ['pagination.limit TOO_FEW', { pagination: { next: 'a@href', limit: 0 } }],
    ['pagination.limit TOO_MANY', { pagination: { next: 'a@href', limit: 101 } }],
  ])('gets %s for %j', (expected, given) => {
    expect(problemsOf(given)).toEqual([expected]);
  });

  it('hears of everything that is wrong in one answer', () => {
    expect(
      problemsOf({
        collection: 'Books',
        url: 'nowhere',
        every: 'soon',
        records: '',
        fields: [
          { name: 'id', select: 'h2' },
          { name: 'title', select: '', merge: 'AVG' },
        ],
        retain: 'never',
        pagination: { next: '', limit: 0 },
      }),
    ).toEqual([
      'collection INVALID_NAME',
      'url INVALID_URL',
      'every INVALID_DURATION',
      'records REQUIRED',
      'fields.0.name INVALID_NAME',
      'fields.1.select REQUIRED',
      'fields.1.merge INVALID_MERGE',
      'retain INVALID_DURATION',
      'pagination.next REQUIRED',
      'pagination.limit TOO_FEW',
    ]);
  });

  it('may name an address that the operator allows', () => {
    const guard = createAddressGuard('127.0.0.0/8');
    expect(problemsOf({ url: 'http://127.0.0.1:8080/' }, { guard })).toEqual([]);
    expect(problemsOf({ url: 'http://localhost:8080/' }, { guard })).toEqual([]);
    expect(problemsOf({ url: 'http://[::1]:8080/' }, { guard })).toEqual(['url ADDRESS_FORBIDDEN']);
  });

  it('may run by cron no more often than by duration', () => {
    const within = { everyMsMin: 60_000 };
    expect(problemsOf({ cron: '*/30 * * * * *' }, within)).toEqual(['cron TOO_FREQUENT']);
    expect(problemsOf({ cron: '* * * * *' }, within)).toEqual([]);
  });

  it('says in every message what is wrong, as a sentence', () => {
    const problems = draftProblems(
      draftOfInput({ ...good, url: 'x', records: 'div[', every: '', name: '' }),
      limits,
      NOW,
    );
    for (const { message } of problems) expect(message).toMatch(/^.{15,}\.$/s);
  });
});

describe('a key', () => {
  const fields = draftOfInput({
    ...good,
    fields: [
      { name: 'title', select: 'h2' },
      { name: 'links', select: 'a@href', type: 'URL', list: true },
      { name: 'url', select: 'a@href', type: 'URL' },
      { name: 'raw', select: '.', type: 'JSON' },
      { name: 'price', select: 'b', type: 'DECIMAL' },
      { name: 'rating', select: 'i', type: 'FLOAT' },
    ],
  }).fields;

  it('is the given one, else the collection’s, else the first URL field, else the first field', () => {
    expect(keyOf(['raw'], fields, ['title'])).toEqual(['raw']);
    expect(keyOf(null, fields, ['title'])).toEqual(['title']);
    expect(keyOf(null, fields, undefined)).toEqual(['url']);
    expect(keyOf(null, fields.slice(0, 2), undefined)).toEqual(['title']);
    expect(keyOf(null, [], undefined)).toEqual([]);
  });

  it.each<[string[], string[]]>([
    [['title'], []],
    [['title', 'url'], []],
    [[], ['key REQUIRED']],
    [['isbn'], ['key.0 KEY_UNKNOWN']],
    [['title', 'isbn'], ['key.1 KEY_UNKNOWN']],
    [['title', 'title'], ['key.1 DUPLICATE']],
    [['links'], ['key.0 INVALID_TYPE']],
    [['raw'], ['key.0 INVALID_TYPE']],
    [['title', 'price'], ['key.1 INVALID_TYPE']],
    [['rating'], ['key.0 INVALID_TYPE']],
    [['title', 'title', 'title', 'title', 'title', 'title', 'title'], ['key TOO_MANY']],
  ])('%j gets %j', (key, expected) => {
    expect(keyProblems(key, fields, true).map(({ field, code }) => `${field} ${code}`)).toEqual(expected);
  });

  it('that was not given is blamed on no name of the caller’s', () => {
    expect(keyProblems(['isbn'], fields, false)).toMatchObject([{ field: 'key', code: 'KEY_UNKNOWN' }]);
    expect(keyProblems([], [], false)).toEqual([]);
  });
});

describe('a spec', () => {
  it('is called by the URL’s host and path where it has no name', () => {
    const nameOf = (url: string) => specOf(draftOfInput({ ...good, url }), 's1', ['title']).name;
    expect(nameOf('https://example.com:8443/a/b?c=d')).toBe('example.com:8443/a/b');
    expect(nameOf('https://example.com/')).toBe('example.com');
    expect(nameOf(`https://example.com/${'x'.repeat(500)}`)).toHaveLength(200);
  });

  it('has every default', () => {
    expect(specOf(draftOfInput(good), 's1', ['title'])).toEqual({
      id: 's1',
      name: 'example.com/books',
      collection: 'books',
      url: 'https://example.com/books',
      format: 'HTML',
      render: 'HTTP',
      schedule: { every: 'PT5M' },
      records: '.book',
      fields: [
        { name: 'title', select: 'h2', type: 'STRING', list: false, merge: 'LATEST', required: false },
      ],
      key: ['title'],
      retain: 'LATEST_RUN',
      isolation: 'SHARED',
    });
  });

  const spec = specOf(draftOfInput({ ...good, pagination: { next: 'a@href' } }), 's1', ['title']);
  const cronSpec = specOf(draftOfInput({ ...good, cron: '0 6 * * *', timezone: 'Asia/Tokyo' }), 's1', [
    'title',
  ]);
  const updated = (before: typeof spec, input: Parameters<typeof draftOfUpdate>[1]) =>
    specOf(draftOfUpdate(before, input), 's1', before.key);

  it('stays as it is where an update leaves things out', () => {
    expect(updated(spec, {})).toEqual(spec);
    expect(updated(cronSpec, {})).toEqual(cronSpec);
    expect(updated(spec, { url: null, format: null, every: null, cron: null, fields: null })).toEqual(spec);
  });

  it('loses by null its pagination, and its own name', () => {
    expect(updated({ ...spec, name: 'Mine' }, { pagination: null, name: null })).toEqual({
      ...spec,
      name: 'example.com/books',
      pagination: undefined,
    });
  });

  it.each([
    ['from every to cron', spec, { cron: '0 7 * * *' }, { cron: '0 7 * * *', timezone: 'UTC' }],
    ['from cron to every', cronSpec, { every: 'PT1H' }, { every: 'PT1H' }],
    ['from cron to the default of every', cronSpec, { every: 'PT5M' }, { every: 'PT5M' }],
    [
      'to another line of its zone',
      cronSpec,
      { cron: '0 7 * * *' },
      { cron: '0 7 * * *', timezone: 'Asia/Tokyo' },
    ],
    ['to another zone', cronSpec, { timezone: 'UTC' }, { cron: '0 6 * * *', timezone: 'UTC' }],
  ])('goes %s', (_, before, input, schedule) => {
    expect(updated(before, input).schedule).toEqual(schedule);
  });

  it('cannot be given both schedules, nor a zone without cron', () => {
    const codes = (input: Parameters<typeof draftOfUpdate>[1]) =>
      draftProblems(draftOfUpdate(spec, input), limits, NOW).map(({ code }) => code);
    expect(codes({ every: 'PT5M', cron: '0 6 * * *' })).toEqual(['SCHEDULE_CONFLICT']);
    expect(codes({ timezone: 'UTC' })).toEqual(['INVALID_TIMEZONE']);
  });
});
