import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { ChangePage, EntryChange } from '../../platform/model/record.ts';
import type { ChangePosition, KeptPosition, ViewCache } from '../../platform/ports/view-cache.ts';

/** Removals remembered by the caches of this suite. */
const REMOVED_MAX = 4;

const AT = '2026-01-01T00:00:00.000Z';

function definition(name: string, incarnation = 'i1', revision = 1): CollectionDefinition {
  const fields = [{ name: 'title', type: 'STRING', list: false, merge: 'LATEST' }] as const;
  return { name, incarnation, revision, deleted: false, fields, key: ['title'], sources: [] };
}

function put(id: string, version: number, title = id): EntryChange {
  return {
    id,
    key: id,
    version,
    removed: false,
    fields: { title },
    firstSeenAt: AT,
    updatedAt: AT,
    sourceIds: ['s1'],
  };
}

function removal(id: string, version: number): EntryChange {
  return { ...put(id, version), removed: true, fields: null, sourceIds: [] };
}

function page(changes: readonly EntryChange[], more: Partial<ChangePage> = {}): ChangePage {
  const version = changes.at(-1)?.version ?? 0;
  return { incarnation: 'i1', reset: false, changes, version, head: version, ...more };
}

const START: ChangePosition = { incarnation: 'i1', version: 0, resetHead: null };

