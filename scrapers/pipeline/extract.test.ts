import { describe, expect, it } from 'vitest';
import { createHtmlExtractor } from '../extractors/html.ts';
import { createJsonExtractor } from '../extractors/json.ts';
import { NODES_MAX } from '../extractors/parse-html.ts';
import { extractPage, PAGE_RECORDS_MAX } from './extract.ts';

const url = 'https://shop.example/';
const page = (text: string) => ({ url, text, bytes: text.length });
const TIMEOUT_MS = 10_000;

describe('extractPage', () => {
  it('stops a pattern that would take hours', () => {
    const records = '$[?match(@.name, "(a+)+x")]';
    const extractor = createJsonExtractor({ records, fields: [], pagination: undefined });
    const text = JSON.stringify([{ name: 'a'.repeat(60) }]);
    expect(() => extractPage(extractor, page(text), 50)).toThrowError(
      expect.objectContaining({ code: 'TOO_SLOW', url }),
    );
    // The same extractor goes on working afterwards.
    const fine = JSON.stringify([{ name: 'aax' }]);
    expect(extractPage(extractor, page(fine), TIMEOUT_MS).records).toHaveLength(1);
  });

  it('refuses a page of more elements than memory is for', () => {
    const extractor = createHtmlExtractor({ records: 'b', fields: [], pagination: undefined });
    expect(() => extractPage(extractor, page('<p>'.repeat(NODES_MAX + 1)), 60_000)).toThrowError(
      expect.objectContaining({ code: 'TOO_LARGE', url }),
    );
  });

  it('refuses a page of more records than a list has', () => {
    const extractor = createHtmlExtractor({ records: 'p', fields: [], pagination: undefined });
    expect(extractPage(extractor, page('<p>'.repeat(10)), TIMEOUT_MS).records).toHaveLength(10);
    expect(() => extractPage(extractor, page('<p>'.repeat(PAGE_RECORDS_MAX + 1)), 60_000)).toThrowError(
      expect.objectContaining({ code: 'TOO_LARGE', url }),
    );
  });

  it('passes on what the extractor throws', () => {
    const extractor = createJsonExtractor({ records: '$', fields: [], pagination: undefined });
    expect(() => extractPage(extractor, page('<html>'), TIMEOUT_MS)).toThrowError(
      expect.objectContaining({ code: 'BAD_CONTENT', url }),
    );
  });
});
