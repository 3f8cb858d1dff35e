/** One figure of a benchmark: what was measured, and what it must not exceed. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most it may be. */
  readonly most?: number;
}

export function report(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...figures.map(({ name }) => name.length));
  for (const { name, value, unit, most } of figures) {
    const verdict =
      most === undefined ? '' : value <= most ? `  ok, at most ${most}` : `  MISSED, at most ${most}`;
    console.log(`  ${name.padEnd(width)}  ${round(value).padStart(10)} ${unit}${verdict}`);
  }
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** @param share 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
