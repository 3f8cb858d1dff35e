import type { EntryState, Mark } from '../model/entry-state.ts';
import {
  type EntryPut,
  type EntryRemoval,
  type FoldCommit,
  type FoldLease,
  FoldLostError,
  type FoldState,
} from '../ports/collection-store.ts';
import type { SqliteFile } from './sqlite.ts';
import {
  contributionsText,
  type EntryRow,
  entryIdOf,
  entryOf,
  type SourceNumbers,
} from './sqlite-collection-store-rows.ts';

interface FoldRow {
  readonly sequence: number;
  readonly progress: number;
  readonly definition: string | null;
  readonly head: number;
  readonly floor: number;
  readonly entry_count: number;
  readonly next_ordinal: number;
  readonly updated_at: number | null;
  readonly has_strays: number;
  readonly fold_holder: string | null;
  readonly fold_token: number;
  readonly fold_until: number;
}

/** The fold's side of the entries' file: state, entries, marks, tombstones, history. */
export class SqliteEntries {
  readonly #file: SqliteFile;
  readonly #sources = new Map<number, NumberedSources>();

  constructor(file: SqliteFile) {
    this.#file = file;
    // The file has one process, and no fold outlives it.
    file.run('UPDATE collections SET fold_holder = NULL, fold_until = 0 WHERE fold_holder IS NOT NULL');
  }

