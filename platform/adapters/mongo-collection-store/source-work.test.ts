import { describe, expect, it } from 'vitest';
import type { EntryState } from '../../model/entry-state.ts';
import { SourceWork } from './source-work.ts';

const entryOf = (ordinal: number): EntryState => ({
  ordinal,
  key: `${ordinal}`,
  version: ordinal,
  fields: {},
  firstSeenAt: 0,
  updatedAt: 0,
  contributions: [
    { sourceId: 'shop', touched: 5, said: 5, saidBefore: 0, items: [], oldestSeenAt: undefined },
  ],
});

/** Entries that are still the source's, as the store has them, and how often all were looked for. */
class Entries {
  left: EntryState[];
  looks = 0;

  constructor(count: number) {
    this.left = Array.from({ length: count }, (_, at) => entryOf(at + 1));
  }

  async idsOfSource(_collection: number, _sourceId: string, _which: object, limit: number) {
    this.looks += 1;
    return this.left.slice(0, limit).map(({ key }) => key);
  }

  async ofSourceById(_collection: number, _sourceId: string, _which: object, ids: readonly string[]) {
    return new Map(this.left.filter(({ key }) => ids.includes(key)).map((entry) => [entry.key, entry]));
  }

  commit(done: readonly EntryState[]): void {
    this.left = this.left.filter((entry) => !done.includes(entry));
  }
}

const LIST_ENTRIES = 20;

describe('the work on a source', () => {
  it('goes through all entries in their order, in whole chunks, looking for many of them in one go', async () => {
    for (const count of [0, 6, 19, 20, 21, 50]) {
      const entries = new Entries(count);
      const work = new SourceWork(entries, 1, 'shop', { touchedBefore: 9 }, LIST_ENTRIES);
      const done: number[] = [];
      for (;;) {
        const chunk = await work.next(6);
        done.push(...chunk.map(({ ordinal }) => ordinal));
        // Fewer than asked for are the last.
        expect(chunk.length).toBe(Math.min(6, count - done.length + chunk.length));
        entries.commit(chunk);
        if (chunk.length < 6) break;
      }
      expect(done).toEqual(Array.from({ length: count }, (_, at) => at + 1));
      expect(entries.looks).toBeLessThanOrEqual(1 + Math.ceil(count / (LIST_ENTRIES - 6)));
    }
  });

  it('gives entries again whose commit came to nothing', async () => {
    const work = new SourceWork(new Entries(30), 1, 'shop', {}, LIST_ENTRIES);
    const chunk = await work.next(6);
    expect(await work.next(6)).toEqual(chunk);
  });

  it('knows of commits that bring more', () => {
    const work = new SourceWork(new Entries(1), 1, 'shop', { touchedBefore: 5 });
    const [contribution] = entryOf(1).contributions;
    const put = (touched: number) => {
      const contributions = contribution ? [{ ...contribution, touched }] : [];
      return { entry: { ...entryOf(1), contributions }, stored: undefined };
    };
    expect(work.isExtendedBy([put(5)])).toBe(false);
    expect(work.isExtendedBy([put(5), put(4)])).toBe(true);
    expect(new SourceWork(new Entries(1), 1, 'other', {}).isExtendedBy([put(4)])).toBe(false);
    expect(new SourceWork(new Entries(1), 1, 'shop', { seenUntil: 9 }).isExtendedBy([put(4)])).toBe(false);
  });
});
