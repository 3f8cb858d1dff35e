import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteCollectionStore } from '../../../platform/adapters/sqlite-collection-store.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { JournalItem } from '../../../platform/model/journal.ts';
import type { CollectionStore } from '../../../platform/ports/collection-store.ts';
import { CollectionFold } from '../../../subgraphs/datasource/folding/collection-fold.ts';

export const ITEMS_MAX = 4;
const NOW = Date.UTC(2026, 0, 1);

/** One collection in a store on disk, folded chunk by chunk, whose process may die between any two. */
export class FoldingCollection {
  store: CollectionStore;
  nowMs = NOW;
  readonly #folder: string;
  readonly #incarnation: string;
  #fold: CollectionFold | undefined;
  #holders = 0;

  static async open(incarnation: string): Promise<FoldingCollection> {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-datasource-'));
    return new FoldingCollection(folder, incarnation, await openSqliteCollectionStore(folder));
  }

  private constructor(folder: string, incarnation: string, store: CollectionStore) {
    this.#folder = folder;
    this.#incarnation = incarnation;
    this.store = store;
  }

  async define(definition: CollectionDefinition): Promise<void> {
    await this.store.takeDefinitions([definition], definition.revision, this.nowMs);
  }

  /** @returns Whether there was anything to fold. */
  async foldChunk(chunkEntries: number): Promise<boolean> {
    this.#fold ??= new CollectionFold(this.store, this.#incarnation, {
      chunkEntries,
      contributionItemsMax: ITEMS_MAX,
    });
    const lease = await this.store.acquireFold(this.#incarnation, `${this.#holders}`, 60_000, this.nowMs);
    if (!lease) throw new Error('The lease is held by nobody we know.');
    const { hasMore } = await this.#fold.foldChunk(lease);
    return hasMore;
  }

  async foldAll(chunkEntries: number): Promise<void> {
    this.#fold = undefined;
    while (await this.foldChunk(chunkEntries));
  }

  /** As if the process had been killed: nothing is left but the files. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.#fold = undefined;
    this.#holders += 1;
    this.store = await openSqliteCollectionStore(this.#folder);
  }

  /** Another store with the same journal and nothing folded from it. */
  async unfoldedCopy(): Promise<FoldingCollection> {
    await this.reopen();
    await this.store.close();
    const folder = await mkdtemp(join(tmpdir(), 'tributary-datasource-'));
    for (const name of ['journal.db', 'journal.db-wal']) {
      const path = join(this.#folder, name);
      if (existsSync(path)) await copyFile(path, join(folder, name));
    }
    this.store = await openSqliteCollectionStore(this.#folder);
    return new FoldingCollection(folder, this.#incarnation, await openSqliteCollectionStore(folder));
  }

  async journal(): Promise<readonly JournalItem[]> {
    return this.store.readJournal(this.#incarnation, 0, Number.POSITIVE_INFINITY);
  }

  async entries() {
    return this.store.entriesBehind(this.#incarnation, 0, 1_000_000);
  }

  async history() {
    return this.store.history(this.#incarnation, 0, 1_000_000);
  }

  /** All that was folded, down to the bookkeeping. */
  async everything() {
    return {
      state: await this.store.foldState(this.#incarnation),
      status: await this.store.status(this.#incarnation),
      entries: await this.entries(),
      history: await this.history(),
      changes: await this.store.changesSince(this.#incarnation, {
        incarnation: this.#incarnation,
        version: 0,
        limit: 1_000_000,
      }),
    };
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.#folder, { recursive: true });
  }
}
