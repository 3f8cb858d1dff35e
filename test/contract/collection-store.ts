import { afterEach, beforeEach, describe } from 'vitest';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import { collectionStoreChanges } from './collection-store-changes.ts';
import { collectionStoreFold } from './collection-store-fold.ts';
import { collectionStoreJournal } from './collection-store-journal.ts';

/** A place that stores can be opened on again and again. */
export interface CollectionStorePlace {
  open(): Promise<CollectionStore>;
  dispose(): Promise<void>;
}

/** The store under test, in the hands of the suite's parts. */
export interface Subject {
  readonly store: CollectionStore;
  /** Closes it and opens it again on what it stored. */
  reopen(): Promise<void>;
}

/** What every CollectionStore promises. */
export function collectionStoreContract(adapter: string, place: () => Promise<CollectionStorePlace>): void {
  describe(`${adapter} is a CollectionStore that`, () => {
    let current: CollectionStorePlace;
    let store: CollectionStore;
    const subject: Subject = {
      get store() {
        return store;
      },
      async reopen() {
        await store.close();
        store = await current.open();
      },
    };

    beforeEach(async () => {
      current = await place();
      store = await current.open();
    });
    afterEach(async () => {
      await store.close();
      await current.dispose();
    });

    collectionStoreJournal(subject);
    collectionStoreFold(subject);
    collectionStoreChanges(subject);
  });
}
