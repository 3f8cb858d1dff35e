import { CursorInvalidError } from '../../../platform/errors.ts';
import {
  decodeChangeCursor,
  decodeCursor,
  encodeChangeCursor,
  encodeCursor,
} from '../../../platform/model/cursor.ts';

/** Where a subscriber is: behind a version, or within a snapshot that began at one. */
export interface SubscriptionCursor {
  readonly incarnation: string;
  readonly version: number;
  /** Within a snapshot: the key of the last entry sent, null before the first. */
  readonly snapshotKey?: string | null;
  /**
   * Behind a version, where the reader may have entries from later than it: the version up to which. Without it
   * the cursor is a *place*: all readers of one operation who have come there have the same.
   */
  readonly exactFrom?: number;
}

export function encodeSubscriptionCursor(cursor: SubscriptionCursor): string {
  const { incarnation, version, snapshotKey, exactFrom } = cursor;
  if (snapshotKey !== undefined) return encodeCursor(['s', incarnation, version, snapshotKey]);
  if (exactFrom !== undefined) return encodeCursor(['x', incarnation, version, exactFrom]);
  return encodeChangeCursor({ incarnation, version });
}

/** @throws {CursorInvalidError} Not a cursor of ours. */
export function decodeSubscriptionCursor(cursor: string): SubscriptionCursor {
  const [tag, incarnation, version, rest] = decodeCursor(cursor);
  if (tag !== 's' && tag !== 'x') return decodeChangeCursor(cursor);
  if (typeof incarnation !== 'string' || !isVersion(version)) throw new CursorInvalidError(cursor);
  if (tag === 'x' && isVersion(rest)) return { incarnation, version, exactFrom: rest };
  if (tag === 's' && (rest === null || typeof rest === 'string')) {
    return { incarnation, version, snapshotKey: rest };
  }
  throw new CursorInvalidError(cursor);
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
