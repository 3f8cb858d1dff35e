import { CursorInvalidError } from '../../../platform/errors.ts';
import { decodeCursor, encodeChangeCursor, encodeCursor } from '../../../platform/model/cursor.ts';
import { PushIterator } from '../../../platform/push-iterator.ts';

export interface FakeEntry {
  readonly id: string;
  readonly title: string;
}

export type FakeEvent =
  | { __typename: 'BookSnapshot'; cursor: string; entries: readonly FakeEntry[]; complete: boolean }
  | { __typename: 'BookDelta'; cursor: string; upserted: readonly FakeEntry[]; removed: readonly string[] }
  | { __typename: 'BookCursorExpired'; cursor: string; message: string };

/**
 * A collection that behaves as endpoint's promise says: snapshots in pages, deltas with the cursor behind them,
 * summed up differently for each subscriber, and cursors that expire.
 */
export class FakeCollection {
  incarnation = 'one';
  version = 0;
  /** Cursors below this version have expired. */
  oldestVersion = 0;
  /** Entries in one page of a snapshot; half of them where undefined. */
  pageSize: number | undefined;
  /** Subscriptions ever begun, by how they began. */
  readonly begun: { after: string | null; snapshot: boolean }[] = [];
  readonly #entries = new Map<string, { readonly entry: FakeEntry; readonly version: number }>();
  readonly #removed = new Map<string, number>();
  readonly #readers = new Set<(lagMax?: number) => void>();

  get readerCount(): number {
    return this.#readers.size;
  }

  get cursor(): string {
    return encodeChangeCursor({ incarnation: this.incarnation, version: this.version });
  }

  entry(id: string): FakeEntry | undefined {
    return this.#entries.get(id)?.entry;
  }

  entries(): readonly FakeEntry[] {
    return [...this.#entries.values()].map(({ entry }) => entry);
  }

  upsert(...entries: FakeEntry[]): void {
    this.version += 1;
    for (const entry of entries) {
      this.#entries.set(entry.id, { entry, version: this.version });
      this.#removed.delete(entry.id);
    }
    this.#tell();
  }

  remove(id: string): void {
    this.version += 1;
    this.#entries.delete(id);
    this.#removed.set(id, this.version);
    this.#tell();
  }

  /** Tells every reader what it has not been told yet. */
  flush(): void {
    for (const tell of [...this.#readers]) tell(1);
  }

  /** @param lag Changes that are summed up into one delta at the least. */
  stream(after: string | null, snapshot: boolean, lag = 1): PushIterator<{ booksChanged: FakeEvent }> {
    this.begun.push({ after, snapshot });
    let version = this.version;
    const tell = (lagMax = lag) => {
      if (this.version >= version + Math.min(lag, lagMax)) version = this.#deltaSince(version, push);
    };
    const iterator = new PushIterator<{ booksChanged: FakeEvent }>({
      onReturn: () => this.#readers.delete(tell),
    });
    const push = (event: FakeEvent) => iterator.push({ booksChanged: event });
    this.#readers.add(tell);
    if (after !== null) {
      const [tag, incarnation, place] = decodeCursor(after) as [string, string, number];
      if (place > this.version) throw new CursorInvalidError(after);
      if (incarnation === this.incarnation && place >= this.oldestVersion) {
        version = place;
        if (tag === 's') {
          const cursor = encodeChangeCursor({ incarnation, version });
          push({ __typename: 'BookSnapshot', cursor, entries: this.entries(), complete: true });
        }
        if (version < this.version) version = this.#deltaSince(version, push);
        return iterator;
      }
      const cursor = encodeCursor(['s', this.incarnation, this.version, null]);
      push({ __typename: 'BookCursorExpired', cursor, message: 'too old' });
    }
    if (after !== null || snapshot) this.#snapshot(push);
    return iterator;
  }

  #snapshot(push: (event: FakeEvent) => void): void {
    const entries = this.entries();
    const { cursor } = this;
    const size = this.pageSize ?? Math.ceil(entries.length / 2);
    for (let from = 0; from === 0 || from < entries.length; from += size) {
      const page = entries.slice(from, from + size);
      const complete = from + size >= entries.length;
      const within = encodeCursor(['s', this.incarnation, this.version, from]);
      push({ __typename: 'BookSnapshot', cursor: complete ? cursor : within, entries: page, complete });
    }
  }

  #deltaSince(version: number, push: (event: FakeEvent) => void): number {
    push({
      __typename: 'BookDelta',
      cursor: this.cursor,
      upserted: [...this.#entries.values()].filter((one) => one.version > version).map(({ entry }) => entry),
      removed: [...this.#removed].filter(([, at]) => at > version).map(([id]) => id),
    });
    return this.version;
  }

  #tell(): void {
    for (const tell of [...this.#readers]) tell();
  }
}
