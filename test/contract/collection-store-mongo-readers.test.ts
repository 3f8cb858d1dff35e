import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openMongoCollectionStore,
  startMongoCollectionStore,
} from '../../platform/adapters/mongo-collection-store.ts';
import { openMongo } from '../../platform/mongo.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import { databaseUrl, dropDatabase, heldUpFinds, interceptedDb } from '../support/mongo-database.ts';
import { definitionOf, NOW } from './collection-store-builders.ts';
import { INCARNATION, numbersFrom, ScriptedFold } from './scripted-fold.ts';

const COMMITS = 250;
const KEYS = 40;

/** Keeps what it is told, as an endpoint does. */
class Reader {
  readonly entries = new Map<string, { readonly version: number; readonly title: unknown }>();
  readonly #store: CollectionStore;
  readonly #limit: number;
  #incarnation: string | undefined;
  #version = 0;
  #resetHead: number | undefined;
  resets = 0;

  constructor(store: CollectionStore, limit: number) {
    this.#store = store;
    this.#limit = limit;
  }

  get version(): number {
    return this.#version;
  }

  /** @returns Whether there is more. */
  async readPage(): Promise<boolean> {
    const page = await this.#store.changesSince(INCARNATION, {
      incarnation: this.#incarnation,
      version: this.#version,
      limit: this.#limit,
      resetHead: this.#resetHead,
    });
    if (page.reset) {
      this.entries.clear();
      this.resets += 1;
      this.#resetHead = page.head;
    }
    const versions = page.changes.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(page.version).toBeLessThanOrEqual(page.head);
    if (!page.reset) expect(page.version).toBeGreaterThanOrEqual(this.#version);
    expect(versions.at(-1) ?? 0).toBeLessThanOrEqual(page.version);
    expect(page.changes.length <= this.#limit).toBe(true);
    for (const { key, version, removed, fields } of page.changes) {
      if (removed) this.entries.delete(key);
      else this.entries.set(key, { version, title: fields?.title });
    }
    this.#incarnation = page.incarnation;
    this.#version = page.version;
    if (this.#resetHead !== undefined && page.version >= this.#resetHead) this.#resetHead = undefined;
    return page.version < page.head;
  }
}

describe.skipIf(!process.env.MONGODB_URL)('Readers of a collection in MongoDB', () => {
  let url: string;
  let folding: CollectionStore;
  let serving: CollectionStore;
  /** Waited for before each write to the entries, so that they fall behind the log. */
  let lag: (method: string) => Promise<void> = async () => {};

  beforeEach(async () => {
    url = databaseUrl();
    serving = await openMongoCollectionStore(url);
    await serving.takeDefinitions([definitionOf()], 1, NOW);
    const place = openMongo(url);
    const db = interceptedDb(place.db, async ({ collection, method }, send) => {
      if (collection === 'entries') await lag(method);
      return send();
    });
    folding = await startMongoCollectionStore({ db, close: () => place.close() });
  });
  afterEach(async () => {
    lag = async () => {};
    await folding.close();
    await serving.close();
    await dropDatabase(url);
  });

  const take = async (holder: string, nowMs: number) => {
    const lease = await folding.acquireFold(INCARNATION, holder, 60_000, nowMs);
    if (!lease) throw new Error('The lease is not to be had.');
    return lease;
  };
  const titlesOf = async () =>
    new Map(
      (await serving.entriesBehind(INCARNATION, 0, 10_000)).map(({ key, version, fields }) => [
        key,
        { version, title: fields.title },
      ]),
    );

  it.each([1, 2, 3])(
    'miss nothing while another replica folds, forgets and falls behind (%d)',
    async (seed) => {
      const below = numbersFrom(seed);
      const readers = [3, 20, 7, 100].map((limit) => new Reader(serving, limit));
      let isFolding = true;
      let commits = 0;
      const fold = async () => {
        const script = new ScriptedFold();
        const lease = await take('one', NOW);
        for (let count = 0; count < COMMITS; count++) {
          for (let change = below(8); change >= 0; change--) {
            const key = `key-${below(KEYS)}`;
            const what = below(10);
            if (what < 6) script.change(key, `${count}`);
            else if (what < 8) script.remove(key);
            else script.seeAgain(key, count);
          }
          const commit = script.commit();
          await folding.commitFold(lease, commit);
          commits += 1;
          if (below(20) === 0) {
            const { head } = commit.state;
            const before = { tombstones: NOW + head - 100, history: NOW + below(2) * head };
            await serving.pruneChanges(before, 1_000);
          }
        }
        await folding.releaseFold(lease);
      };
      // Each write to the entries waits for so many pages to be read meanwhile.
      let pages = 0;
      lag = async () => {
        const until = pages + below(12);
        await expect.poll(() => pages >= until || !isFolding, { timeout: 20_000, interval: 1 }).toBe(true);
      };
      const read = async (reader: Reader, pauseCommits: number) => {
        while (isFolding) {
          const hasMore = await reader.readPage();
          pages += 1;
          const until = hasMore ? 0 : commits + pauseCommits;
          const isTime = () => commits >= until || !isFolding;
          await expect.poll(isTime, { timeout: 20_000, interval: 1 }).toBe(true);
        }
        while (await reader.readPage());
      };
      // Whoever pauses for long is told by the entries, not by the log.
      const reading = readers.map((reader, at) => read(reader, [50, 8][at] ?? 0));
      await fold().finally(() => {
        isFolding = false;
      });
      await Promise.all(reading);
      const expected = await titlesOf();
      const { head } = await serving.status(INCARNATION);
      expect(expected.size).toBeGreaterThan(KEYS / 4);
      for (const reader of readers) {
        expect(reader.entries).toEqual(expected);
        expect(reader.version).toBe(head);
      }
      const late = new Reader(serving, 3);
      while (await late.readPage());
      expect(late.entries).toEqual(expected);
    },
  );

  it('are told all of a commit once it is committed, whatever of it is applied', async () => {
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    const script = new ScriptedFold();
    const lease = await take('one', NOW);
    for (let key = 0; key < KEYS; key++) script.change(`key-${key}`, 'old');
    await folding.commitFold(lease, script.commit());
    await folding.entriesBehind(INCARNATION, 0, 1);
    // Without its beginning, the log is of no use to readers that are behind.
    await serving.pruneChanges({ tombstones: 0, history: NOW + KEYS + 1 }, 1_000);
    // New entries are written, changed ones are not yet.
    lag = async (method) => (method === 'insertMany' ? undefined : isReleased);
    for (let key = 0; key < 5; key++) script.change(`key-${key}`, 'new');
    for (let key = KEYS; key < KEYS + 5; key++) script.change(`key-${key}`, 'first');
    await folding.commitFold(lease, script.remove('key-9').commit());
    const [near, anew] = [new Reader(serving, 100), new Reader(serving, 3)];
    await near.readPage();
    while (await anew.readPage());
    release();
    await folding.releaseFold(lease);
    expect(near.entries).toEqual(await titlesOf());
    expect(anew.entries).toEqual(near.entries);
    expect(await serving.history(INCARNATION, KEYS, 100)).toHaveLength(11);
    expect(await serving.status(INCARNATION)).toMatchObject({ head: KEYS + 11, entryCount: KEYS + 4 });
  });

  it('are told of all removals though they are forgotten in the middle of a page', async () => {
    const script = new ScriptedFold();
    const lease = await take('one', NOW);
    for (let key = 0; key < KEYS; key++) script.change(`key-${key}`, 'old');
    await folding.commitFold(lease, script.commit());
    const place = openMongo(url);
    let beforeEntries = async () => {};
    const db = heldUpFinds(place.db, async (collection) => {
      if (collection === 'entries') await beforeEntries();
    });
    const slow = await startMongoCollectionStore({ db, close: () => place.close() });
    const reader = new Reader(slow, 100);
    await reader.readPage();
    for (let key = 0; key < 5; key++) script.remove(`key-${key}`);
    await folding.commitFold(lease, script.change('key-9', 'new').commit());
    await folding.releaseFold(lease);
    // The log does not reach back to the reader.
    await serving.pruneChanges({ tombstones: 0, history: NOW + 10_000 }, 1_000);
    beforeEntries = async () => {
      await serving.pruneChanges({ tombstones: NOW + 10_000, history: 0 }, 1_000);
    };
    while (await reader.readPage());
    await slow.close();
    expect(reader.entries).toEqual(await titlesOf());
    expect(reader.entries.size).toBe(KEYS - 5);
  });

  it('read commits that are larger than a document may be', async () => {
    const script = new ScriptedFold();
    const lease = await take('one', NOW);
    const megabyte = 'x'.repeat(1_024 * 1_024);
    for (let key = 0; key < 20; key++) script.change(`key-${key}`, `${key}${megabyte}`);
    const commit = script.commit();
    let isHeldUp = true;
    lag = async () => {
      if (isHeldUp) throw new Error('killed');
    };
    await folding.commitFold(lease, commit);
    const reader = new Reader(serving, 100);
    await reader.readPage();
    expect(reader.entries.size).toBe(20);
    expect(await serving.history(INCARNATION, 0, 100)).toEqual(commit.history);
    isHeldUp = false;
    // Nothing of it is applied: the next holder does it.
    const next = await serving.acquireFold(INCARNATION, 'other', 60_000, NOW + 60_000);
    expect(next).toBeDefined();
    expect(await serving.entriesBehind(INCARNATION, 0, 100)).toEqual(commit.puts.map(({ entry }) => entry));
    if (next) await serving.releaseFold(next);
    expect(await serving.history(INCARNATION, 0, 100)).toEqual(commit.history);
  });
});
