import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMongoCollectionStore } from '../../platform/adapters/mongo-collection-store.ts';
import { openSqliteCollectionStore } from '../../platform/adapters/sqlite-collection-store.ts';
import { databaseUrl, dropDatabase } from '../support/mongo-database.ts';
import { collectionStoreContract } from './collection-store.ts';
import { batchOf, commit, definitionOf, entryOf, NOW } from './collection-store-builders.ts';

collectionStoreContract('SqliteCollectionStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-collection-store-'));
  return {
    open: () => openSqliteCollectionStore(folder),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});

describe.skipIf(!process.env.MONGODB_URL)('With MongoDB', () => {
  collectionStoreContract('MongoCollectionStore', async () => {
    const url = databaseUrl();
    return { open: () => openMongoCollectionStore(url), dispose: () => dropDatabase(url) };
  });
});

describe('The files of a SqliteCollectionStore', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-collection-store-'));
    const store = await openSqliteCollectionStore(folder);
    await store.takeDefinitions([definitionOf()], 1, NOW);
    await store.appendBatch(batchOf(), NOW);
    const lease = await store.acquireFold('books-1', 'fold', 60_000, NOW);
    if (!lease) throw new Error('Nobody else folds.');
    await commit(store, lease, [{ entry: entryOf(1), stored: undefined }]);
    await store.close();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const remove = (name: string) =>
    Promise.all(['', '-wal', '-shm'].map((end) => rm(join(folder, name + end), { force: true })));

  it('are refused where the entries are of another journal', async () => {
    await remove('journal.db');
    await expect(openSqliteCollectionStore(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('another journal.db'),
    });
    await remove('entries.db');
    await (await openSqliteCollectionStore(folder)).close();
  });

  it('are refused where the journal is an older one', async () => {
    const store = await openSqliteCollectionStore(folder);
    const lease = await store.acquireFold('books-1', 'fold', 60_000, NOW);
    const state = await store.foldState('books-1');
    if (!lease || !state) throw new Error('Nobody else folds.');
    const ahead = { ...state, definition: definitionOf(), sequence: 1_000 };
    await store.commitFold(lease, { state: ahead, puts: [], removals: [], history: [] });
    await store.close();
    await expect(openSqliteCollectionStore(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('are refused in one line where they are damaged', async () => {
    for (const name of ['journal.db', 'entries.db']) {
      const file = await open(join(folder, name), 'r+');
      const { size } = await stat(join(folder, name));
      for (let at = 4096; at < size; at += 4096) await file.write(Buffer.alloc(4096), 0, 4096, at);
      await file.close();
    }
    await expect(openSqliteCollectionStore(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(folder),
    });
  });
});
