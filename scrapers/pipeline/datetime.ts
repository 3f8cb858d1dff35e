import { DateTime, type DateTimeOptions } from 'luxon';

/** What says no zone is taken for UTC: the page does not tell, and all of them alike is the least surprise. */
const OPTIONS: DateTimeOptions = { zone: 'utc', locale: 'en', setZone: false };

/** How people write dates, beside the standards. Day and month as numbers only where their order is sure. */
const FORMATS = [
  'd LLLL yyyy',
  'd LLL yyyy',
  'LLLL d, yyyy',
  'LLL d, yyyy',
  'LLLL d yyyy',
  'LLL d yyyy',
  'yyyy/M/d',
  'yyyy.M.d',
  'd.M.yyyy',
  'yyyy年M月d日',
];
const TIMES = ['', ' H:mm', ' H:mm:ss', ' h:mm a', ' h:mm:ss a'];

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
  const phrase = text
    .replace(/(\d)(st|nd|rd|th)\b/i, '$1')
    .replace(/^\p{L}{3,9}\.?,? (?=\d|\p{L})/u, (day) =>
      /^(mon|tue|wed|thu|fri|sat|sun)/i.test(day) ? '' : day,
    )
    .replace(/(\p{L}{3})\. /u, '$1 ')
    .replace(/\bSept\b/i, 'Sep')
    .replace(/\s*(,| at | - |T)\s*(?=\d{1,2}:\d\d)/, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const time = / \d{1,2}:\d\d(:\d\d)?( ?[ap]\.?m\.?)?$/i.exec(phrase);
  const tidied = time
    ? phrase.slice(0, time.index) + time[0].replace(/\./g, '').replace(/ ?([ap]m)$/i, ' $1')
    : phrase;
  for (const format of FORMATS) {
    for (const suffix of time ? TIMES.slice(1) : [TIMES[0]]) {
      const found = iso(DateTime.fromFormat(tidied, `${format}${suffix}`, OPTIONS));
      if (found) return found;
    }
  }
  return undefined;
}

function iso(instant: DateTime): string | undefined {
  // GraphQL's DateTime and ISO 8601 without agreement end with the year 9999.
  if (!instant.isValid) return undefined;
  const { year } = instant.toUTC();
  return year >= 1 && year <= 9999 ? (instant.toUTC().toISO() ?? undefined) : undefined;
}
