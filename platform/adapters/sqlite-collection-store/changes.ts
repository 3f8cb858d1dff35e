import { entryId } from '../../model/entry.ts';
import type { ChangePage, EntryChange } from '../../model/record.ts';
import type { ChangesRequest, CollectionStatus, HistoryItem } from '../../ports/collection-store.ts';
import type { SqliteFile } from '../../sqlite.ts';
import { sourcesIn } from '../contribution-text.ts';
import type { SqliteEntries } from './entries.ts';
import type { CollectionRow } from './journal.ts';
import type { EntryRow } from './rows.ts';

interface HeadRow {
  readonly head: number;
  readonly floor: number;
  readonly entry_count: number;
  readonly updated_at: number | null;
}

interface TombstoneRow {
  readonly version: number;
  readonly key: string;
  readonly first_seen_at: number;
  readonly removed_at: number;
}

/** The readers' side of the entries' file. */
export class SqliteChanges {
  readonly #file: SqliteFile;
  readonly #entries: SqliteEntries;

  constructor(file: SqliteFile, entries: SqliteEntries) {
    this.#file = file;
    this.#entries = entries;
  }

  status(id: number): CollectionStatus {
    const { head, entry_count, updated_at } = this.#head(id);
    return { head, entryCount: entry_count, updatedAt: updated_at ?? undefined };
  }

  since({ id, incarnation, name }: CollectionRow, request: ChangesRequest): ChangePage {
    const { head, floor } = this.#head(id);
    const { version, limit, resetHead } = request;
    const isKnown = request.incarnation === incarnation && version <= head;
    // What was removed up to the floor is forgotten; whoever began from nothing behind the floor never had it.
    const isReset = !isKnown || (version < floor && (resetHead === undefined || resetHead < floor));
    const after = isReset ? 0 : version;
    const live = this.#file.all<EntryRow>(
      `SELECT entries.* FROM versions CROSS JOIN entries
         ON entries.id = versions.entry AND entries.version = versions.version
         WHERE versions.collection = ? AND versions.version > ? ORDER BY versions.version LIMIT ?`,
      id,
      after,
      limit,
    );
    const removed = isReset
      ? []
      : this.#file.all<TombstoneRow>(
          'SELECT * FROM tombstones WHERE collection = ? AND version > ? ORDER BY version LIMIT ?',
          id,
          after,
          limit,
        );
    const sources = this.#entries.sources(id);
    const changes = [
      ...live.map(
        (row): EntryChange => ({
          id: entryId(name, row.key),
          key: row.key,
          version: row.version,
          removed: false,
          fields: JSON.parse(row.fields),
          firstSeenAt: new Date(row.first_seen_at).toISOString(),
          updatedAt: new Date(row.updated_at).toISOString(),
          sourceIds: sourcesIn<number>(row.contributions).map((number) => sources.idOf(number)),
        }),
      ),
      ...removed.map(
        (row): EntryChange => ({
          id: entryId(name, row.key),
          key: row.key,
          version: row.version,
          removed: true,
          fields: null,
          firstSeenAt: new Date(row.first_seen_at).toISOString(),
          updatedAt: new Date(row.removed_at).toISOString(),
          sourceIds: [],
        }),
      ),
    ]
      .sort((a, b) => a.version - b.version)
      .slice(0, limit);
    // A page that is not full has come to the head, whatever the version of its last change.
    const isLast = changes.length < limit;
    return {
      incarnation,
      reset: isReset,
      changes,
      version: isLast ? head : (changes.at(-1)?.version ?? head),
      head,
    };
  }

  history(id: number, version: number, limit: number): HistoryItem[] {
    return this.#file
      .all<{ version: number; key: string; fields: string | null; at: number }>(
        'SELECT version, key, fields, at FROM history WHERE collection = ? AND version > ? ORDER BY version LIMIT ?',
        id,
        version,
        limit,
      )
      .map((row) => ({ ...row, fields: row.fields === null ? null : JSON.parse(row.fields) }));
  }

  pruneTombstones(id: number, before: number, limit: number): number {
    const oldest = this.#file
      .all<TombstoneRow>('SELECT * FROM tombstones WHERE collection = ? ORDER BY version LIMIT ?', id, limit)
      .filter((row) => row.removed_at < before);
    const last = oldest.at(-1)?.version;
    if (last === undefined) return 0;
    this.#file.transaction(() => {
      this.#file.run('DELETE FROM tombstones WHERE collection = ? AND version <= ?', id, last);
      this.#file.run('UPDATE collections SET floor = ? WHERE id = ?', last, id);
    });
    return oldest.length;
  }

  pruneHistory(id: number, before: number, limit: number): number {
    const oldest = this.#file
      .all<{ version: number; at: number }>(
        'SELECT version, at FROM history WHERE collection = ? ORDER BY version LIMIT ?',
        id,
        limit,
      )
      .filter((row) => row.at < before);
    const last = oldest.at(-1)?.version;
    if (last === undefined) return 0;
    return this.#file.run('DELETE FROM history WHERE collection = ? AND version <= ?', id, last);
  }

  #head(id: number): HeadRow {
    return (
      this.#file.get<HeadRow>(
        'SELECT head, floor, entry_count, updated_at FROM collections WHERE id = ?',
        id,
      ) ?? { head: 0, floor: 0, entry_count: 0, updated_at: null }
    );
  }
}
