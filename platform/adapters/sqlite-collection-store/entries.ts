import type { Contribution, EntryState } from '../../model/entry-state.ts';
import type {
  EntryPut,
  EntryRemoval,
  FoldCommit,
  FoldLease,
  FoldState,
  SourceFilter,
} from '../../ports/collection-store.ts';
import type { SqliteFile } from '../../sqlite.ts';
import { contributionsText } from '../contribution-text.ts';
import { BLOCK_ENTRIES, SqliteBlocks } from './blocks.ts';
import { SqliteFoldLeases } from './leases.ts';
import { type EntryRow, entryIdOf, entryOf, type SourceNumbers } from './rows.ts';
import { NumberedSources } from './sources.ts';
import { SqliteVersions } from './versions.ts';

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
}

/** The fold's side of the entries' file: state, entries, tombstones, history. */
export class SqliteEntries {
  readonly #file: SqliteFile;
  readonly leases: SqliteFoldLeases;
  readonly #blocks: SqliteBlocks;
  readonly #versions: SqliteVersions;
  readonly #sources = new Map<number, NumberedSources>();

  constructor(file: SqliteFile) {
    this.#file = file;
    this.#blocks = new SqliteBlocks(file);
    this.#versions = new SqliteVersions(file);
    this.leases = new SqliteFoldLeases(file);
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

  ofSource(id: number, sourceId: string, which: SourceFilter, limit: number): EntryState[] {
    const source = this.sources(id).find(sourceId);
    if (source === undefined) return [];
    const { touchedBefore, seenUntil } = which;
    const found: EntryState[] = [];
    // Every block found has at least one of the entries.
    for (const block of this.#blocks.find(id, source, which, limit)) {
      for (const entry of this.#block(id, block)) {
        const contribution = entry.contributions.find((other) => other.sourceId === sourceId);
        if (!contribution) continue;
        const { touched, oldestSeenAt = Number.POSITIVE_INFINITY } = contribution;
        if (touchedBefore !== undefined && touched >= touchedBefore) continue;
        if (seenUntil !== undefined && oldestSeenAt > seenUntil) continue;
        if (found.push(entry) >= limit) return found;
      }
    }
    return found;
  }

  oldestSeenAt(id: number, sourceId: string): number | undefined {
    const source = this.sources(id).find(sourceId);
    return source === undefined ? undefined : this.#blocks.oldestSeenAt(id, source);
  }

  commit(id: number, lease: FoldLease, { state, puts, removals, history }: FoldCommit): void {
    try {
      this.#file.transaction(() => {
        this.leases.assertHeld(id, lease);
        const sources = this.sources(id);
        for (const source of state.definition?.sources ?? []) sources.numberOf(source.id);
        for (const removal of removals) this.#remove(id, removal, sources);
        for (const put of puts) this.#put(id, put, sources);
        this.#versions.sweep(id, puts.length + removals.length, state.entryCount);
        this.#blocks.flush(id, (source, block) => this.#oldestInBlock(id, source, block));
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
      this.#blocks.discard();
      this.#versions.recount(id);
      throw error;
    }
  }

  /** @returns Whether nothing but the collection's own row is left. */
  dropChunk(id: number, lease: FoldLease, limit: number): boolean {
    return this.#file.transaction(() => {
      this.leases.assertHeld(id, lease);
      const dropped = [
        this.#file.run(
          'DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE id >= ? AND id < ? LIMIT ?)',
          entryIdOf(id, 0),
          entryIdOf(id + 1, 0),
          limit,
        ),
        ...['tombstones', 'history', 'versions', 'stale_versions'].map((table) =>
          this.#file.run(
            `DELETE FROM ${table} WHERE collection = ? AND version IN
               (SELECT version FROM ${table} WHERE collection = ? LIMIT ?)`,
            id,
            id,
            limit,
          ),
        ),
        this.#file.run(
          `DELETE FROM blocks WHERE collection = ? AND (source, block) IN
             (SELECT source, block FROM blocks WHERE collection = ? LIMIT ?)`,
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
    this.#versions.recount(id);
  }

  /** Numbers of collections that have a row here. */
  numbers(): number[] {
    return this.#file.all<{ id: number }>('SELECT id FROM collections').map(({ id }) => id);
  }

  isEmpty(id: number): boolean {
    return !this.#file.get(
      'SELECT id FROM entries WHERE id >= ? AND id < ? LIMIT 1',
      entryIdOf(id, 0),
      entryIdOf(id + 1, 0),
    );
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

  #put(id: number, { entry, stored }: EntryPut, sources: SourceNumbers): void {
    const row = entryIdOf(id, entry.ordinal);
    const fields = JSON.stringify(entry.fields);
    const contributions = contributionsText(entry.contributions, fields, (id) => sources.numberOf(id));
    if (stored?.ordinal === entry.ordinal) {
      this.#update(row, entry, stored, fields, contributions);
    } else {
      if (stored) this.#drop(id, stored, sources);
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
    if (stored?.ordinal !== entry.ordinal || stored.version !== entry.version) {
      this.#versions.add(id, entry.version, row);
      if (stored?.ordinal === entry.ordinal) this.#versions.supersede(id, stored.version);
    }
    const before = stored?.ordinal === entry.ordinal ? stored.contributions : [];
    this.#note(entry.ordinal, before, entry.contributions, sources);
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

  /** Tells the blocks how the entry's contributions went over. */
  #note(
    ordinal: number,
    before: readonly Contribution[],
    after: readonly Contribution[],
    sources: SourceNumbers,
  ): void {
    for (const contribution of before) {
      const next = after.find((other) => other.sourceId === contribution.sourceId);
      this.#blocks.note(sources.numberOf(contribution.sourceId), ordinal, contribution, next);
    }
    for (const contribution of after) {
      if (before.some((other) => other.sourceId === contribution.sourceId)) continue;
      this.#blocks.note(sources.numberOf(contribution.sourceId), ordinal, undefined, contribution);
    }
  }

  #remove(id: number, removal: EntryRemoval, sources: SourceNumbers): void {
    const { stored, key, version, firstSeenAt, removedAt } = removal;
    if (stored) this.#drop(id, stored, sources);
    this.#file.run('DELETE FROM tombstones WHERE collection = ? AND key = ?', id, key);
    this.#file.run('INSERT INTO tombstones VALUES (?, ?, ?, ?, ?)', id, version, key, firstSeenAt, removedAt);
  }

  #drop(id: number, stored: EntryState, sources: SourceNumbers): void {
    this.#note(stored.ordinal, stored.contributions, [], sources);
    this.#versions.supersede(id, stored.version);
    this.#file.run('DELETE FROM entries WHERE id = ?', entryIdOf(id, stored.ordinal));
  }

  #block(id: number, block: number): EntryState[] {
    const sources = this.sources(id);
    return this.#file
      .all<EntryRow>(
        'SELECT * FROM entries WHERE id >= ? AND id < ? ORDER BY id',
        entryIdOf(id, block * BLOCK_ENTRIES),
        entryIdOf(id, (block + 1) * BLOCK_ENTRIES),
      )
      .map((row) => entryOf(row, sources));
  }

  #oldestInBlock(id: number, source: number, block: number): number | undefined {
    const sourceId = this.sources(id).idOf(source);
    const times = this.#block(id, block).flatMap(
      (entry) => entry.contributions.find((other) => other.sourceId === sourceId)?.oldestSeenAt ?? [],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