  acquire(
    id: number,
    incarnation: string,
    holder: string,
    ttlMs: number,
    nowMs: number,
  ): FoldLease | undefined {
    return this.#file.transaction(() => {
      this.#file.run('INSERT INTO collections (id) VALUES (?) ON CONFLICT DO NOTHING', id);
      const row = this.#row(id);
      const isHeld = row?.fold_holder != null && row.fold_until > nowMs;
      if (isHeld && row.fold_holder !== holder) return undefined;
      const token = (row?.fold_token ?? 0) + (isHeld ? 0 : 1);
      this.#file.run(
        'UPDATE collections SET fold_holder = ?, fold_token = ?, fold_until = ? WHERE id = ?',
        holder,
        token,
        nowMs + ttlMs,
        id,
      );
      return { incarnation, token };
    });
  }

  release(id: number, { token }: FoldLease): void {
    this.#file.run(
      'UPDATE collections SET fold_holder = NULL, fold_until = 0 WHERE id = ? AND fold_token = ?',
      id,
      token,
    );
  }

  sequence(id: number): number {
    return this.#row(id)?.sequence ?? 0;
  }

  state(id: number): FoldState {
    const row = this.#row(id);
    return {
      sequence: row?.sequence ?? 0,
      progress: row?.progress ?? 0,
      definition: row?.definition ? JSON.parse(row.definition) : undefined,
      head: row?.head ?? 0,
      entryCount: row?.entry_count ?? 0,
      nextOrdinal: row?.next_ordinal ?? 1,
      updatedAt: row?.updated_at ?? undefined,
      hasStrays: row?.has_strays === 1,
    };
  }

  byKey(id: number, keys: readonly string[]): Map<string, EntryState> {
    const sources = this.sources(id);
    const found = new Map<string, EntryState>();
    for (const key of keys) {
      const row = this.#file.get<EntryRow>('SELECT * FROM entries WHERE collection = ? AND key = ?', id, key);
      if (row) found.set(key, entryOf(row, sources));
    }
    return found;
  }

  behind(id: number, ordinal: number, limit: number): EntryState[] {
    const sources = this.sources(id);
    return this.#file
      .all<EntryRow>(
        'SELECT * FROM entries WHERE id > ? AND id < ? ORDER BY id LIMIT ?',
        entryIdOf(id, ordinal),
        entryIdOf(id + 1, 0),
        limit,
      )
      .map((row) => entryOf(row, sources));
  }

  markedBelow(
    id: number,
    sourceId: string,
    { position = Number.MAX_SAFE_INTEGER, at }: { readonly position?: number; readonly at?: number },
    limit: number,
  ): EntryState[] {
    const sources = this.sources(id);
    const source = sources.find(sourceId);
    if (source === undefined) return [];
    const marks = this.#file
      .all<{ entry: number; at: number }>(
        'SELECT entry, at FROM marks WHERE collection = ? AND source = ? AND position < ? ORDER BY position LIMIT ?',
        id,
        source,
        position,
        limit,
      )
      // Times grow with positions, so what is below a time comes first.
      .filter((mark) => at === undefined || mark.at < at);
    return marks.flatMap(({ entry }) => {
      const row = this.#file.get<EntryRow>('SELECT * FROM entries WHERE id = ?', entry);
      return row ? [entryOf(row, sources)] : [];
    });
  }

  lowestMark(id: number, sourceId: string): Mark | undefined {
    const source = this.sources(id).find(sourceId);
    if (source === undefined) return undefined;
    return this.#file.get<Mark>(
      'SELECT position, at FROM marks WHERE collection = ? AND source = ? ORDER BY position LIMIT 1',
      id,
      source,
    );
  }

  commit(id: number, lease: FoldLease, { state, puts, removals, history }: FoldCommit): void {
    try {
      this.#file.transaction(() => {
        this.#assertHeld(id, lease);
        const sources = this.sources(id);
        for (const source of state.definition?.sources ?? []) sources.numberOf(source.id);
        for (const removal of removals) this.#remove(id, removal, sources);
        for (const put of puts) this.#put(id, put, sources);
        for (const { version, key, fields, at } of history) {
          this.#file.run(
            'INSERT INTO history VALUES (?, ?, ?, ?, ?)',
            id,
            version,
            key,
            fields && JSON.stringify(fields),
            at,
          );
        }
        this.#file.run(
          `UPDATE collections SET sequence = ?, progress = ?, definition = ?, head = ?, entry_count = ?,
             next_ordinal = ?, updated_at = ?, has_strays = ? WHERE id = ?`,
          state.sequence,
          state.progress,
          state.definition ? JSON.stringify(state.definition) : null,
          state.head,
          state.entryCount,
          state.nextOrdinal,
          state.updatedAt ?? null,
          state.hasStrays ? 1 : 0,
          id,
        );
      });
    } catch (error) {
      // Numbers given within the commit went with it.
      this.#sources.delete(id);
      throw error;
    }
  }

  /** @returns Whether nothing but the collection's own row is left. */
  dropChunk(id: number, lease: FoldLease, limit: number): boolean {
    return this.#file.transaction(() => {
      this.#assertHeld(id, lease);
      const dropped = [
        this.#file.run(
          'DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE id >= ? AND id < ? LIMIT ?)',
          entryIdOf(id, 0),
          entryIdOf(id + 1, 0),
          limit,
        ),
        ...['tombstones', 'history'].map((table) =>
          this.#file.run(
            `DELETE FROM ${table} WHERE collection = ? AND version IN
               (SELECT version FROM ${table} WHERE collection = ? LIMIT ?)`,
            id,
            id,
            limit,
          ),
        ),
        this.#file.run(
          `DELETE FROM marks WHERE collection = ? AND (source, position) IN
             (SELECT source, position FROM marks WHERE collection = ? LIMIT ?)`,
          id,
          id,
          limit,
        ),
      ];
      return dropped.every((count) => count < limit);
    });
  }

  forget(id: number): void {
    this.#file.run('DELETE FROM sources WHERE collection = ?', id);
    this.#file.run('DELETE FROM collections WHERE id = ?', id);
    this.#sources.delete(id);
  }

  /** Numbers of collections that have a row here. */
  numbers(): number[] {
    return this.#file.all<{ id: number }>('SELECT id FROM collections').map(({ id }) => id);
  }

  sources(id: number): NumberedSources {
    let sources = this.#sources.get(id);
    if (!sources) {
      sources = new NumberedSources(this.#file, id);
      this.#sources.set(id, sources);
    }
    return sources;
  }

  #row(id: number): FoldRow | undefined {
    return this.#file.get<FoldRow>('SELECT * FROM collections WHERE id = ?', id);
  }

  #assertHeld(id: number, lease: FoldLease): void {
    if (this.#row(id)?.fold_token !== lease.token) throw new FoldLostError(lease.incarnation);
  }

  #put(id: number, { entry, stored }: EntryPut, sources: SourceNumbers): void {
    const row = entryIdOf(id, entry.ordinal);
    const fields = JSON.stringify(entry.fields);
    const contributions = contributionsText(entry, fields, sources);
    if (stored?.ordinal === entry.ordinal) {
      this.#update(row, entry, stored, fields, contributions);
    } else {
      if (stored) this.#file.run('DELETE FROM entries WHERE id = ?', entryIdOf(id, stored.ordinal));
      this.#file.run('DELETE FROM tombstones WHERE collection = ? AND key = ?', id, entry.key);
      this.#file.run(
        `INSERT INTO entries (id, collection, key, version, first_seen_at, updated_at, fields, contributions)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        row,
        id,
        entry.key,
        entry.version,
        entry.firstSeenAt,
        entry.updatedAt,
        fields,
        contributions,
      );
    }
    this.#putMarks(id, row, entry, stored, sources);
  }

  /** Names only the columns that change: the others' indexes are left alone. */
  #update(row: number, entry: EntryState, stored: EntryState, fields: string, contributions: string): void {
    if (entry.version === stored.version) {
      this.#file.run('UPDATE entries SET contributions = ? WHERE id = ?', contributions, row);
    } else {
      this.#file.run(
        'UPDATE entries SET version = ?, updated_at = ?, fields = ?, contributions = ? WHERE id = ?',
        entry.version,
        entry.updatedAt,
        fields,
        contributions,
        row,
      );
    }
  }

  #putMarks(
    id: number,
    row: number,
    entry: EntryState,
    stored: EntryState | undefined,
    sources: SourceNumbers,
  ): void {
    const isNew = stored?.ordinal !== entry.ordinal;
    for (const { sourceId, mark } of stored?.contributions ?? []) {
      const now = isNew ? undefined : entry.contributions.find((other) => other.sourceId === sourceId)?.mark;
      if (now?.position !== mark.position) this.#removeMark(id, sources.numberOf(sourceId), mark);
    }
    for (const { sourceId, mark } of entry.contributions) {
      const before = isNew
        ? undefined
        : stored?.contributions.find((other) => other.sourceId === sourceId)?.mark;
      if (before?.position === mark.position && before.at === mark.at) continue;
      this.#file.run(
        'INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)',
        id,
        sources.numberOf(sourceId),
        mark.position,
        mark.at,
        row,
      );
    }
  }

  #remove(id: number, removal: EntryRemoval, sources: SourceNumbers): void {
    const { stored, key, version, firstSeenAt, removedAt } = removal;
    if (stored) {
      for (const { sourceId, mark } of stored.contributions) {
        this.#removeMark(id, sources.numberOf(sourceId), mark);
      }
      this.#file.run('DELETE FROM entries WHERE id = ?', entryIdOf(id, stored.ordinal));
    }
    this.#file.run('DELETE FROM tombstones WHERE collection = ? AND key = ?', id, key);
    this.#file.run('INSERT INTO tombstones VALUES (?, ?, ?, ?, ?)', id, version, key, firstSeenAt, removedAt);
  }

  #removeMark(id: number, source: number, mark: Mark): void {
    this.#file.run(
      'DELETE FROM marks WHERE collection = ? AND source = ? AND position = ?',
      id,
      source,
      mark.position,
    );
  }
}

/** Sources are numbered within their collection, in the order in which its definitions name them. */
class NumberedSources implements SourceNumbers {
  readonly #file: SqliteFile;
  readonly #collection: number;
  readonly #numbers = new Map<string, number>();
  readonly #ids: string[] = [];

  constructor(file: SqliteFile, collection: number) {
    this.#file = file;
    this.#collection = collection;
    const rows = file.all<{ source_id: string }>(
      'SELECT source_id FROM sources WHERE collection = ? ORDER BY number',
      collection,
    );
    for (const { source_id } of rows) this.#keep(source_id);
  }

  find(sourceId: string): number | undefined {
    return this.#numbers.get(sourceId);
  }

  numberOf(sourceId: string): number {
    const known = this.#numbers.get(sourceId);
    if (known !== undefined) return known;
    const number = this.#ids.length;
    this.#file.run('INSERT INTO sources VALUES (?, ?, ?)', this.#collection, number, sourceId);
    return this.#keep(sourceId);
  }

  idOf(number: number): string {
    const sourceId = this.#ids[number];
    if (sourceId === undefined)
      throw new Error(`Source ${number} of collection ${this.#collection} is unknown.`);
    return sourceId;
  }

  #keep(sourceId: string): number {
    this.#numbers.set(sourceId, this.#ids.length);
    return this.#ids.push(sourceId) - 1;
  }
}
