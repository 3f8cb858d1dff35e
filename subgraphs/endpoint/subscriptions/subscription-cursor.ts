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
}

export function encodeSubscriptionCursor({ incarnation, version, snapshotKey }: SubscriptionCursor): string {
  return snapshotKey === undefined
    ? encodeChangeCursor({ incarnation, version })
    : encodeCursor(['s', incarnation, version, snapshotKey]);
}

/** @throws {CursorInvalidError} Not a cursor of ours. */
export function decodeSubscriptionCursor(cursor: string): SubscriptionCursor {
  const [tag, incarnation, version, snapshotKey] = decodeCursor(cursor);
  if (tag !== 's') return decodeChangeCursor(cursor);
  if (
    typeof incarnation !== 'string' ||
    !Number.isSafeInteger(version) ||
    (version as number) < 0 ||
    (snapshotKey !== null && typeof snapshotKey !== 'string')
  ) {
    throw new CursorInvalidError(cursor);
  }
  return { incarnation, version: version as number, snapshotKey };
}
