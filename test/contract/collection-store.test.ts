import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteCollectionStore } from '../../platform/adapters/sqlite-collection-store.ts';
import { collectionStoreContract } from './collection-store.ts';

collectionStoreContract('SqliteCollectionStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-collection-store-'));
  return {
    open: () => openSqliteCollectionStore(folder),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});
