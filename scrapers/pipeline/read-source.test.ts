import { describe, expect, it } from 'vitest';
import { shopPage } from '../../test/unit/scrapers/fixture-site.ts';
import { field, shopSpec } from '../../test/unit/scrapers/specs.ts';
import { ExtractorCache } from '../extractors/open.ts';
import { RunFailure } from '../run-failure.ts';
import { CHUNK_RECORDS_MAX, type RecordChunk, readSource } from './read-source.ts';
import { RunTally } from './tally.ts';

const SITE = 'https://shop.example/';
const items = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ title: `Item ${from + index}` }));

async function read(
  pages: Readonly<Record<string, string | Error>>,
  rest: Parameters<typeof shopSpec>[1] = {},
  wants: (chunk: RecordChunk) => boolean = () => true,
) {
  const spec = shopSpec(SITE, { pagination: { next: '.next', limit: 10 }, ...rest });
  const chunks: RecordChunk[] = [];
  const fetched: string[] = [];
  const tally = new RunTally();
  const fetcher = {
    async fetch({ url }: { url: string }) {
      fetched.push(url);
      const page = pages[url.slice(SITE.length)];
      if (page instanceof Error || page === undefined) throw page ?? new Error(`no page ${url}`);
      return { url, text: page, bytes: page.length };
    },
    close() {},
  };
  const sink = {
    async take(chunk: RecordChunk) {
      chunks.push(chunk);
      return wants(chunk);
    },
  };
  const extractor = await new ExtractorCache().get(spec);
  const failure = await readSource(
    spec,
    { fetcher, extractor, extractTimeoutMs: 10_000, sink, tally },
    new AbortController().signal,
  );
  return { failure, chunks, fetched, tally };
}

describe('readSource', () => {
  it('hands on page by page, in chunks that a batch may have', async () => {
    const { chunks, tally } = await read({
      '': shopPage(items(CHUNK_RECORDS_MAX + 1), '/2'),
      '2': shopPage(items(3, 1_000)),
    });
    expect(chunks.map(({ records }) => records.length)).toEqual([CHUNK_RECORDS_MAX, 1, 3]);
    expect(tally).toMatchObject({ pages: 2, records: CHUNK_RECORDS_MAX + 4 });
  });

  it('hands on what it read before a page that fails', async () => {
    const gone = new RunFailure('HTTP_STATUS', 'gone');
    const { failure, chunks } = await read({ '': shopPage(items(2), '/2'), '2': gone });
    expect(failure).toBe(gone);
    expect(chunks).toHaveLength(1);
  });

  it('does not take a later page of HTML without records for the end of the list', async () => {
    const { failure } = await read({ '': shopPage(items(2), '/2'), '2': '<p>Try again later</p>' });
    expect(failure).toMatchObject({ code: 'RESULT_EMPTY', url: `${SITE}2` });
  });

  it('takes an empty list of JSON for its end', async () => {
    const page = (list: unknown[], next?: string) => JSON.stringify({ list, next });
    const { failure, tally } = await read(
      { '': page([{ title: 'Anvil' }], '/2'), '2': page([]) },
      {
        format: 'JSON',
        records: '$.list[*]',
        fields: [field('title', 'title')],
        pagination: { next: 'next', limit: 5 },
      },
    );
    expect(failure).toBeUndefined();
    expect(tally).toMatchObject({ pages: 2, records: 1 });
  });

  it('reads no further when no more is wanted', async () => {
    const { fetched } = await read({ '': shopPage(items(2), '/2') }, {}, () => false);
    expect(fetched).toEqual([SITE]);
  });

  it('hands on the keys of unfit records without the records', async () => {
    const fields = [field('title', 'a'), field('price', '.price', { type: 'DECIMAL', required: true })];
    const { chunks } = await read({ '': shopPage([{ title: 'Anvil' }, { title: 'Bell' }]) }, { fields });
    expect(chunks).toEqual([{ records: [], seenKeys: ['Anvil', 'Bell'] }]);
  });

  it('passes on what is not the source’s fault', async () => {
    await expect(read({ '': new TypeError('a bug') })).rejects.toThrow('a bug');
  });
});
