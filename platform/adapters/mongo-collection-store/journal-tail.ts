import { MongoBulkWriteError } from 'mongodb';
import { TributaryError } from '../../errors.ts';
import { isDuplicateKey } from '../../mongo.ts';
import { type ItemHead, itemRange, type JournalCollections } from './journal-schema.ts';
import { JournalState, type Unstored } from './journal-state.ts';

/** Items read in one go: heads are some hundred bytes each. */
const HEADS_MAX = 1_000;

/** How often a gap is looked at again: a scan that passed while items were written sees none the second time. */
export const GAP_READS_MAX = 5;

/** How the states of one collection are kept: what was stored now and then, and the journal's tail behind it. */
export class JournalTail {
  readonly #tables: JournalCollections;
  readonly #c: number;

  constructor(tables: JournalCollections, c: number) {
    this.#tables = tables;
    this.#c = c;
  }

  /** As it was stored. The tail behind it is still to be read. */
  async load(): Promise<JournalState> {
    // The mark before what it vouches for: sources that are stored in between are newer, never older.
    const mark = await this.#tables.marks.findOne({ _id: `${this.#c}` });
    const sources = await this.#tables.sources.find({ c: this.#c }).toArray();
    return new JournalState(this.#c, mark && mark.s > 0 ? mark : undefined, sources);
  }

  /**
   * Brings a state up to the journal's end.
   * @returns What it read; undefined where items behind the state are forgotten, so that it is to be loaded anew.
   */
  async follow(state: JournalState): Promise<readonly ItemHead[] | undefined> {
    const read: ItemHead[] = [];
    for (let gaps = 0; gaps < GAP_READS_MAX; ) {
      const heads = await this.#heads(state.last);
      const wasLast = state.last;
      for (const head of heads) {
        if (head.s !== state.last + 1) break;
        state.apply(head);
        read.push(head);
      }
      if (state.last > wasLast) {
        if (state.last < wasLast + HEADS_MAX) return read;
        continue;
      }
      if ((await this.pruned()) > state.last) return undefined;
      if (heads.length === 0) return read;
      gaps += 1;
    }
    throw gapBehind(this.#c, state.last);
  }

  /** Items up to this sequence are forgotten, or about to be. */
  async pruned(): Promise<number> {
    const mark = await this.#tables.marks.findOne({ _id: `${this.#c}` }, { projection: { pruned: 1 } });
    return mark?.pruned ?? 0;
  }

  /** Older never overwrites newer. */
  async store({ mark, sources }: Unstored): Promise<void> {
    const writes = sources.map(({ _id, ...source }) => ({
      updateOne: { filter: { _id, s: { $lt: source.s } }, update: { $set: source }, upsert: true },
    }));
    if (writes.length > 0) await unlessNewer(this.#tables.sources.bulkWrite(writes, { ordered: false }));
    // The mark last: it says that all up to it is stored.
    const { _id, ...marked } = mark;
    const filter = { _id, s: { $lt: mark.s } };
    await unlessNewer(this.#tables.marks.updateOne(filter, { $set: marked }, { upsert: true }));
  }

  async #heads(after: number): Promise<ItemHead[]> {
    const _id = itemRange(this.#c, after, after + HEADS_MAX);
    const heads = await this.#tables.items.find<ItemHead>({ _id }, { projection: { payload: 0 } }).toArray();
    return heads.sort((a, b) => a.s - b.s);
  }
}

/** What an upsert finds newer, it tries to insert beside it, and is refused. */
async function unlessNewer(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const errors = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
    const other = errors.find(({ code }) => code !== 11_000);
    if (other) throw other;
  }
}

export function gapBehind(c: number, last: number): TributaryError {
  return new TributaryError(
    'INTERNAL_SERVER_ERROR',
    `The journal of collection ${c} has no item ${last + 1}, but later ones: restore the database from a backup.`,
  );
}
