import { compareCodePoints } from '../../../platform/model/code-points.ts';
import type { AggregatedType, FieldScalar } from '../../../platform/model/field-type.ts';
import type { FieldValue, FieldValues } from '../../../platform/model/record.ts';
import { decimalOrder } from './decimal-order.ts';

/** GraphQL's Int. */
const INT_MAX = 2 ** 31 - 1;
const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** Halves of characters, which UTF-8, and so SQLite, cannot say. */
const LONE_SURROGATES = /\p{Surrogate}/gu;
/** Of `2026-11-20T08:00:00.000Z`: years beyond four digits would not sort. */
const INSTANT_LENGTH = 24;

/** What an entry says of a field: names such as `constructor` are fields like others. */
export function fieldValue(fields: FieldValues, name: string): FieldValue | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/**
 * The value as its field's type has it: strings well-formed, instants in UTC with milliseconds, of lists those
 * elements that fit. The value itself, where it is in that form already.
 *
 * @returns null where it does not fit: a field may have had another type when the value was read.
 */
export function fitValue(type: AggregatedType, raw: FieldValue | undefined): FieldValue {
  if (raw === null || raw === undefined) return null;
  if (!type.list) return fitScalar(type.scalar, raw);
  if (!Array.isArray(raw)) return null;
  const elements = raw as readonly FieldValue[];
  const fitted = elements.map((element) => fitScalar(type.scalar, element));
  if (fitted.every((element, index) => element !== null && element === elements[index])) return raw;
  return fitted.filter((element) => element !== null);
}

function fitScalar(scalar: FieldScalar, raw: FieldValue): FieldValue {
  switch (scalar) {
    case 'JSON':
      return raw;
    case 'Boolean':
      return typeof raw === 'boolean' ? raw : null;
    case 'Int':
      return Number.isInteger(raw) && Math.abs(raw as number) <= INT_MAX ? raw : null;
    case 'Float':
      return Number.isFinite(raw) ? raw : null;
    default:
      return typeof raw === 'string' ? fitText(scalar, raw) : null;
  }
}

function fitText(scalar: 'String' | 'Decimal' | 'DateTime' | 'URL', raw: string): string | null {
  switch (scalar) {
    case 'String':
      return storableText(raw);
    case 'Decimal':
      return decimalOrder(raw) === undefined ? null : raw;
    case 'DateTime':
      return canonicalInstant(raw) ?? null;
    case 'URL':
      return storableText(raw) === raw && URL.canParse(raw) ? raw : null;
  }
}

/** The text with the replacement character for what SQLite cannot keep: lone surrogates, and NUL, which ends a text. */
export function storableText(text: string): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
  return whole.replace(LONE_SURROGATES, '\ufffd');
}

/**
 * An RFC 3339 instant in UTC with milliseconds (finer digits are cut), in which form instants sort as text.
 *
 * @returns undefined for anything else, February 30th included.
 */
export function canonicalInstant(text: string): string | undefined {
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  if (day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) return undefined;
  const ms = Date.parse(text.toUpperCase());
  const canonical = Number.isNaN(ms) ? '' : new Date(ms).toISOString();
  return canonical.length === INSTANT_LENGTH ? canonical : undefined;
}

/** What a value is compared and sorted by, in SQL and in memory alike: booleans as 0 and 1, decimals by `decimalOrder`. */
export type Comparable = string | number;

/** @param value A fitted scalar: an element where the field is a list. */
export function comparable(scalar: FieldScalar, value: FieldValue): Comparable {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (scalar === 'Decimal') return decimalOrder(value as string) ?? '';
  return value as Comparable;
}

/** Numbers by value, texts by code point: SQLite's BINARY order. Both of one field, so of one kind. */
export function compare(a: Comparable, b: Comparable): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b);
  return compareCodePoints(a, b);
}
