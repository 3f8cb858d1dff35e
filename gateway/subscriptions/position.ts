import { decodeChangeCursor } from '../../platform/model/cursor.ts';

/**
 * Orders two cursors of a collection's changes.
 *
 * @returns Negative where `a` comes first, 0 where they are the same place; undefined where they cannot be compared: of
 *   different incarnations, or not cursors of ours.
 */
export function compareCursors(a: string, b: string): number | undefined {
  if (a === b) return 0;
  try {
    const [one, other] = [decodeChangeCursor(a), decodeChangeCursor(b)];
    return one.incarnation === other.incarnation ? one.version - other.version : undefined;
  } catch {
    return undefined;
  }
}

interface Kept {
  readonly cursor: string;
  readonly message: string;
}

export interface RecentLimits {
  readonly messagesMax: number;
  readonly charactersMax: number;
}

/**
 * The last messages of a stream, for readers who join it at a place a little behind its head. Knows of every place
 * from `base` to `head` what came after it.
 */
export class RecentMessages {
  readonly #limits: RecentLimits;
  #base: string | undefined;
  #kept: Kept[] = [];
  #characters = 0;

  /** @param base Where the stream begins, if that is known: everything after it will be pushed. */
  constructor(limits: RecentLimits, base: string | undefined) {
    this.#limits = limits;
    this.#base = base;
  }

  /** The place behind the last message; undefined where there is none to resume from. */
  get head(): string | undefined {
    return this.#kept.at(-1)?.cursor ?? this.#base;
  }

  push(cursor: string, message: string): void {
    if (this.#base === undefined) {
      this.#base = cursor;
      return;
    }
    this.#kept.push({ cursor, message });
    this.#characters += message.length;
    const { messagesMax, charactersMax } = this.#limits;
    while (this.#kept.length > messagesMax || this.#characters > charactersMax) {
      const dropped = this.#kept.shift();
      if (!dropped) break;
      this.#base = dropped.cursor;
      this.#characters -= dropped.message.length;
    }
  }

  /** Forgets its place, until a message with a cursor comes. */
  clear(): void {
    this.#base = undefined;
    this.#kept = [];
    this.#characters = 0;
  }

  /** @returns What came after the cursor, up to the head; undefined where that is not known for certain. */
  after(cursor: string): readonly string[] | undefined {
    const { head } = this;
    if (this.#base === undefined || head === undefined) return undefined;
    const toHead = compareCursors(cursor, head);
    if (toHead === undefined || toHead > 0) return undefined;
    const fromBase = compareCursors(this.#base, cursor);
    if (fromBase === undefined || fromBase > 0) return undefined;
    return this.#kept
      .filter((kept) => (compareCursors(kept.cursor, cursor) ?? 1) > 0)
      .map((kept) => kept.message);
  }
}
