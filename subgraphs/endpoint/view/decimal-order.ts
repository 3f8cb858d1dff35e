/** Longer decimals are no numbers to anyone, but cost everyone who compares with them. In characters. */
export const DECIMAL_LENGTH_MAX = 1_000;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
/** Makes every exponent that `DECIMAL` allows a positive number of `EXPONENT_DIGITS` digits. */
const EXPONENT_BIAS = 5_000_000_000;
const EXPONENT_DIGITS = 10;

/**
 * A text that sorts in binary order exactly as the decimal sorts by value; equal numbers (`1.5`, `01.50`) give
 * the same text. SQLite's own numbers are 64-bit floats, which would round.
 *
 * Shape: `0…` negative, `1` zero, `2…` positive; then the biased exponent, then the significant digits.
 * Negative numbers have every digit complemented and end with `~`, so that more digits sort lower.
 *
 * @returns undefined where the text is no decimal number.
 */
export function decimalOrder(text: string): string | undefined {
  const match = text.length <= DECIMAL_LENGTH_MAX ? DECIMAL.exec(text) : null;
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return '1';
  const leadingZeros = digits.length - significant.length;
  const magnitude = whole.length - leadingZeros + Number(exponent) + EXPONENT_BIAS;
  const body = String(magnitude).padStart(EXPONENT_DIGITS, '0') + significant.replace(/0+$/, '');
  return sign === '-' ? `0${complement(body)}~` : `2${body}`;
}

function complement(digits: string): string {
  return digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
}
