/**
 * Numbers as people write them: "£51.77", "1.299,00 €", "₹1,29,999", "1 234,5", "−3", "12.5K", "١٬٢٣٤".
 *
 * The first number in the text counts. Which of "." and "," is the decimal sign the number itself says, where
 * it can; "1,299" groups thousands, and "1.299" does before "€" and other signs that stand behind their
 * amount in countries that group so, or where only a whole number makes sense.
 */
export interface DecimalOptions {
  /** The number must be whole, so "1.299" can only be 1299. @default false */
  readonly isWhole?: boolean;
}

/** More digits are no measure of anything, and "1e999999" would fill the memory. */
const DIGITS_MAX = 100;

const NUMBER = new RegExp(
  [
    '(?:(?<![\\p{L}\\p{N}])(?<sign>[-+]))?(?:\\p{Sc}\\s?)?',
    "(?<number>\\d{1,3}(?:[ ']\\d{3})+(?!\\d)(?:[.,]\\d+)?|\\d+(?:[.,']\\d+)*|(?<![\\p{L}\\p{N}])[.,]\\d+)",
    '(?:[eE](?<exponent>[-+]?\\d{1,4})(?![\\p{L}\\p{N}]))?',
    '(?:(?<latinUnit>[kKMB])(?![\\p{L}\\p{N}])|(?<cjkUnit>[千万萬만億亿억])(?!\\d))?',
    '(?<continental>,-|\\s?(?:€|EUR|kr|zł|Kč|Ft|TL|₺|₽|руб|lei|din)(?!\\p{L}))?',
  ].join(''),
  'u',
);

const UNIT_EXPONENTS: Readonly<Record<string, number>> = {
  k: 3,
  K: 3,
  M: 6,
  B: 9,
  千: 3,
  万: 4,
  萬: 4,
  만: 4,
  億: 8,
  亿: 8,
  억: 8,
};

/**
 * The first number of a text in the canonical form of decimals: no plus, no exponent, no grouping, no zeros in
 * front of the whole part, no sign of a zero. The fraction is as long as it was written, since "19.80" is an amount
 * of money and "19.8" is not; so equal numbers may be unlike strings. A unit or exponent moves the point: "12.50K" is
 * "12500".
 *
 * @returns undefined where there is no number, or its signs contradict each other.
 */
export function parseDecimal(text: string, options: DecimalOptions = {}): string | undefined {
  const groups = NUMBER.exec(plainDigits(text))?.groups;
  if (!groups?.number) return undefined;
  const split = splitNumber(groups.number, {
    dotGroups: options.isWhole === true || groups.continental !== undefined,
  });
  if (!split) return undefined;
  const unit = groups.latinUnit ?? groups.cjkUnit;
  const exponent = Number(groups.exponent ?? 0) + (unit ? (UNIT_EXPONENTS[unit] ?? 0) : 0);
  return canonical(groups.sign === '-', split.whole, split.fraction, exponent);
}

/** Brings the digits and signs of all scripts to those of ASCII. */
function plainDigits(text: string): string {
  const spaced = text
    .replace(/\u2212\s*/g, '-')
    .replace(/[\u2012\u2013\uFF0D]/g, '-')
    .replace(/\uFF0B/g, '+')
    .replace(/[\u2019\u066C]/g, "'")
    .replace(/[\u066B\uFF0E]/g, '.')
    .replace(/\uFF0C/g, ',')
    .replace(/\s/g, ' ');
  return spaced.replace(/[^\P{Nd}0-9]/gu, (digit) => String(digitValue(digit)));
}

/** Unicode keeps the ten digits of a script together, and no two scripts' side by side save the mathematical ones. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) as number;
  if (code >= 0x1d7ce && code <= 0x1d7ff) return (code - 0x1d7ce) % 10;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return value;
}

interface Split {
  readonly whole: string;
  readonly fraction: string;
}

function splitNumber(number: string, { dotGroups }: { dotGroups: boolean }): Split | undefined {
  const hasSpacing = /[ ']/.test(number);
  const plain = number.replace(/[ ']/g, '');
  if (hasSpacing && !/^\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?$/.test(number)) return undefined;
  const signs = plain.replace(/\d/g, '');
  if (signs === '') return { whole: plain, fraction: '' };
  if (signs.length === 1) {
    const [whole = '', fraction = ''] = plain.split(signs);
    const mayGroup = !hasSpacing && /^[1-9]\d{0,2}$/.test(whole) && fraction.length === 3;
    const groups = mayGroup && (signs === ',' || dotGroups);
    return groups ? { whole: whole + fraction, fraction: '' } : { whole, fraction };
  }
  const last = signs.at(-1) as string;
  const grouping = signs.charAt(0);
  const hasFraction = last !== grouping;
  // All signs but the last must be of the one kind.
  if (signs.slice(0, -1).replaceAll(grouping, '') !== '') return undefined;
  const [grouped = '', fraction = ''] = hasFraction ? plain.split(last) : [plain, ''];
  const parts = grouped.split(grouping);
  return isGrouped(parts) ? { whole: parts.join(''), fraction } : undefined;
}

/** Thousands, or as in India: thousands, then hundreds. */
function isGrouped(parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.at(-1);
  if (!/^\d{1,3}$/.test(first) || last?.length !== 3) return false;
  return (
    rest.every((part) => part.length === 3) ||
    (first.length <= 2 && rest.slice(0, -1).every((part) => part.length === 2))
  );
}

function canonical(
  isNegative: boolean,
  whole: string,
  fraction: string,
  exponent: number,
): string | undefined {
  if (whole.length + fraction.length + Math.abs(exponent) > DIGITS_MAX) return undefined;
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const padded = digits.padStart(digits.length + Math.max(0, -point), '0').padEnd(point, '0');
  const at = Math.max(0, point);
  const wholePart = padded.slice(0, at).replace(/^0+/, '') || '0';
  const fractionPart = padded.slice(at);
  const magnitude = fractionPart === '' ? wholePart : `${wholePart}.${fractionPart}`;
  return isNegative && /[1-9]/.test(digits) ? `-${magnitude}` : magnitude;
}
