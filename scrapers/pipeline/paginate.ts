import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Extractor } from '../extractors/extractor.ts';
import type { Fetcher } from '../fetchers/fetcher.ts';
import { RunFailure } from '../run-failure.ts';
import { type ExtractedPage, extractPage } from './extract.ts';

/** What reads the pages of a source. */
export interface PageReader {
  readonly fetcher: Fetcher;
  readonly extractor: Extractor;
  /** For the selectors, on one page. */
  readonly extractTimeoutMs: number;
}

/**
 * Reads a source's pages one after the other, each when the one before has been dealt with. Ends with the page
 * that leads to no other, or back to one already read, or with the limit.
 *
 * @throws {RunFailure} At the first page that cannot be read.
 */
export async function* readPages(
  spec: Pick<SourceSpec, 'url' | 'format' | 'pagination'>,
  { fetcher, extractor, extractTimeoutMs }: PageReader,
  signal: AbortSignal,
): AsyncGenerator<ExtractedPage, void, void> {
  const visited = new Set<string>();
  const limit = spec.pagination?.limit ?? 1;
  let url: string | undefined = spec.url;
  for (let count = 0; count < limit && url !== undefined; count++) {
    visited.add(identity(url));
    const fetched = await fetcher.fetch({ url, format: spec.format }, signal);
    // Asked for a page behind the last, many sites lead back to one that has been read.
    if (count > 0 && fetched.url !== url && visited.has(identity(fetched.url))) return;
    visited.add(identity(fetched.url));
    const page = extractPage(extractor, fetched, extractTimeoutMs);
    yield page;
    const next: string | undefined = nextUrl(page);
    url = next === undefined || visited.has(identity(next)) ? undefined : next;
  }
}

/** @throws {RunFailure} There is a next page, and it is nowhere. */
function nextUrl({ next, baseUrl, url: pageUrl }: ExtractedPage): string | undefined {
  // How a link to nowhere is written, on the last page of many a site.
  if (next === undefined || /^javascript:/i.test(next)) return undefined;
  const url = URL.canParse(next, baseUrl) ? new URL(next, baseUrl) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  const message = `pagination.next finds "${next.slice(0, 100)}", which is no URL of a page.`;
  throw new RunFailure('BAD_CONTENT', message, { url: pageUrl });
}

/** Pages are the same whatever part of them a link points at. */
function identity(url: string): string {
  return url.replace(/#.*$/s, '');
}
