import { TributaryError } from '../../errors.ts';

/** What one document holds at the most, below MongoDB's own bound of 16 MiB with room for the rest of it. */
const PART_BYTES_MAX = 12 * 1_024 * 1_024;
/** From here on items begin a new part, as far as each fits into one. */
const PART_BYTES = 4 * 1_024 * 1_024;

/**
 * Splits what is to be stored into parts that fit into a document each.
 *
 * @returns None where all of it has no more than `inlineBytes`, as nearly always.
 * @throws {TributaryError} A single item is too large for a document.
 */
export function partsOf<T extends { readonly k: string }>(items: readonly T[], inlineBytes: number): T[][] {
  const sizes = items.map(bytesOf);
  if (sizes.reduce((sum, bytes) => sum + bytes, 0) <= inlineBytes) return [];
  const parts: T[][] = [];
  let room = 0;
  for (const [at, item] of items.entries()) {
    const bytes = sizes[at] ?? 0;
    if (bytes > PART_BYTES_MAX) throw tooLarge(item.k, bytes);
    if (bytes > room) {
      parts.push([]);
      room = PART_BYTES;
    }
    parts.at(-1)?.push(item);
    room -= bytes;
  }
  return parts;
}

/** Of names, numbers and what the format adds. */
const BYTES_BESIDE_TEXTS = 256;
const BYTES_OF_A_SOURCE = 128;

function bytesOf(item: object): number {
  let bytes = BYTES_BESIDE_TEXTS;
  for (const value of Object.values(item)) {
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
    else if (Array.isArray(value)) bytes += value.length * BYTES_OF_A_SOURCE;
  }
  return bytes;
}

function tooLarge(key: string, bytes: number): TributaryError {
  return new TributaryError(
    'INTERNAL_SERVER_ERROR',
    `Entry ${JSON.stringify(key.slice(0, 80))} has ${bytes} bytes with all its contributions, and MongoDB takes ` +
      `${PART_BYTES_MAX} at the most: lower CONTRIBUTION_ITEMS_MAX or RECORD_BYTES_MAX.`,
  );
}
