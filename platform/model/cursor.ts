import { CursorInvalidError } from '../errors.ts';

/** A place in a collection's changes: `version` of one `incarnation`. */
export interface ChangeCursor {
  readonly incarnation: string;
  readonly version: number;
}

export function encodeChangeCursor(cursor: ChangeCursor): string {
  return encodeCursor(['v', cursor.incarnation, cursor.version]);
}

/** @throws {CursorInvalidError} Not a cursor of ours. An expired one is none of this function's business. */
export function decodeChangeCursor(cursor: string): ChangeCursor {
  const parts = decodeCursor(cursor);
  const [tag, incarnation, version] = parts;
  if (
    tag !== 'v' ||
    typeof incarnation !== 'string' ||
    !Number.isSafeInteger(version) ||
    (version as number) < 0
  ) {
    throw new CursorInvalidError(cursor);
  }
  return { incarnation, version: version as number };
}

/** Any JSON array as an opaque string, for keyset cursors of connections. */
export function encodeCursor(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** @throws {CursorInvalidError} Not what `encodeCursor` gives. */
export function decodeCursor(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parts)) return parts;
  } catch {
    // Falls through to the one error below.
  }
  throw new CursorInvalidError(cursor);
}
