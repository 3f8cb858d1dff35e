import type { FieldValue } from '../../platform/model/record.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Page } from '../fetchers/fetcher.ts';

/**
 * What the selectors of a record found, by field: of a list all values in order, else the first. A field
 * in which nothing was found is left out; what is there says something (it is not empty). Without a
 * prototype, since fields may have any name.
 */
export type RawRecord = Readonly<Record<string, readonly FieldValue[]>>;

export interface Extraction {
  /** Made as they are asked for. */
  readonly records: Iterable<RawRecord>;
  /** What relative URLs are relative to. */
  readonly baseUrl: string;
  /** The next page's URL as it stands on the page; undefined where there is none. */
  readonly next: string | undefined;
}

/** Finds records on a page of one format by the selectors of one source. */
export interface Extractor {
  /** @throws {RunFailure} BAD_CONTENT where the page is not of the format. */
  extract(page: Page): Extraction;
}

/** Compiles a source's selectors. @throws {Error} One of them does not compile. */
export type CreateExtractor = (spec: Pick<SourceSpec, 'records' | 'fields' | 'pagination'>) => Extractor;
