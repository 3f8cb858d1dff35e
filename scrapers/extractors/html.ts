import type { AnyNode, Document, Element } from 'domhandler';
import type { FieldSpec } from '../../platform/model/source-spec.ts';
import type { CreateExtractor, RawRecord } from './extractor.ts';
import { compileHtmlSelector, compileRecordSelector, type HtmlSelector } from './html-selector.ts';
import { attribute, partOf } from './html-text.ts';
import { parseHtml } from './parse-html.ts';

interface Field {
  readonly name: string;
  readonly list: boolean;
  readonly selector: HtmlSelector;
}

/** Finds records on HTML pages by CSS selectors. */
export const createHtmlExtractor: CreateExtractor = (spec) => {
  const selectRecords = compileRecordSelector(spec.records);
  const fields = spec.fields.map(compileField);
  const next = spec.pagination && compileHtmlSelector(spec.pagination.next);
  return {
    extract(page) {
      const document = parseHtml(page.text);
      const elements = selectRecords(document);
      return {
        records: readRecords(elements, fields),
        baseUrl: baseUrl(document, page.url),
        next: next && nextUrl(next, document),
      };
    },
  };
};

function compileField({ name, list, select }: FieldSpec): Field {
  return { name, list, selector: compileHtmlSelector(select) };
}

function* readRecords(elements: readonly Element[], fields: readonly Field[]): Iterable<RawRecord> {
  for (const element of elements) yield readRecord(element, fields);
}

function readRecord(element: Element, fields: readonly Field[]): RawRecord {
  const record: Record<string, readonly string[]> = Object.create(null);
  for (const { name, list, selector } of fields) {
    const values = list ? allValues(selector, element) : firstValue(selector, element);
    if (values.length > 0) record[name] = values;
  }
  return record;
}

function allValues({ all, part }: HtmlSelector, scope: AnyNode): string[] {
  return all(scope).flatMap((element) => partOf(element, part) ?? []);
}

/** Of the first match that has one. */
function firstValue({ all, first, part }: HtmlSelector, scope: AnyNode): string[] {
  const element = first(scope);
  if (!element) return [];
  const value = partOf(element, part);
  if (value !== undefined) return [value];
  for (const other of all(scope)) {
    const otherValue = partOf(other, part);
    if (otherValue !== undefined) return [otherValue];
  }
  return [];
}

/** A link's address also where the selector names no attribute. */
function nextUrl(selector: HtmlSelector, document: Document): string | undefined {
  const [value] = firstValue(selector, document);
  if (selector.part.kind !== 'text') return value;
  const link = selector.first(document);
  return (link && attribute(link, 'href')) ?? value;
}

const BASE = compileHtmlSelector('base[href]');

/** @see https://html.spec.whatwg.org/multipage/semantics.html#the-base-element */
function baseUrl(document: Document, pageUrl: string): string {
  const href = BASE.first(document)?.attribs.href;
  return href !== undefined && URL.canParse(href, pageUrl) ? new URL(href, pageUrl).href : pageUrl;
}
