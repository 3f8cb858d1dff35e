import type { JsonValue } from 'jsonpath-rfc9535';
import type { FieldValue } from '../../platform/model/record.ts';
import type { FieldSpec } from '../../platform/model/source-spec.ts';
import { RunFailure } from '../run-failure.ts';
import type { CreateExtractor, RawRecord } from './extractor.ts';
import { compileJsonPath, type JsonPath } from './json-path.ts';

interface Field {
  readonly name: string;
  readonly list: boolean;
  readonly path: JsonPath;
}

/** Finds records in JSON documents by JSONPath; fields are sought from the record, "$" being the record itself. */
export const createJsonExtractor: CreateExtractor = (spec) => {
  const selectRecords = compileJsonPath(spec.records);
  const fields = spec.fields.map(compileField);
  const next = spec.pagination && compileJsonPath(spec.pagination.next);
  return {
    extract(page) {
      const document = parseJson(page.text, page.url);
      return {
        records: readRecords(spread(selectRecords(document)), fields),
        baseUrl: page.url,
        next: next && nextUrl(next(document)),
      };
    },
  };
};

function compileField({ name, list, select }: FieldSpec): Field {
  return { name, list, path: compileJsonPath(select) };
}

function* readRecords(nodes: readonly JsonValue[], fields: readonly Field[]): Iterable<RawRecord> {
  for (const node of nodes) yield readRecord(node, fields);
}

function readRecord(node: JsonValue, fields: readonly Field[]): RawRecord {
  const record: Record<string, readonly FieldValue[]> = Object.create(null);
  for (const { name, list, path } of fields) {
    const found = path(node);
    const values = (list ? spread(found) : found).filter(saysSomething) as readonly FieldValue[];
    if (values.length > 0) record[name] = list ? values : values.slice(0, 1);
  }
  return record;
}

/** "$.items" for "$.items[*]": where a path that wants many finds one array, its elements are meant. */
function spread(nodes: readonly JsonValue[]): readonly JsonValue[] {
  const [only] = nodes;
  return nodes.length === 1 && Array.isArray(only) ? only : nodes;
}

function saysSomething(value: JsonValue): boolean {
  return value !== null && !(typeof value === 'string' && value.trim() === '');
}

function nextUrl(nodes: readonly JsonValue[]): string | undefined {
  const found = nodes.find(saysSomething);
  return typeof found === 'string' ? found.trim() : undefined;
}

/**
 * Levels of arrays and objects: many times those of any API. V8 reads a hundred thousand of them, and writes only some
 * thousands again, and what is read here is written by every service on its way.
 */
const DEPTH_MAX = 256;

function parseJson(text: string, url: string): JsonValue {
  let document: JsonValue;
  try {
    document = JSON.parse(text) as JsonValue;
  } catch (cause) {
    const message = /^\s*</.test(text)
      ? 'The site answered with a page of HTML or XML where JSON was wanted.'
      : 'The answer is not valid JSON.';
    throw new RunFailure('BAD_CONTENT', message, { url, cause });
  }
  if (!isDeeperThan(DEPTH_MAX, text)) return document;
  throw new RunFailure('TOO_LARGE', `The answer is nested more than ${DEPTH_MAX} levels deep.`, { url });
}

/** Strings are passed over, so brackets in them do not count. */
function isDeeperThan(levels: number, text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '[' || character === '{') {
      if (++depth > levels) return true;
    } else if (character === ']' || character === '}') depth--;
    else if (character === '"') at = endOfString(text, at);
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
