import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FoldingCollection, ITEMS_MAX } from './folding-collection.ts';
import { aggregateJournal } from './reference-aggregation.ts';
import { COLLECTION, command, Story } from './story.ts';

describe('the fold', () => {
  it('gives what aggregating the whole journal anew gives, whatever happened in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (commands, chunk) => {
          const story = await Story.begin(chunk);
          try {
            await story.tell(commands);
            await story.collection.foldAll(chunk);
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
          }
        },
      ),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 100) },
    );
  });

  it('gives the very same entries, versions and history when folded anew from the journal', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 1_000 }),
        async (commands, chunk, otherChunk) => {
          const story = await Story.begin(chunk);
          const { collection } = story;
          let copy: FoldingCollection | undefined;
          try {
            await story.tell(commands);
            await collection.foldAll(chunk);
            copy = await collection.unfoldedCopy();
            await copy.foldAll(otherChunk);
            expect(JSON.stringify(await copy.everything())).toBe(
              JSON.stringify(await collection.everything()),
            );
          } finally {
            await copy?.close();
            await collection.close();
          }
        },
      ),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 40) },
    );
  });

  it('goes on where it was when it is killed between any two chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40 }), async (commands) => {
        const story = await Story.begin(1_000);
        const { collection } = story;
        let copy: FoldingCollection | undefined;
        try {
          await story.tell(commands);
          await collection.foldAll(1_000);
          copy = await collection.unfoldedCopy();
          while (await copy.foldChunk(1)) await copy.reopen();
          expect(JSON.stringify(await copy.everything())).toBe(JSON.stringify(await collection.everything()));
        } finally {
          await copy?.close();
          await collection.close();
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 4) },
    );
  });

  it('tells a history that ends with the entries there are, a version for each change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
        const story = await Story.begin(3);
        const { collection } = story;
        try {
          await story.tell(commands);
          await collection.foldAll(3);
          const history = await collection.history();
          expect(history.map(({ version }) => version)).toEqual(history.map((_, at) => at + 1));
          const told = new Map<string, unknown>();
          for (const { key, version, fields } of history) {
            if (fields) told.set(key, { version, fields });
            else told.delete(key);
          }
          const entries = await collection.entries();
          expect(told).toEqual(
            new Map(entries.map(({ key, version, fields }) => [key, { version, fields }])),
          );
          const { entryCount, head } = await collection.store.status(COLLECTION);
          expect({ entryCount, head }).toEqual({ entryCount: entries.length, head: history.length });
        } finally {
          await collection.close();
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 25) },
    );
  });
});
