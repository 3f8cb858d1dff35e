import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMongoSourceStore, startMongoSourceStore } from '../../platform/adapters/mongo-source-store.ts';
import { openMongo } from '../../platform/mongo.ts';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { databaseUrl, dropDatabase, interceptedDb } from '../support/mongo-database.ts';
import { aChange, aRun, aSource, aWorker, NOW } from './source-store-builders.ts';
import { sourceStoreChanges } from './source-store-changes.ts';
import { sourceStoreReads } from './source-store-reads.ts';

const LEASE_MS = 15_000;

describe.skipIf(!process.env.MONGODB_URL)('The MongoDB source store', () => {
  let url: string;
  beforeEach(() => {
    url = databaseUrl();
  });
  afterEach(() => dropDatabase(url));

  it('goes on after a restart where it was: sources, runs, tokens, workers', async () => {
    const before = await openMongoSourceStore(url);
    await before.commit({ ...aChange(aSource('s1')), runs: [aRun('r1', 's1')] });
    const claim = await before.claim(aWorker('w1'), NOW, LEASE_MS);
    await before.close();

    const after = await openMongoSourceStore(url);
    expect(await after.source('s1')).toEqual(claim?.claimed[0]);
    expect(await after.run('r1')).toEqual(aRun('r1', 's1'));
    expect(await after.definitions(0, 10)).toMatchObject({ revision: 1 });
    const renewal = await after.renew('w1', claim?.after ?? 0, NOW + 1, LEASE_MS);
    expect(renewal?.changed).toMatchObject([{ spec: { id: 's1' }, token: 1 }]);
    await after.close();
  });

  it('is set up once, by however many replicas start at the same time', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openMongoSourceStore(url)));
    for (const [index, store] of stores.entries()) {
      const source = aSource(`s${index}`, { incarnation: `${index}` }, { collection: `c${index}` });
      expect(await store.commit(aChange(source))).toEqual({ version: 1, definitionsRevision: index + 1 });
    }
    for (const store of stores) {
      const { names } = await store.collectionNames();
      expect([...names].sort()).toEqual(['c0', 'c1', 'c2', 'c3']);
      await store.close();
    }
  });

  it('refuses a database that a newer version wrote', async () => {
    await (await openMongoSourceStore(url)).close();
    const place = openMongo(url);
    await place.db.collection('schema_versions').updateMany({}, { $set: { version: 99 } });
    await place.close();
    await expect(openMongoSourceStore(url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('says that the server does not answer, not how the driver puts it', async () => {
    const place = openMongo('mongodb://127.0.0.1:1/nowhere', { selectionTimeoutMs: 50 });
    await expect(startMongoSourceStore(place)).rejects.toMatchObject({
      code: 'DATASOURCE_UNAVAILABLE',
      retryable: true,
    });
  });

  it('has every commit that it acknowledged before its process was killed, and none by halves', async () => {
    await (await openMongoSourceStore(url)).close();
    const writer = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('./source-store-writer.ts', import.meta.url)), url],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exit = once(writer, 'exit');
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 50) writer.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);

    const store = await openMongoSourceStore(url);
    const { definitions } = await store.definitions(0, 10);
    const sources = await store.sourcesOfCollection('books', 'books-1');
    const ids = sources.map(({ spec }) => spec.id);
    expect(ids.slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(definitions[0]?.sources.map(({ id }) => id)).toEqual(ids);
    for (const { queuedRunId } of sources) expect(await store.run(queuedRunId ?? '')).toBeDefined();
    await store.close();
  });
});

/** As the driver does where the answer was lost, and the server does not remember the write. */
describe.skipIf(!process.env.MONGODB_URL)('The MongoDB source store whose writes all are sent twice', () => {
  const SENT_AGAIN: ReadonlySet<string> = new Set(['insertOne', 'updateOne', 'replaceOne']);

  const open = async (): Promise<SourceStore> => {
    const url = databaseUrl();
    const place = openMongo(url);
    const db = interceptedDb(place.db, async ({ collection, method }, send) => {
      if (SENT_AGAIN.has(method) && collection !== 'previews') await send();
      return send();
    });
    const store = await startMongoSourceStore({ db, close: () => place.close() });
    const close = async () => {
      await store.close();
      await dropDatabase(url);
    };
    return { ...store, close };
  };
  sourceStoreChanges(open);
  sourceStoreReads(open);
});
