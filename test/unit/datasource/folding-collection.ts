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
const LEASE_MS = 60_000;
const NOW = Date.UTC(2026, 0, 1);

/** Where a store is kept, whatever becomes of the process. */
export interface StorePlace {
  open(): Promise<CollectionStore>;
  /** Leaves of a store what there is once its process has been killed. */
  kill(store: CollectionStore): Promise<void>;
  dispose(): Promise<void>;
}

/** One collection in a store on disk, folded chunk by chunk, whose process may die between any two. */
export class FoldingCollection {
  store: CollectionStore;
  nowMs = NOW;
  readonly #place: StorePlace;
  readonly #incarnation: string;
  #fold: CollectionFold | undefined;
  #holders = 0;

  static async open(incarnation: string, place?: StorePlace): Promise<FoldingCollection> {
    const kept = place ?? inFolder(await newFolder());
    return new FoldingCollection(kept, incarnation, await kept.open());
  }

  private constructor(place: StorePlace, incarnation: string, store: CollectionStore) {
    this.#place = place;
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
    // By the time that another holder comes, the lease of the one before has ended.
    const now = this.nowMs + this.#holders * LEASE_MS;
    const lease = await this.store.acquireFold(this.#incarnation, `${this.#holders}`, LEASE_MS, now);
    if (!lease) throw new Error('The lease is held by nobody we know.');
    const { hasMore } = await this.#fold.foldChunk(lease);
    return hasMore;
  }

  async foldAll(chunkEntries: number): Promise<void> {
    this.#fold = undefined;
    while (await this.foldChunk(chunkEntries));
  }

  /** As if the process had been killed: nothing is left but what is stored. */
  async reopen(): Promise<void> {
    await this.#place.kill(this.store);
    this.#fold = undefined;
    this.#holders += 1;
    this.store = await this.#place.open();
  }

  /** Another store with the same journal and nothing folded from it; of SQLite's files only. */
  async unfoldedCopy(): Promise<FoldingCollection> {
    await this.reopen();
    await this.store.close();
    const [from, to] = [(this.#place as FolderPlace).folder, await newFolder()];
    for (const name of ['journal.db', 'journal.db-wal']) {
      if (existsSync(join(from, name))) await copyFile(join(from, name), join(to, name));
    }
    this.store = await this.#place.open();
    return FoldingCollection.open(this.#incarnation, inFolder(to));
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
    await this.#place.dispose();
  }
}

interface FolderPlace extends StorePlace {
  readonly folder: string;
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tributary-datasource-'));
}

function inFolder(folder: string): FolderPlace {
  return {
    folder,
    open: () => openSqliteCollectionStore(folder),
    kill: async (store) => store.close(),
    dispose: () => rm(folder, { recursive: true }),
  };
}