/** What every view cache promises to the replicas that share it. */
export function viewCacheContract(
  adapter: string,
  open: (options: { readonly removedMax: number }) => Promise<ViewCache>,
): void {
  describe(`${adapter} is a view cache that`, () => {
    let cache: ViewCache;

    beforeEach(async () => {
      cache = await open({ removedMax: REMOVED_MAX });
    });
    afterEach(() => cache.close());

    /** Keeps a page behind where the cache is. */
    async function keep(kept: ChangePage, asOfMs: number | null = null): Promise<KeptPosition | undefined> {
      const behind = (await cache.position('books')) ?? START;
      return cache.keepChanges('books', behind, kept, asOfMs);
    }

    /** All that a reader learns from a position, applied by id. */
    async function read(from: ChangePosition = START, first = 2): Promise<Record<string, string>> {
      const titles: Record<string, string> = {};
      for (let behind = from; ; ) {
        const found = await cache.changesSince('books', behind, first);
        if (!found) throw new Error('books is not kept');
        expect(found.changes.length).toBeLessThanOrEqual(first);
        for (const { id, removed, fields } of found.changes) {
          if (removed) delete titles[id];
          else titles[id] = String(fields?.title);
        }
        if (found.version >= found.head) return titles;
        const resetHead = found.reset ? found.head : behind.resetHead;
        behind = { incarnation: found.incarnation, version: found.version, resetHead };
      }
    }

    const keepBooks = (revision = 1, incarnation = 'i1') =>
      cache.keepDefinitions({ revision, definitions: [definition('books', incarnation, revision)] });

    it('has nothing at first', async () => {
      expect(await cache.definitions()).toEqual({ revision: 0, definitions: [] });
      expect(await cache.position('books')).toBeUndefined();
      expect(await cache.changesSince('books', START, 10)).toBeUndefined();
      expect(await cache.keepChanges('books', START, page([put('a', 1)]), null)).toBeUndefined();
    });

    it('gives back the definitions it was given, all together', async () => {
      const kept = { revision: 3, definitions: [definition('books'), definition('films', 'i2', 3)] };
      await cache.keepDefinitions(kept);
      const { revision, definitions } = await cache.definitions();
      expect(revision).toBe(3);
      expect([...definitions].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(kept.definitions);
    });

    it('is not taken back by definitions of an earlier revision', async () => {
      await keepBooks(5);
      await cache.keepDefinitions({ revision: 4, definitions: [] });
      expect((await cache.definitions()).revision).toBe(5);
      expect(await cache.position('books')).toBeDefined();
    });

    it('says which revision its definitions are of', async () => {
      expect(await cache.revision()).toBe(0);
      await keepBooks(5);
      expect(await cache.revision()).toBe(5);
    });

    it('is taken back by the definitions of a configuration that counts from the beginning again', async () => {
      await keepBooks(5);
      const again = {
        revision: 2,
        definitions: [definition('books', 'i2', 1), definition('films', 'i3', 2)],
      };
      await cache.keepDefinitions(again, { inPlaceOf: 4 });
      expect(await cache.revision()).toBe(5);
      await cache.keepDefinitions(again, { inPlaceOf: 5 });
      expect(await cache.revision()).toBe(2);
      expect(await cache.position('books')).toMatchObject({ incarnation: 'i2', version: 0 });
    });

    it('gives back what changed, with everything that is said of it', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      const found = await cache.changesSince('books', START, 10);
      expect(found).toEqual(page([put('a', 1), put('b', 2)]));
    });

    it('tells a reader what changed behind its position, each entry once, in the order of versions', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2), put('c', 3)]));
      await keep(page([removal('b', 4), put('a', 5, 'A')]));
      const found = await cache.changesSince('books', { ...START, version: 3 }, 10);
      expect(found?.changes).toMatchObject([
        { id: 'b', version: 4, removed: true },
        { id: 'a', version: 5, removed: false, fields: { title: 'A' } },
      ]);
      expect(await read()).toEqual({ a: 'A', c: 'c' });
      expect(await read(START, 1)).toEqual({ a: 'A', c: 'c' });
    });

    it('says how far it is kept, and when that was all', async () => {
      await keepBooks();
      expect(await cache.position('books')).toEqual({ ...START, asOfMs: null });
      const position = await keep(page([put('a', 1)], { head: 9 }), null);
      expect(position).toEqual({ ...START, version: 1, asOfMs: null });
      await keep(page([put('b', 9)]), 1_000);
      expect(await cache.position('books')).toEqual({ ...START, version: 9, asOfMs: 1_000 });
    });

    it('is never said to be of an earlier time, and of a later one also where nothing changed', async () => {
      await keepBooks();
      await keep(page([put('a', 1)]), 2_000);
      const unchanged = page([], { version: 1, head: 1 });
      expect(await keep(unchanged, 1_000)).toMatchObject({ version: 1, asOfMs: 2_000 });
      expect(await keep(unchanged, 3_000)).toMatchObject({ version: 1, asOfMs: 3_000 });
      await keep(page([put('b', 5)], { reset: true }), 2_500);
      expect(await cache.position('books')).toMatchObject({ version: 5, asOfMs: 3_000 });
    });

    it('takes the same page of two replicas once', async () => {
      await keepBooks();
      const told = page([put('a', 1), put('b', 2)]);
      const both = [1, 2].map(() => cache.keepChanges('books', START, told, 1_000));
      for (const position of await Promise.all(both)) expect(position).toMatchObject({ version: 2 });
      expect((await cache.changesSince('books', START, 10))?.changes).toEqual(told.changes);
    });

    it('leaves a page unused that does not go on from where it is', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      const late = await cache.keepChanges('books', START, page([put('a', 1, 'late')]), null);
      expect(late).toMatchObject({ version: 2 });
      const early = await cache.keepChanges('books', { ...START, version: 7 }, page([put('c', 8)]), null);
      expect(early).toMatchObject({ version: 2 });
      expect(await read()).toEqual({ a: 'a', b: 'b' });
    });

    it('leaves a page unused from before another replica began anew', async () => {
      await keepBooks();
      const behind = await keep(page([put('a', 1), put('b', 2)]));
      await keep(page([put('b', 2)], { reset: true, head: 9 }));
      const late = await cache.keepChanges('books', behind ?? START, page([put('c', 9)]), 1_000);
      expect(late).toMatchObject({ version: 2, resetHead: 9, asOfMs: null });
    });

    it('leaves what it knows already of a page unused', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      await keep(page([put('a', 1, 'known'), removal('b', 2), put('c', 3)]));
      expect(await read()).toEqual({ a: 'a', b: 'b', c: 'c' });
    });

    it('leaves a page of another incarnation unused', async () => {
      await keepBooks();
      await keep(page([put('a', 1)], { incarnation: 'i2' }));
      expect(await read()).toEqual({});
    });

    it('replaces all entries by those told from nothing, once they are whole', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      const begun = await keep(page([put('b', 5)], { reset: true, head: 7 }));
      expect(begun).toMatchObject({ version: 5, resetHead: 7 });
      expect(await read({ ...START, version: 2 })).toEqual({});
      expect(await read()).toEqual({ a: 'a', b: 'b' });
      expect(await keep(page([put('c', 7)]))).toMatchObject({ version: 7, resetHead: null });
      expect(await read()).toEqual({ b: 'b', c: 'c' });
      // What was removed is not known of the time before.
      expect(await cache.changesSince('books', { ...START, version: 2 }, 1)).toMatchObject({ reset: true });
      expect(await cache.changesSince('books', { ...START, version: 7 }, 1)).toMatchObject({ reset: false });
    });

    it('does not take for all there is what a replica further behind went on with', async () => {
      await keepBooks();
      // b has changed to 8 where the first page comes from: where the second comes from it still is as of 2.
      await keep(page([put('a', 1)], { head: 9 }));
      expect(await keep(page([put('c', 5)]), 1_000)).toMatchObject({ version: 5, asOfMs: null });
      expect(await keep(page([put('b', 8), put('d', 9)]), 2_000)).toMatchObject({ asOfMs: 2_000 });
      expect(await read()).toEqual({ a: 'a', b: 'b', c: 'c', d: 'd' });
    });

    it('does not replace all entries by less than was there when they began to be told', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      await keep(page([put('a', 1)], { reset: true, head: 9 }));
      expect(await keep(page([put('c', 5)]), 1_000)).toMatchObject({ version: 5, resetHead: 9 });
      expect(await read()).toEqual({ a: 'a', b: 'b' });
      expect(await keep(page([put('b', 9, 'B')]), 2_000)).toMatchObject({ version: 9, resetHead: null });
      expect(await read()).toEqual({ a: 'a', b: 'B', c: 'c' });
    });

    it('begins anew where another replica does so', async () => {
      await keepBooks();
      await keep(page([put('a', 1)], { reset: true, head: 9 }));
      expect(await keep(page([put('b', 2), put('c', 3)], { reset: true }))).toMatchObject({
        resetHead: null,
      });
      expect(await read()).toEqual({ b: 'b', c: 'c' });
    });

    it('remembers so many removals, and sends back to nothing who has not seen those before', async () => {
      await keepBooks();
      const ids = Array.from({ length: 2 * REMOVED_MAX }, (_, index) => `${index}`);
      await keep(page([put('a', 1), ...ids.map((id, index) => put(id, 2 + index))]));
      const { version = 0 } = (await cache.position('books')) ?? {};
      await keep(page(ids.map((id, index) => removal(id, version + 1 + index))));
      const head = version + ids.length;
      const seen = await cache.changesSince('books', { ...START, version: head - REMOVED_MAX }, 100);
      expect(seen).toMatchObject({ reset: false, version: head });
      expect(seen?.changes.map(({ id, removed }) => [id, removed])).toEqual(
        ids.slice(-REMOVED_MAX).map((id) => [id, true]),
      );
      const unseen = await cache.changesSince('books', { ...START, version: head - REMOVED_MAX - 1 }, 100);
      expect(unseen).toMatchObject({ reset: true, version: head });
      expect(await read()).toEqual({ a: 'a' });
    });

    it('sends a reader back to nothing that has begun anew where more was known', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      const ahead = await cache.changesSince('books', { ...START, version: 1, resetHead: 3 }, 10);
      expect(ahead).toMatchObject({ reset: true, changes: [{ id: 'a' }, { id: 'b' }] });
      const level = await cache.changesSince('books', { ...START, version: 1, resetHead: 2 }, 10);
      expect(level).toMatchObject({ reset: false, changes: [{ id: 'b' }] });
    });

    it('sends a reader whose position it does not know back to nothing', async () => {
      await keepBooks();
      await keep(page([put('a', 1), put('b', 2)]));
      for (const unknown of [
        { ...START, version: 3 },
        { ...START, incarnation: 'i0', version: 1 },
      ]) {
        const found = await cache.changesSince('books', unknown, 1);
        expect(found).toMatchObject({ reset: true, version: 1, head: 2, changes: [{ id: 'a' }] });
      }
    });

    it('forgets the entries of what is no longer defined, or is another now', async () => {
      await keepBooks(1);
      await keep(page([put('a', 1)]));
      await keepBooks(2, 'i2');
      expect(await cache.position('books')).toMatchObject({ incarnation: 'i2', version: 0 });
      expect(await read({ ...START, incarnation: 'i2' })).toEqual({});
      await cache.keepDefinitions({ revision: 3, definitions: [] });
      expect(await cache.position('books')).toBeUndefined();
    });

    it('gives a collection that comes back nothing of the earlier one', async () => {
      await keepBooks(1);
      await keep(page([put('a', 1)]));
      await keep(page([put('b', 2)], { reset: true, head: 3 }));
      await cache.keepDefinitions({ revision: 2, definitions: [] });
      await keepBooks(3);
      expect(await cache.position('books')).toEqual({ ...START, asOfMs: null });
      await keep(page([put('c', 1)]));
      expect(await read()).toEqual({ c: 'c' });
    });

    it('keeps text as it is, and versions as high as they go', async () => {
      await keepBooks();
      const high = Number.MAX_SAFE_INTEGER;
      const odd = put('a', high - 1, '\u0000 \ud800 " \u2028 é 😀');
      await keep(page([odd, put('b', high)]));
      const found = await cache.changesSince('books', START, 1);
      expect(found).toMatchObject({ version: high - 1, head: high, changes: [odd] });
      expect(await read({ ...START, version: high - 1 })).toEqual({ b: 'b' });
    });

    it('keeps entries through a change of the definition', async () => {
      await keepBooks(1);
      await keep(page([put('a', 1)]));
      const changed = { ...definition('books', 'i1', 2), fields: [] };
      await cache.keepDefinitions({ revision: 2, definitions: [changed] });
      expect(await read()).toEqual({ a: 'a' });
    });
  });
}
