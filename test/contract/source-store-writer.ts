/** Commits one source after the other to the store it is given, and says the id of each once it is stored. */
import { openMongoSourceStore } from '../../platform/adapters/mongo-source-store.ts';
import { openSqliteSourceStore } from '../../platform/adapters/sqlite-source-store.ts';
import { aCollection, aRun, aSource } from './source-store-builders.ts';

const place = process.argv[2] ?? '';
const store = await (place.startsWith('mongodb:')
  ? openMongoSourceStore(place)
  : openSqliteSourceStore(place));
for (let n = 0; ; n++) {
  const committed = await store.commit({
    source: aSource(`s${n}`, { queuedRunId: `r${n}`, lastRunId: `r${n}` }),
    runs: [aRun(`r${n}`, `s${n}`)],
    collection: aCollection({ expectedRevision: n }),
  });
  if (!committed) throw new Error('conflict');
  process.stdout.write(`s${n}\n`);
}
