import { DateTime, type DateTimeOptions } from 'luxon';

/** What says no zone is taken for UTC: the page does not tell, and all of them alike is the least surprise. */
const OPTIONS: DateTimeOptions = { zone: 'utc', locale: 'en', setZone: false };

/**
 * How people write dates, beside the standards: the shape of one, and its format. Day and month as numbers only
 * where their order is sure. The shape is looked at first, for trying a format takes long.
 */
const DATES: readonly (readonly [RegExp, string])[] = [
  [/^\d{1,2} \p{L}{3} \d{4}$/u, 'd LLL yyyy'],
  [/^\d{1,2} \p{L}{4,9} \d{4}$/u, 'd LLLL yyyy'],
  [/^\p{L}{3} \d{1,2} \d{4}$/u, 'LLL d yyyy'],
  [/^\p{L}{4,9} \d{1,2} \d{4}$/u, 'LLLL d yyyy'],
  [/^\d{4}\/\d{1,2}\/\d{1,2}$/, 'yyyy/M/d'],
  [/^\d{4}\.\d{1,2}\.\d{1,2}$/, 'yyyy.M.d'],
  [/^\d{1,2}\.\d{1,2}\.\d{4}$/, 'd.M.yyyy'],
  [/^\d{4}年\d{1,2}月\d{1,2}日$/, 'yyyy年M月d日'],
];

const TIME = /(?:,| at| -|T)?\s*\b(?<clock>\d{1,2}:\d\d(?<seconds>:\d\d)?)(?:\s?(?<half>[ap])\.?m\.?)?$/i;

/** Below, a number counts seconds (until the year 5138); above, milliseconds (from 1973). */
const SECONDS_MAX = 100_000_000_000;

/** ISO 8601 UTC with milliseconds; undefined where the value is no instant. Longer texts are none. */
export function parseDateTime(value: string | number): string | undefined {
  if (typeof value === 'number') return fromEpoch(value);
  const text = value.trim();
  if (text.length > 100) return undefined;
  if (/^\d{9,10}$|^\d{12,13}$/.test(text)) return fromEpoch(Number(text));
  return fromStandard(text) ?? fromPhrase(text);
}

function fromEpoch(count: number): string | undefined {
  if (!Number.isFinite(count)) return undefined;
  return iso(DateTime.fromMillis(Math.round(Math.abs(count) < SECONDS_MAX ? count * 1_000 : count)));
}

function fromStandard(text: string): string | undefined {
  // A bare number would be read as a year, or as hours and minutes of today.
  if (!/^[+-]?\d{4,6}-?\d|^\p{L}{3,9},? |^\d{1,2} \p{L}{3} \d{2,4} /u.test(text)) return undefined;
  for (const parse of [DateTime.fromISO, DateTime.fromSQL, DateTime.fromRFC2822, DateTime.fromHTTP]) {
    const found = iso(parse.call(DateTime, text, OPTIONS));
    if (found) return found;
  }
  return undefined;
}

function fromPhrase(text: string): string | undefined {
  const time = TIME.exec(text);
  const date = tidyDate(time ? text.slice(0, time.index) : text);
  const format = DATES.find(([shape]) => shape.test(date))?.[1];
  if (!format) return undefined;
  const { clock, seconds, half } = time?.groups ?? {};
  if (clock === undefined) return iso(DateTime.fromFormat(date, format, OPTIONS));
  const timeFormat = `${half ? 'h' : 'H'}:mm${seconds ? ':ss' : ''}${half ? ' a' : ''}`;
  const phrase = `${date} ${clock}${half ? ` ${half}m` : ''}`;
  return iso(DateTime.fromFormat(phrase, `${format} ${timeFormat}`, OPTIONS));
}

/** Without the weekday, ordinals, points of abbreviations and commas. */
function tidyDate(text: string): string {
  return text
    .replace(/^(mon|tue|wed|thu|fri|sat|sun)\p{L}{0,6}[.,]? /iu, '')
    .replace(/\b(\d{1,2})(st|nd|rd|th)\b/i, '$1')
    .replace(/(?<=\p{L})\.|,/gu, '')
    .replace(/\bSept\b/i, 'Sep')
    .replace(/\s+/g, ' ')
    .trim();
}

function iso(instant: DateTime): string | undefined {
  // GraphQL's DateTime and ISO 8601 without agreement end with the year 9999.
  if (!instant.isValid) return undefined;
  const { year } = instant.toUTC();
  return year >= 1 && year <= 9999 ? (instant.toUTC().toISO() ?? undefined) : undefined;
}
