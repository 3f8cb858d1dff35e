import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Extraction, Extractor } from '../extractors/extractor.ts';
import type { Fetcher, Page } from '../fetchers/fetcher.ts';
import { RunFailure } from '../run-failure.ts';

export interface ReadPage {
  readonly page: Page;
  readonly extraction: Extraction;
}

/**
 * Reads a source's pages one after the other, each when the one before has been dealt with. Ends with the page
 * that leads to no other, or back to one already read, or with the limit.
 *
 * @throws {RunFailure} At the first page that cannot be read.
 */
export async function* readPages(
  spec: Pick<SourceSpec, 'url' | 'format' | 'pagination'>,
  { fetcher, extractor }: { fetcher: Fetcher; extractor: Extractor },
  signal: AbortSignal,
): AsyncGenerator<ReadPage, void, void> {
  const visited = new Set<string>();
  const limit = spec.pagination?.limit ?? 1;
  let url: string | undefined = spec.url;
  for (let count = 0; count < limit && url !== undefined; count++) {
    visited.add(identity(url));
    const page: Page = await fetcher.fetch({ url, format: spec.format }, signal);
    visited.add(identity(page.url));
    const extraction = extractor.extract(page);
    yield { page, extraction };
    const next = nextUrl(extraction, page);
    url = next === undefined || visited.has(identity(next)) ? undefined : next;
  }
}

/** @throws {RunFailure} There is a next page, and it is nowhere. */
function nextUrl({ next, baseUrl }: Extraction, page: Page): string | undefined {
  // How a link to nowhere is written, on the last page of many a site.
  if (next === undefined || /^javascript:/i.test(next)) return undefined;
  const url = URL.canParse(next, baseUrl) ? new URL(next, baseUrl) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  const message = `pagination.next finds "${next.slice(0, 100)}", which is no URL of a page.`;
  throw new RunFailure('BAD_CONTENT', message, { url: page.url });
}

/** Pages are the same whatever part of them a link points at. */
function identity(url: string): string {
  return url.replace(/#.*$/s, '');
}
