import { describe, expect, it } from 'vitest';
import type { Extractor } from '../extractors/extractor.ts';
import type { Fetcher } from '../fetchers/fetcher.ts';
import { RunFailure } from '../run-failure.ts';
import { readPages } from './paginate.ts';

const SITE = 'https://shop.example/';

/** Pages by path, each with what stands on it as the way to the next. */
async function read(next: Readonly<Record<string, string | undefined>>, limit = 100): Promise<string[]> {
  const fetcher: Fetcher = {
    async fetch({ url }) {
      const path = url.slice(SITE.length);
      if (!(path in next)) throw new RunFailure('HTTP_STATUS', 'The site answered 404.', { url });
      // Asking for /moved leads back to the first page.
      return { url: path === 'moved' ? `${SITE}1` : url, text: path, bytes: path.length };
    },
    close() {},
  };
  const extractor: Extractor = {
    extract: ({ text }) => ({ records: [], baseUrl: `${SITE}base/`, next: next[text] }),
  };
  const spec = { url: `${SITE}1`, format: 'HTML' as const, pagination: { next: 'a', limit } };
  const read: string[] = [];
  for await (const { url } of readPages(
    spec,
    { fetcher, extractor, extractTimeoutMs: 10_000 },
    new AbortController().signal,
  )) {
    read.push(url.slice(SITE.length));
  }
  return read;
}

describe('readPages', () => {
  it('follows from page to page, relative to the base URL', async () => {
    expect(await read({ '1': '/2', '2': '3', 'base/3': undefined })).toEqual(['1', '2', 'base/3']);
  });

  it('stops at the limit, which is no failure', async () => {
    expect(await read({ '1': '/2', '2': '/3', '3': '/4' }, 2)).toEqual(['1', '2']);
  });

  it('reads one page where there is no pagination', async () => {
    expect(await read({ '1': '/2', '2': '/1' }, 1)).toEqual(['1']);
  });

  it.each<[string, Record<string, string>]>([
    ['the page itself', { '1': '/1' }],
    ['a part of the page itself', { '1': '/1#top' }],
    ['a page read before', { '1': '/2', '2': '/1' }],
    ['a program', { '1': 'javascript:void(0)' }],
  ])('stops where the next page is %s', async (_, next) => {
    expect(await read(next)).toEqual(Object.keys(next));
  });

  it('stops where the next page leads back to one read before, and does not read that twice', async () => {
    expect(await read({ '1': '/2', '2': '/moved', moved: '/2' })).toEqual(['1', '2']);
  });

  it.each(['http://[', 'mailto:a@b.example', 'ftp://shop.example/'])(
    'refuses to go on to %s',
    async (next) => {
      await expect(read({ '1': next })).rejects.toMatchObject({ code: 'BAD_CONTENT', url: `${SITE}1` });
    },
  );

  it('fails with the page that cannot be read', async () => {
    await expect(read({ '1': '/2' })).rejects.toMatchObject({ url: `${SITE}2` });
  });
});
