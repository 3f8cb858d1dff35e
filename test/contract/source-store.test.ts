import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMongoSourceStore } from '../../platform/adapters/mongo-source-store.ts';
import { openSqliteSourceStore } from '../../platform/adapters/sqlite-source-store.ts';
import { SqliteFile } from '../../platform/sqlite.ts';
import { databaseUrl, dropDatabase } from '../support/mongo-database.ts';
import { sourceStoreContract } from './source-store.ts';
import { aChange, aRun, aSource, aWorker, NOW } from './source-store-builders.ts';

sourceStoreContract('The SQLite file', () => openSqliteSourceStore(':memory:'));

describe.skipIf(!process.env.MONGODB_URL)('With MongoDB', () => {
  sourceStoreContract('the database', async () => {
    const url = databaseUrl();
    const store = await openMongoSourceStore(url);
    const close = async () => {
      await store.close();
      await dropDatabase(url);
    };
    return { ...store, close };
  });
});

describe('The SQLite file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('goes on after a restart where it was: sources, positions, tokens, workers', async () => {
    const path = join(folder, 'configuration.db');
    const before = await openSqliteSourceStore(path);
    await before.commit({ ...aChange(aSource('s1')), runs: [aRun('r1', 's1')] });
    const claim = await before.claim(aWorker('w1'), NOW, 15_000);
    await before.close();

    const after = await openSqliteSourceStore(path);
    expect(await after.source('s1')).toEqual(claim?.claimed[0]);
    expect(await after.run('r1')).toEqual(aRun('r1', 's1'));
    expect(await after.definitions(0, 10)).toMatchObject({ revision: 1 });
    const renewal = await after.renew('w1', claim?.after ?? 0, NOW + 1, 15_000);
    expect(renewal?.changed).toMatchObject([{ spec: { id: 's1' }, token: 1 }]);
    await after.close();
  });

  it('has every commit that it acknowledged before its process was killed, and none by halves', async () => {
    const path = join(folder, 'configuration.db');
    const writer = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('./source-store-writer.ts', import.meta.url)), path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exit = once(writer, 'exit');
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 50) writer.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);

    const store = await openSqliteSourceStore(path);
    const sources = await store.sourcesOfCollection('books', 'books-1');
    const ids = sources.map(({ spec }) => spec.id);
    expect(ids.slice(0, acknowledged.length)).toEqual(acknowledged);
    const { definitions } = await store.definitions(0, 10);
    expect(definitions[0]?.sources.map(({ id }) => id)).toEqual(ids);
    for (const { queuedRunId } of sources) expect(await store.run(queuedRunId ?? '')).toBeDefined();
    await store.close();
  });

  it('refuses a file that a newer version wrote, and leaves it as it is', async () => {
    const path = join(folder, 'configuration.db');
    await (await openSqliteSourceStore(path)).close();
    const file = new SqliteFile(path, { durability: 'FULL' });
    file.script('PRAGMA user_version = 99');
    file.close();
    await expect(openSqliteSourceStore(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('says which file cannot be opened', async () => {
    await expect(openSqliteSourceStore(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(folder),
    });
  });
});
