import type { FieldValue } from '../../platform/model/record.ts';
import type { FieldType } from '../../platform/model/source-spec.ts';
import { parseDateTime } from './datetime.ts';
import { parseDecimal } from './decimal.ts';

/** A longer text is no value of a field but a page; in UTF-16 code units. */
export const VALUE_LENGTH_MAX = 100_000;

/** GraphQL's Int has 32 bits. */
const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

/** URLs that lead somewhere; not those that carry a program or the data itself. */
const URL_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'ftp:', 'mailto:', 'tel:']);

const TRUE = /^(true|yes|y|t|1|on|✓|✔)$/i;
const FALSE = /^(false|no|n|f|0|off|✗|✘)$/i;

/**
 * The value of a field's type that a raw value says, in the type's canonical form.
 *
 * @param raw What the page or document has there; never null.
 * @param baseUrl What relative URLs are relative to.
 * @returns undefined where it says none.
 */
export function convert(raw: FieldValue, type: FieldType, baseUrl: string): FieldValue | undefined {
  if (type === 'JSON') return toJson(raw);
  if (raw === null || typeof raw === 'object') return undefined;
  if (typeof raw === 'string' && raw.length > VALUE_LENGTH_MAX) return undefined;
  switch (type) {
    case 'STRING':
      return String(raw);
    case 'INT':
      return toInt(raw);
    case 'FLOAT':
      return toFloat(raw);
    case 'DECIMAL':
      return toDecimal(raw);
    case 'BOOLEAN':
      return toBoolean(raw);
    case 'DATETIME':
      return typeof raw === 'boolean' ? undefined : parseDateTime(raw);
    case 'URL':
      return typeof raw === 'string' ? toUrl(raw, baseUrl) : undefined;
  }
}

type Plain = string | number | boolean;

function toInt(raw: Plain): number | undefined {
  const number = typeof raw === 'number' ? raw : Number(toDecimal(raw, true) ?? Number.NaN);
  return Number.isInteger(number) && number >= INT_MIN && number <= INT_MAX ? number : undefined;
}

function toFloat(raw: Plain): number | undefined {
  const number = typeof raw === 'number' ? raw : Number(toDecimal(raw) ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}

function toDecimal(raw: Plain, isWhole = false): string | undefined {
  return typeof raw === 'boolean'
    ? undefined
    : parseDecimal(String(raw), { isWhole: isWhole && typeof raw === 'string' });
}

function toBoolean(raw: Plain): boolean | undefined {
  const text = String(raw).trim();
  if (TRUE.test(text)) return true;
  return FALSE.test(text) ? false : undefined;
}

function toUrl(raw: string, baseUrl: string): string | undefined {
  if (!URL.canParse(raw.trim(), baseUrl)) return undefined;
  const url = new URL(raw.trim(), baseUrl);
  return URL_PROTOCOLS.has(url.protocol) ? url.href : undefined;
}

/** Text is read as JSON (a page's `data-…` attribute, a script); what is JSON already stays as it is. */
function toJson(raw: FieldValue): FieldValue | undefined {
  if (typeof raw !== 'string') return JSON.stringify(raw).length <= VALUE_LENGTH_MAX ? raw : undefined;
  if (raw.length > VALUE_LENGTH_MAX) return undefined;
  try {
    return JSON.parse(raw) as FieldValue;
  } catch {
    return undefined;
  }
}
