import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startMongoCollectionStore } from '../../platform/adapters/mongo-collection-store.ts';
import { openMongo } from '../../platform/mongo.ts';
import { databaseUrl, dropDatabase, interceptedDb } from '../support/mongo-database.ts';
import { type FoldingCollection, ITEMS_MAX, type StorePlace } from '../unit/datasource/folding-collection.ts';
import { aggregateJournal } from '../unit/datasource/reference-aggregation.ts';
import { command, Story } from '../unit/datasource/story.ts';

/** A database, of which a killed process leaves what it had written at that moment. */
function inMongo(): StorePlace {
  const url = databaseUrl();
  let kill = () => {};
  return {
    open() {
      const place = openMongo(url);
      let isKilled = false;
      kill = () => {
        isKilled = true;
      };
      const db = interceptedDb(place.db, async (_, send) => {
        if (isKilled) throw new Error('killed');
        return send();
      });
      return startMongoCollectionStore({ db, close: () => place.close() });
    },
    async kill(store) {
      kill();
      await Promise.allSettled([store.close()]);
    },
    dispose: () => dropDatabase(url),
  };
}

/** What readers are told, and what the fold knows: all but places in the journal, which each store counts its way. */
async function toldBy(collection: FoldingCollection) {
  const { status, history, changes } = await collection.everything();
  const entries = await collection.entries();
  return {
    status,
    history,
    changes,
    entries: entries.map(({ contributions, ...entry }) => ({
      ...entry,
      contributions: contributions.map(({ sourceId, items, oldestSeenAt }) => ({
        sourceId,
        oldestSeenAt,
        items: items.map(({ values, seenAt }) => ({ values, seenAt })),
      })),
    })),
  };
}

const death = fc.constant({ do: 'DIE' as const });

describe.skipIf(!process.env.MONGODB_URL)('the fold on MongoDB', () => {
  it('gives what it gives on SQLite, and what the journal comes to, whenever its process is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 6, arbitrary: command }, { weight: 1, arbitrary: death }), {
          minLength: 30,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 5 }),
        async (commands, chunk) => {
          const [story, model] = [await Story.begin(chunk, inMongo()), await Story.begin(chunk)];
          try {
            await story.tell(commands);
            await model.tell(commands);
            await story.collection.foldAll(chunk);
            await model.collection.foldAll(chunk);
            expect(await toldBy(story.collection)).toEqual(await toldBy(model.collection));
            const entries = await story.collection.entries();
            const folded = new Map(
              entries.map(({ key, fields, contributions }) => [
                key,
                { fields, sourceIds: contributions.map(({ sourceId }) => sourceId) },
              ]),
            );
            expect(folded).toEqual(aggregateJournal(await story.collection.journal(), ITEMS_MAX));
          } finally {
            await story.collection.close();
            await model.collection.close();
          }
        },
      ),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 5) },
    );
  });
});
