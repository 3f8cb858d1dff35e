import { rmSync } from 'node:fs';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { SqliteFile } from '../../../platform/sqlite.ts';
import { CollectionCatalog } from './catalog.ts';
import { CollectionView } from './collection-view.ts';
import { TABLE_NAME } from './table-schema.ts';

/** Counts the shapes that the file has had: one of another shape is thrown away and read anew from datasource. */
const FORMAT = 1;

/** The view of all collections: a private, disposable file that outlives restarts. */
export class ViewFile implements Closeable {
  readonly #file: SqliteFile;
  readonly #catalog: CollectionCatalog;
  readonly #collections = new Map<string, CollectionView>();

  private constructor(file: SqliteFile) {
    this.#file = file;
    this.#catalog = new CollectionCatalog(file);
    const records = this.#catalog.all();
    this.#dropTablesExcept(new Set(records.map((record) => record.tableNumber)));
    for (const record of records) {
      this.#collections.set(record.definition.name, new CollectionView(file, this.#catalog, record));
    }
  }

  /** @throws {TributaryError} CONFIG_INVALID where the file cannot be opened or written. */
  static open(path: string): ViewFile {
    try {
      return ViewFile.#tryOpen(path);
    } catch (error) {
      if (path === ':memory:' || !isUnreadable(error)) throw error;
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
      return ViewFile.#tryOpen(path);
    }
  }

  static #tryOpen(path: string): ViewFile {
    const file = new SqliteFile(path, { durability: 'NORMAL' });
    try {
      const version = file.get<{ user_version: number }>('PRAGMA user_version')?.user_version;
      if (version !== 0 && version !== FORMAT) throw new OtherFormatError(`Format ${version}`);
      file.script(`PRAGMA user_version = ${FORMAT}`);
      return new ViewFile(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get collections(): ReadonlyMap<string, CollectionView> {
    return this.#collections;
  }

  get revision(): number {
    return this.#catalog.revision;
  }

  set revision(revision: number) {
    this.#catalog.revision = revision;
  }

  add(definition: CollectionDefinition): CollectionView {
    const view = CollectionView.create(this.#file, this.#catalog, definition);
    this.#collections.set(definition.name, view);
    return view;
  }

  remove(name: string): void {
    this.#collections.get(name)?.drop();
    this.#collections.delete(name);
  }

  close(): void {
    this.#file.close();
  }

  /** Of replacements and collections whose end the process did not live to see. */
  #dropTablesExcept(numbers: ReadonlySet<number>): void {
    const tables = this.#file.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    for (const { name } of tables) {
      const number = TABLE_NAME.exec(name)?.[1];
      if (number !== undefined && !numbers.has(Number(number))) this.#file.script(`DROP TABLE ${name}`);
    }
  }
}

/** The file is of another version of Tributary, which is no fault: it is made anew. */
class OtherFormatError extends Error {}

function isUnreadable(error: unknown): boolean {
  if (error instanceof OtherFormatError) return true;
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const { code } = cause as { code?: unknown };
  return code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT';
}
