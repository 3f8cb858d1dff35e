import { createContext, Script } from 'node:vm';
import type { Extraction, Extractor, RawRecord } from '../extractors/extractor.ts';
import type { Page } from '../fetchers/fetcher.ts';
import { RunFailure } from '../run-failure.ts';

/** What was found on a page; the page itself is let go. */
export interface ExtractedPage extends Omit<Extraction, 'records'> {
  /** Where the page was found in the end, without credentials. */
  readonly url: string;
  /** Of the body, after decompression. */
  readonly bytes: number;
  readonly records: readonly RawRecord[];
}

/** Records of one page: a selector that finds more has caught something else. */
export const PAGE_RECORDS_MAX = 100_000;

/**
 * Finds the records of a page, all at once, so that the page's document is not kept while they are delivered.
 * Selectors and patterns can be written that take hours on the right page: the worker and its other sources would
 * stand still so long, so they are stopped.
 *
 * @throws {RunFailure} TOO_SLOW, TOO_LARGE, BAD_CONTENT; with the page's URL.
 */
export function extractPage(extractor: Extractor, page: Page, timeoutMs: number): ExtractedPage {
  const { url, bytes } = page;
  try {
    return withinTime(timeoutMs, () => {
      const { records, baseUrl, next } = extractor.extract(page);
      return { url, bytes, baseUrl, next, records: collect(records) };
    });
  } catch (error) {
    if (error instanceof RunFailure) {
      throw new RunFailure(error.code, error.message, { url, limit: error.limit, cause: error });
    }
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const limit = 'EXTRACT_TIMEOUT';
    const message = `The selectors take longer than ${timeoutMs / 1_000} seconds on this page, the limit ${limit}.`;
    throw new RunFailure('TOO_SLOW', message, { url, limit });
  }
}

function collect(records: Iterable<RawRecord>): readonly RawRecord[] {
  const collected: RawRecord[] = [];
  for (const record of records) {
    if (collected.push(record) <= PAGE_RECORDS_MAX) continue;
    throw new RunFailure(
      'TOO_LARGE',
      `The selector of "records" finds more than ${PAGE_RECORDS_MAX} on a page.`,
      { limit: 'PAGE_RECORDS_MAX' },
    );
  }
  return collected;
}

const sandbox = createContext({ work: undefined as (() => void) | undefined });
const call = new Script('work()');

/** V8 stops what a script calls when its time is up, also in the middle of a regular expression. */
function withinTime<T>(timeoutMs: number, work: () => T): T {
  let result: T | undefined;
  sandbox.work = () => {
    result = work();
  };
  try {
    call.runInContext(sandbox, { timeout: timeoutMs });
  } finally {
    sandbox.work = undefined;
  }
  return result as T;
}
