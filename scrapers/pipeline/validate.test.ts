import { describe, expect, it } from 'vitest';
import { KEY_LENGTH_MAX } from '../../platform/model/entry.ts';
import { QUARANTINED_RECORDS_MAX, RAW_VALUE_LENGTH_MAX } from '../../platform/model/run.ts';
import type { FieldSpec } from '../../platform/model/source-spec.ts';
import type { RawRecord } from '../extractors/extractor.ts';
import { RunTally } from './tally.ts';
import { LIST_LENGTH_MAX, type UnfitRecord, validate } from './validate.ts';

const field = (name: string, rest: Partial<FieldSpec> = {}): FieldSpec => ({
  name,
  select: `.${name}`,
  type: 'STRING',
  list: false,
  merge: 'LATEST',
  required: false,
  ...rest,
});

const SPEC = {
  fields: [
    field('title'),
    field('price', { type: 'DECIMAL', required: true }),
    field('stock', { type: 'INT' }),
    field('sizes', { type: 'INT', list: true }),
  ],
  key: ['title'],
};
const BASE = 'https://shop.example/';

describe('validate', () => {
  it('gives values their types, and leaves out what is not there', () => {
    expect(validate({ title: ['Anvil'], price: ['£5.50'], sizes: ['1', '2'] }, SPEC, BASE)).toMatchObject({
      kind: 'valid',
      record: { key: 'Anvil', fields: { title: 'Anvil', price: '5.50', sizes: [1, 2] } },
      misses: [{ field: 'stock', kind: 'missing' }],
    });
  });

  it('leaves out an optional value that cannot be read, with a sample', () => {
    const raw = { title: ['Anvil'], price: ['5'], stock: ['plenty'], sizes: ['1', 'large', '3'] };
    expect(validate(raw, SPEC, BASE)).toMatchObject({
      kind: 'valid',
      record: { fields: { title: 'Anvil', price: '5', sizes: [1, 3] } },
      misses: [
        { field: 'stock', kind: 'invalid', sample: 'plenty' },
        { field: 'sizes', kind: 'invalid', sample: ['1', 'large', '3'] },
      ],
    });
  });

  it.each<[string, RawRecord, Partial<UnfitRecord>]>([
    [
      'a required value is missing',
      { title: ['Anvil'] },
      { key: 'Anvil', field: 'price', reason: '".price" finds nothing.' },
    ],
    [
      'a required value cannot be read',
      { title: ['Anvil'], price: ['on request'] },
      { key: 'Anvil', field: 'price', reason: 'What ".price" finds cannot be read as DECIMAL.' },
    ],
    [
      'the key is missing',
      { price: ['5'] },
      { key: undefined, field: 'title', reason: 'The key needs it. ".title" finds nothing.' },
    ],
    [
      'the key is too long',
      { title: ['x'.repeat(KEY_LENGTH_MAX + 1)], price: ['5'] },
      { key: undefined, field: 'title', reason: 'Its key is empty or too long.' },
    ],
  ])('finds a record unfit where %s', (_, raw, expected) => {
    expect(validate(raw, SPEC, BASE)).toMatchObject({ kind: 'unfit', ...expected });
  });

  it('finds a record unfit that would not fit into a batch', () => {
    const spec = { fields: [field('title'), field('texts', { list: true })], key: ['title'] };
    const texts = Array.from({ length: 20 }, () => 'x'.repeat(99_000));
    expect(validate({ title: ['Anvil'], texts }, spec, BASE)).toMatchObject({ kind: 'unfit', key: 'Anvil' });
  });

  it('bounds lists', () => {
    const spec = { fields: [field('title'), field('n', { list: true })], key: ['title'] };
    const n = Array.from({ length: LIST_LENGTH_MAX + 5 }, String);
    const result = validate({ title: ['Anvil'], n }, spec, BASE);
    expect(result.kind === 'valid' && result.record.fields.n).toHaveLength(LIST_LENGTH_MAX);
    expect(result.misses).toMatchObject([{ field: 'n', kind: 'invalid' }]);
  });

  it('makes a key of several fields', () => {
    const spec = { fields: [field('a'), field('n', { type: 'INT' })], key: ['a', 'n'] };
    expect(validate({ a: ['x'], n: ['7'] }, spec, BASE)).toMatchObject({ record: { key: '["x","7"]' } });
  });
});

describe('RunTally', () => {
  const page = { url: `${BASE}1`, text: '', bytes: 100 };

  it('keeps the first quarantined records only, cut short, and counts them all', () => {
    const tally = new RunTally();
    tally.addPage(page);
    const raw = { title: ['x'.repeat(1_000)], sizes: ['1', '2'] };
    const unfit: UnfitRecord = { kind: 'unfit', key: undefined, field: 'price', reason: 'no', misses: [] };
    for (let count = 0; count < 50; count++) tally.addUnfit(unfit, raw, page);
    const report = tally.report('FAILED', null);
    expect(report).toMatchObject({ pages: 1, bytes: 100, quarantined: 50 });
    expect(tally.keyless).toBe(50);
    expect(report.quarantinedRecords).toHaveLength(QUARANTINED_RECORDS_MAX);
    expect(report.quarantinedRecords[0]).toMatchObject({
      page: page.url,
      field: 'price',
      raw: { sizes: '["1","2"]' },
    });
    expect(report.quarantinedRecords[0]?.raw?.title).toHaveLength(RAW_VALUE_LENGTH_MAX);
  });

  it('counts what fields miss, with one sample of what could not be read', () => {
    const tally = new RunTally();
    tally.addRecord([{ field: 'price', kind: 'missing' }]);
    tally.addRecord([{ field: 'price', kind: 'invalid', sample: 'free' }]);
    tally.addRecord([{ field: 'price', kind: 'invalid', sample: 'gratis' }]);
    expect(tally.report('SUCCEEDED', null).misses).toEqual([
      { field: 'price', missing: 1, invalid: 2, sample: 'free' },
    ]);
  });
});
