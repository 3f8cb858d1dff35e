import { decodeChangeCursor } from '../../platform/model/cursor.ts';

/**
 * Whether an event's cursor is a *place*: readers of one operation who have come there have the same, whichever way
 * they came. The other cursors stand for one reader's way, such as the middle of its snapshot; only that reader
 * can go on from them.
 */
export function isPlace(cursor: string): boolean {
  try {
    decodeChangeCursor(cursor);
    return true;
  } catch {
    return false;
  }
}

interface Kept {
  /** The place behind the message. */
  readonly place: string;
  readonly message: string;
}

export interface RecentLimits {
  readonly messagesMax: number;
  readonly charactersMax: number;
}

/** The last messages of a stream, for readers who join it from a place a little behind. */
export class RecentMessages {
  readonly #limits: RecentLimits;
  /** The place before the first message kept; undefined while there is none. */
  #base: string | undefined;
  #kept: Kept[] = [];
  #characters = 0;

  constructor(limits: RecentLimits) {
    this.#limits = limits;
  }

  /** Where readers of the stream are; undefined while that is not a place. */
  get place(): string | undefined {
    return this.#kept.at(-1)?.place ?? this.#base;
  }

  /** @param place Behind the message; undefined where its readers are at none. */
  push(place: string | undefined, message: string): void {
    if (place === undefined || this.#base === undefined) {
      this.#base = place;
      this.#kept = [];
      this.#characters = 0;
      return;
    }
    this.#kept.push({ place, message });
    this.#characters += message.length;
    const { messagesMax, charactersMax } = this.#limits;
    while (this.#kept.length > messagesMax || this.#characters > charactersMax) {
      const dropped = this.#kept.shift();
      if (!dropped) break;
      this.#base = dropped.place;
      this.#characters -= dropped.message.length;
    }
  }

  /**
   * @returns What readers at that place have missed. Undefined where none of the messages kept ends there: what a
   *   message tells is what changed between two places, and may be too little for a reader at a third.
   */
  after(place: string): readonly string[] | undefined {
    const index = this.#kept.findLastIndex((kept) => kept.place === place);
    if (index < 0 && place !== this.#base) return undefined;
    return this.#kept.slice(index + 1).map((kept) => kept.message);
  }
}
