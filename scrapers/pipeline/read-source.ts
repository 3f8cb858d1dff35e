import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DataRecord } from '../../platform/model/record.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import { RunFailure } from '../run-failure.ts';
import type { ExtractedPage } from './extract.ts';
import { type PageReader, readPages } from './paginate.ts';
import type { RunTally } from './tally.ts';
import { validate } from './validate.ts';

/** What of a source is handed on together. */
export interface RecordChunk {
  readonly records: readonly DataRecord[];
  /** Keys of entries that were seen in records that are not fit to deliver. */
  readonly seenKeys: readonly string[];
}

/** Where records go: to datasource, or to who asked for a preview. */
export interface RecordSink {
  /** Resolves when the chunk is taken; the next is read no sooner. @returns Whether more is wanted. */
  take(chunk: RecordChunk): Promise<boolean>;
}

/** Records of a chunk: what datasource takes well at once. */
export const CHUNK_RECORDS_MAX = 500;
/** JSON of a chunk, in UTF-16 code units: at the most 12 MiB as UTF-8, which fits into a request. */
const CHUNK_LENGTH_MAX = 4_000_000;

/**
 * Reads a source from its first page to its last: fetch, extract, validate, hand on. One page and one chunk are
 * in memory at a time.
 *
 * @returns What ended the reading early; undefined where all was read that there is.
 * @throws The signal's reason, or what the sink throws.
 */
export async function readSource(
  spec: SourceSpec,
  deps: PageReader & { readonly sink: RecordSink; readonly tally: RunTally },
  signal: AbortSignal,
): Promise<RunFailure | undefined> {
  const { sink, tally } = deps;
  const pages = readPages(spec, deps, signal);
  for (;;) {
    let step: IteratorResult<ExtractedPage, void>;
    try {
      step = await pages.next();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RunFailure) return error;
      throw error;
    }
    if (step.done) return undefined;
    const page = step.value;
    tally.addPage(page);
    const foundBefore = tally.records + tally.quarantined;
    for (const chunk of chunksOf(page, spec, tally)) {
      signal.throwIfAborted();
      if (chunk.records.length + chunk.seenKeys.length === 0) await nextTurn();
      else if (!(await sink.take(chunk))) return undefined;
    }
    const isEmpty = tally.records + tally.quarantined === foundBefore;
    if (isEmpty && foundBefore > 0 && spec.format === 'HTML') return emptyPage(page.url);
  }
}

/** A chunk may be empty: between two, the worker looks after its other sources. */
function* chunksOf(page: ExtractedPage, spec: SourceSpec, tally: RunTally): Iterable<RecordChunk> {
  let records: DataRecord[] = [];
  let seenKeys: string[] = [];
  let length = 0;
  let count = 0;
  for (const raw of page.records) {
    const result = validate(raw, spec, page.baseUrl);
    if (result.kind === 'unfit') {
      tally.addUnfit(result, raw, page);
      if (result.key !== undefined) seenKeys.push(result.key);
    } else {
      tally.addRecord(result.misses);
      records.push(result.record);
      length += result.length;
    }
    if (++count >= CHUNK_RECORDS_MAX || length >= CHUNK_LENGTH_MAX) {
      yield { records, seenKeys };
      count = 0;
      records = [];
      seenKeys = [];
      length = 0;
    }
  }
  if (records.length + seenKeys.length > 0) yield { records, seenKeys };
}

/**
 * A later page of HTML without records is not taken for the end of the list: it may as well be a page that says
 * "try again later". A JSON document says itself that a list is empty.
 */
function emptyPage(url: string): RunFailure {
  return new RunFailure('RESULT_EMPTY', 'This page has no records, though the one before leads to it.', {
    url,
  });
}
