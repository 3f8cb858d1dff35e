/** Exact arithmetic on decimals in their text form: no exponent, no rounding but where a quotient never ends. */

interface Decimal {
  /** The value times 10^scale. */
  readonly units: bigint;
  readonly scale: number;
}

/** Longer ones are no decimals to us: arithmetic on them would take the time of everybody else. In characters. */
const DECIMAL_LENGTH_MAX = 1_000;

/** Fraction digits of an average that does not end sooner, where the values themselves have no more. */
const AVERAGE_SCALE = 12;

const DECIMAL = /^-?\d+(?:\.\d+)?$/;

export function isDecimal(text: string): boolean {
  return text.length <= DECIMAL_LENGTH_MAX && DECIMAL.test(text);
}

export function compareDecimals(a: string, b: string): number {
  const [left, right] = aligned([parse(a), parse(b)]);
  if (left === undefined || right === undefined || left === right) return 0;
  return left < right ? -1 : 1;
}

/** The one text that all texts of equal numbers share: "1.50" and "01.5" are "1.5". */
export function shortestDecimal(text: string): string {
  return withoutZeros(format(parse(text)));
}

/** With as many fraction digits as the longest value has: sums of money stay amounts of money. */
export function sumDecimals(values: readonly string[]): string {
  return format(sum(values));
}

/**
 * The average, rounded half to even at `AVERAGE_SCALE` fraction digits, or as many as the longest value has;
 * zeros at the end of the fraction are left out.
 */
export function averageDecimals(values: readonly string[]): string {
  const total = sum(values);
  const scale = Math.max(total.scale, AVERAGE_SCALE);
  const units = total.units * 10n ** BigInt(scale - total.scale);
  return withoutZeros(format({ units: divideHalfEven(units, BigInt(values.length)), scale }));
}

function sum(values: readonly string[]): Decimal {
  const decimals = values.map(parse);
  const scale = Math.max(0, ...decimals.map((decimal) => decimal.scale));
  return { units: aligned(decimals).reduce((a, b) => a + b, 0n), scale };
}

function aligned(decimals: readonly Decimal[]): bigint[] {
  const scale = Math.max(0, ...decimals.map((decimal) => decimal.scale));
  return decimals.map((decimal) => decimal.units * 10n ** BigInt(scale - decimal.scale));
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const isUp = twice > divisor || (twice === divisor && quotient % 2n !== 0n);
  return isUp ? quotient + (dividend < 0n ? -1n : 1n) : quotient;
}

function parse(text: string): Decimal {
  const point = text.indexOf('.');
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

function format({ units, scale }: Decimal): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
