import type { SqliteFile } from '../../sqlite.ts';
import type { SourceNumbers } from './rows.ts';

/** Sources are numbered within their collection, in the order in which its definitions name them. */
export class NumberedSources implements SourceNumbers {
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
