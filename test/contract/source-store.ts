import { describe } from 'vitest';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { sourceStoreChanges } from './source-store-changes.ts';
import { sourceStoreLeases } from './source-store-leases.ts';
import { sourceStorePreviews } from './source-store-previews.ts';
import { sourceStoreReads } from './source-store-reads.ts';

/** What every source store promises. @param open Opens an empty one. */
export function sourceStoreContract(adapter: string, open: () => Promise<SourceStore>): void {
  describe(`${adapter} is a source store that`, () => {
    sourceStoreChanges(open);
    sourceStoreReads(open);
    sourceStoreLeases(open);
    sourceStorePreviews(open);
  });
}
