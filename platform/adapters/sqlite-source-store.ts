import type { ObservedCluster } from '../model/cluster.ts';
import type { SourceStore } from '../ports/source-store.ts';
import { SqliteFile } from '../sqlite.ts';
import { commitChange, pruneRuns } from './sqlite-source-store/commit.ts';
import { createLeases } from './sqlite-source-store/leases.ts';
import { createPreviews } from './sqlite-source-store/previews.ts';
import { createDefinitionReads, createRunReads, createSourceReads } from './sqlite-source-store/reads.ts';
import { migrate } from './sqlite-source-store/schema.ts';

/**
 * SourceStore in one SQLite file, opened by one process. Each method is one transaction that reaches the disk
 * before it resolves.
 *
 * @throws {TributaryError} CONFIG_INVALID: the file cannot be opened, or a newer version wrote it.
 */
export async function openSqliteSourceStore(path: string): Promise<SourceStore> {
  const file = new SqliteFile(path, { durability: 'FULL' });
  try {
    migrate(file, path);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    ...createSourceReads(file),
    ...createDefinitionReads(file),
    ...createRunReads(file),
    ...createLeases(file),
    ...createPreviews(file),
    async commit(change) {
      return commitChange(file, change);
    },
    async pruneRuns(sourceId, keep) {
      pruneRuns(file, sourceId, keep);
    },
    async putCluster(observed) {
      file.run(
        'INSERT INTO cluster (id, observed) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET observed = excluded.observed',
        JSON.stringify(observed),
      );
    },
    async cluster() {
      const row = file.get<{ observed: string }>('SELECT observed FROM cluster');
      return row && (JSON.parse(row.observed) as ObservedCluster);
    },
    close: () => file.close(),
  };
}
