import type { JournalItem } from '../../model/journal.ts';
import { itemRange, type JournalCollections, type JournalDocument, UNTOLD } from './journal-schema.ts';
import { GAP_READS_MAX, gapBehind, JournalTail } from './journal-tail.ts';

/** Items read in one go. */
const ITEMS_MAX = 64;

/** Records that an item is taken to have before one was read: few, so that the first read is not too large. */
const RECORDS_AT_FIRST = 100;

/**
 * Reads the journal by ranges of its sequences, so that no read sorts or passes through more than it tells. An item
 * is told only when all before it were: the fold skips none.
 */
export class JournalReader {
  readonly #tables: JournalCollections;
  /** Records that an item has, of late, by collection: tells how many to read. */
  readonly #recordsOfItem = new Map<number, number>();

  constructor(tables: JournalCollections) {
    this.#tables = tables;
  }

  async read(c: number, after: number, recordsMax: number): Promise<readonly JournalItem[]> {
    const told: JournalItem[] = [];
    let last = after;
    for (let records = 0, gaps = 0; records < recordsMax; ) {
      const count = this.#countFor(c, recordsMax - records);
      const found = await this.#range(c, last, count);
      const wasLast = last;
      for (const item of found) {
        if (item.s !== last + 1 || records >= recordsMax) break;
        last = item.s;
        if (UNTOLD.has(item.kind)) continue;
        told.push(itemOf(item));
        records += recordsOf(item);
      }
      if (last > wasLast) this.#learn(c, found);
      if (last > wasLast && found.length < count) break;
      if (last > wasLast) continue;
      const pruned = await new JournalTail(this.#tables, c).pruned();
      if (pruned > last) last = pruned;
      else if (found.length === 0) break;
      else if (++gaps > GAP_READS_MAX) throw gapBehind(c, last);
    }
    return told;
  }

  /** Whether there is an item behind `after` for the fold. */
  async hasMore(c: number, after: number): Promise<boolean> {
    for (let last = after; ; last += ITEMS_MAX) {
      const _id = itemRange(c, last, last + ITEMS_MAX);
      const kinds = await this.#tables.items.find({ _id }, { projection: { _id: 0, kind: 1 } }).toArray();
      if (kinds.some(({ kind }) => !UNTOLD.has(kind))) return true;
      if (kinds.length < ITEMS_MAX) return false;
    }
  }

  /** The next items that may be forgotten: older than `before`, oldest first. @returns The last one's sequence. */
  async oldUpTo(
    c: number,
    after: number,
    through: number,
    before: number,
    limit: number,
  ): Promise<number | undefined> {
    const _id = itemRange(c, after, Math.min(through, after + limit));
    const places = await this.#tables.items.find({ _id }, { projection: { _id: 0, s: 1, at: 1 } }).toArray();
    const old = places.filter(({ at }) => at < before).map(({ s }) => s);
    return old.length === 0 ? undefined : Math.max(...old);
  }

  forget(c: number): void {
    this.#recordsOfItem.delete(c);
  }

  async #range(c: number, after: number, count: number): Promise<JournalDocument[]> {
    const found = await this.#tables.items.find({ _id: itemRange(c, after, after + count) }).toArray();
    return found.sort((a, b) => a.s - b.s);
  }

  #countFor(c: number, records: number): number {
    const each = this.#recordsOfItem.get(c) ?? RECORDS_AT_FIRST;
    return Math.max(1, Math.min(ITEMS_MAX, Math.ceil(records / each)));
  }

  #learn(c: number, found: readonly JournalDocument[]): void {
    const records = found.reduce((sum, item) => sum + recordsOf(item), 0);
    this.#recordsOfItem.set(c, records / found.length);
  }
}

function recordsOf(item: JournalDocument): number {
  return item.kind === 'BATCH' ? Math.max(1, item.n) : 1;
}

function itemOf(item: JournalDocument): JournalItem {
  const place = { sequence: item.s, receivedAt: item.at };
  switch (item.kind) {
    case 'BATCH': {
      const { kind, sourceId, runId, run, payload } = item;
      return { kind, ...place, sourceId, runId, run, ...JSON.parse(payload) };
    }
    case 'RUN_COMPLETED': {
      const { kind, sourceId, runId, run } = item;
      return { kind, ...place, sourceId, runId, run };
    }
    case 'SOURCE_REMOVED':
      return { kind: item.kind, ...place, sourceId: item.sourceId };
    case 'DEFINE':
      return { kind: item.kind, ...place, definition: item.definition };
    default:
      return { kind: 'EXPIRE', ...place };
  }
}
