import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openMongoCollectionStore,
  startMongoCollectionStore,
} from '../../platform/adapters/mongo-collection-store.ts';
import { openSqliteCollectionStore } from '../../platform/adapters/sqlite-collection-store.ts';
import { openMongo } from '../../platform/mongo.ts';
import type { CollectionStore, FoldCommit, FoldLease } from '../../platform/ports/collection-store.ts';
import { Scope } from '../../platform/scope.ts';
import { openFaultProxy } from '../services/fault-proxy.ts';
import { databaseUrl, dropDatabase, interceptedDb, type MongoWrite } from '../support/mongo-database.ts';
import { definitionOf, NOW } from './collection-store-builders.ts';
import { everythingOf, INCARNATION, ScriptedFold } from './scripted-fold.ts';

const LEASE_MS = 1_000;
const DEADLINE = { timeout: 20_000, interval: 50 };
/** More writes than the script makes. */
const WRITES_MAX = 60;

/** New, changed, seen again, removed, back, come and gone: each kind of write behind each other. */
function script(): readonly FoldCommit[] {
  const fold = new ScriptedFold();
  for (const key of ['a', 'b', 'c', 'd', 'e']) fold.change(key, '1');
  return [
    fold.commit(),
    fold.change('a', '2').seeAgain('b', 6).remove('c').change('f', '1').commit(),
    fold.seeAgain('a', 7).change('b', '2').change('c', 'back').change('g', '1').remove('g').commit(),
    fold.seeAgain('d', 8).seeAgain('e', 8).commit(),
    fold.remove('a').change('d', '2').change('d', '3').change('h', '1').commit(),
  ];
}

type Everything = Awaited<ReturnType<typeof everythingOf>>;

/** All that a store tells before the first of the commits, and after each. */
async function toldBySqlite(commits: readonly FoldCommit[]): Promise<readonly Everything[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-fold-'));
  const store = await openSqliteCollectionStore(folder);
  await store.takeDefinitions([definitionOf()], 1, NOW);
  const lease = await take(store, 'one', NOW);
  const told = [await everythingOf(store)];
  for (const commit of commits) {
    await store.commitFold(lease, commit);
    told.push(await everythingOf(store));
  }
  await store.close();
  await rm(folder, { recursive: true });
  return told;
}

async function take(store: CollectionStore, holder: string, nowMs: number): Promise<FoldLease> {
  const lease = await store.acquireFold(INCARNATION, holder, LEASE_MS, nowMs);
  if (!lease) throw new Error(`${holder} does not get the lease.`);
  return lease;
}

/** Folds all that is left, and gives the lease back. @param onCommit Told how many commits are acknowledged. */
async function foldAll(
  store: CollectionStore,
  lease: FoldLease,
  commits: readonly FoldCommit[],
  onCommit: (count: number) => void = () => {},
): Promise<void> {
  const { sequence = 0 } = (await store.foldState(INCARNATION)) ?? {};
  for (const commit of commits.slice(sequence)) {
    await store.commitFold(lease, commit);
    onCommit(commit.state.sequence);
  }
  await store.releaseFold(lease);
}

interface Stores {
  /** Its writes are counted from 1, and sent by `around`. */
  readonly failing: CollectionStore;
  readonly other: CollectionStore;
  around: (count: number, send: () => Promise<unknown>, write: MongoWrite) => Promise<unknown>;
}

/** Two replicas on a database that nothing was folded in. */
async function withStores(url: string, play: (stores: Stores) => Promise<void>): Promise<void> {
  const place = openMongo(url);
  try {
    for (const collection of await place.db.collections()) {
      if (collection.collectionName !== 'schema_versions') await collection.deleteMany({});
    }
    const other = await openMongoCollectionStore(url);
    await other.takeDefinitions([definitionOf()], 1, NOW);
    const stores: { around: Stores['around'] } = { around: (_, send) => send() };
    let writes = 0;
    const db = interceptedDb(place.db, (write, send) => stores.around(++writes, send, write));
    const failing = await startMongoCollectionStore({ db, close: async () => {} });
    writes = 0;
    await play(Object.assign(stores, { failing, other }));
    await Promise.allSettled([failing.close(), other.close()]);
  } finally {
    await place.close();
  }
}

describe.skipIf(!process.env.MONGODB_URL)('A fold on MongoDB', () => {
  const commits = script();
  let told: readonly Everything[];
  let url: string;

  beforeAll(async () => {
    told = await toldBySqlite(commits);
    url = databaseUrl();
  });
  afterAll(() => dropDatabase(url));

  it.each(['before', 'behind'])(
    'goes on where its log ends when its process dies %s any write',
    async (where) => {
      let isAlive = false;
      let kills = 0;
      for (; !isAlive && kills < WRITES_MAX; kills++) {
        await withStores(url, async (stores) => {
          const { failing, other } = stores;
          isAlive = true;
          stores.around = async (count, send) => {
            if (count <= kills) return send();
            isAlive = false;
            if (count === kills + 1 && where === 'behind') await send();
            throw new Error('killed');
          };
          let acknowledged = 0;
          const dying = async () =>
            foldAll(failing, await take(failing, 'one', NOW), commits, (count) => {
              acknowledged = count;
            });
          await dying().catch(() => {});

          const lease = await take(other, 'other', NOW + LEASE_MS);
          const { sequence = -1 } = (await other.foldState(INCARNATION)) ?? {};
          expect([acknowledged, acknowledged + 1]).toContain(sequence);
          expect(await everythingOf(other)).toEqual(told[sequence]);
          await foldAll(other, lease, commits);
          expect(await everythingOf(other)).toEqual(told.at(-1));
        });
      }
      // A lease, its fence, five commits and what is applied of them.
      expect(kills).toBeGreaterThan(15);
      expect(isAlive).toBe(true);
    },
  );

  it('loses nothing of its entries when the server is away at one write of them, and back at the next', async () => {
    await using scope = new Scope();
    const { hostname, port, pathname } = new URL(url);
    const proxy = scope.use(await openFaultProxy(hostname, Number(port)));
    await withStores(url, async ({ other }) => {
      const through = `mongodb://127.0.0.1:${proxy.port}${pathname}?directConnection=true`;
      const place = scope.use(openMongo(through, { selectionTimeoutMs: 300 }));
      const isBack = () => place.db.command({ ping: 1 }).then(Boolean, () => false);
      const failed: string[] = [];
      const db = interceptedDb(place.db, async ({ collection, method }, send) => {
        if (collection !== 'entries' || failed.includes(method)) return send();
        failed.push(method);
        await proxy.stop();
        try {
          return await send();
        } finally {
          await proxy.restart();
          await expect.poll(isBack, DEADLINE).toBe(true);
        }
      });
      const store = scope.use(await startMongoCollectionStore({ db, close: async () => {} }));
      const isFolded = async () => {
        const lease = await take(store, 'one', NOW);
        return foldAll(store, lease, commits).then(
          () => true,
          () => false,
        );
      };
      await expect.poll(isFolded, DEADLINE).toBe(true);
      expect(failed).toEqual(['insertMany', 'bulkWrite']);
      // Whoever folds next applies what was left.
      await other.releaseFold(await take(other, 'other', NOW + LEASE_MS));
      expect(await everythingOf(other)).toEqual(told.at(-1));
    });
  });

  it('drops a collection whose last commits could not be applied', async () => {
    await withStores(url, async (stores) => {
      const { failing, other } = stores;
      const lease = await take(failing, 'one', NOW);
      let fail = (_: Error) => {};
      const failure = new Promise<never>((_, reject) => (fail = reject));
      stores.around = (_, send, { collection }) => (collection === 'entries' ? failure : send());
      for (const commit of commits.slice(0, 3)) await failing.commitFold(lease, commit);
      await other.takeDefinitions([definitionOf({ revision: 2, deleted: true })], 2, NOW);
      fail(new Error('the server is away'));
      stores.around = (_, send) => send();
      const dropped = (of: FoldLease) => failing.dropChunk(of, 1).catch(() => false);
      const isDropped = async () => {
        const again = await take(failing, 'one', NOW);
        // The lease is prolonged now and then, not for each chunk.
        return (await dropped(again)) || (await dropped(again)) || dropped(again);
      };
      await expect.poll(() => isDropped().catch(() => false), DEADLINE).toBe(true);
    });
  });

  it('is done no harm by a holder that froze before any write, and woke long after', async () => {
    let isFrozen = true;
    let freezes = 0;
    for (; isFrozen && freezes < WRITES_MAX; freezes++) {
      await withStores(url, async (stores) => {
        const { failing, other } = stores;
        isFrozen = false;
        let wake = () => {};
        const woken = new Promise<void>((resolve) => (wake = resolve));
        let isUp = () => {};
        const frozen = new Promise<void>((resolve) => (isUp = resolve));
        stores.around = async (count, send) => {
          if (count <= freezes) return send();
          isFrozen = true;
          isUp();
          await woken;
          return send();
        };
        const freezing = take(failing, 'one', NOW)
          .then((lease) => foldAll(failing, lease, commits))
          .catch((error: unknown) => error);
        await Promise.race([frozen, freezing]);

        await foldAll(other, await take(other, 'other', NOW + LEASE_MS), commits);
        expect(await everythingOf(other)).toEqual(told.at(-1));
        await other.pruneChanges({ tombstones: NOW + 10_000, history: 0 }, 1_000);
        const after = await everythingOf(other);
        wake();
        const error = await freezing;
        // It is told, unless nothing but what others had done for it was left to be done.
        if (error !== undefined) expect(String(error)).toMatch(/FoldLostError|does not get the lease/);
        await failing.close();
        expect(await everythingOf(other)).toEqual(after);
        const lease = await take(other, 'third', NOW + 2 * LEASE_MS);
        expect(await everythingOf(other)).toEqual(after);
        await other.releaseFold(lease);
      });
    }
    expect(freezes).toBeGreaterThan(15);
    expect(isFrozen).toBe(false);
  });

  it.each([0, 150])(
    'refuses a commit of a holder that lost the lease to another replica, which has done %d since',
    async (count) => {
      await withStores(url, async ({ failing, other }) => {
        const [first, second] = commits;
        if (!first || !second) return;
        const lost = await take(failing, 'one', NOW);
        await failing.commitFold(lost, first);
        const lease = await take(other, 'other', NOW + LEASE_MS);
        // What they change is nothing that readers are told of: such commits are soon forgotten.
        for (let sequence = 2; sequence < 2 + count; sequence++) {
          const state = { ...first.state, sequence };
          await other.commitFold(lease, { state, puts: [], removals: [], history: [] });
        }
        await other.releaseFold(lease);
        await expect(failing.commitFold(lost, second)).rejects.toMatchObject({ name: 'FoldLostError' });
        expect(await failing.foldState(INCARNATION)).toMatchObject({
          sequence: 1 + count,
          head: first.state.head,
        });
        expect(await failing.acquireFold(INCARNATION, 'one', LEASE_MS, NOW)).toBeDefined();
      });
    },
  );

  it.each(['before it reads on', 'when it commits again', 'never'])(
    'counts a commit once whose answer was lost and which arrives %s',
    async (when) => {
      await withStores(url, async (stores) => {
        const { failing } = stores;
        const lease = await take(failing, 'one', NOW);
        let arrive: () => Promise<unknown> = async () => undefined;
        let isLost = false;
        stores.around = async (_, send, { collection, method }) => {
          if (collection !== 'commits' || method !== 'insertOne' || isLost) return send();
          isLost = true;
          arrive = send;
          throw new Error('no answer');
        };
        const [first, ...rest] = commits;
        if (!first) return;
        await expect(failing.commitFold(lease, first)).rejects.toThrow('no answer');
        if (when === 'before it reads on') await arrive();
        await failing.foldState(INCARNATION);
        if (when === 'when it commits again') {
          await arrive();
          await expect(failing.commitFold(lease, first)).rejects.toMatchObject({ name: 'FoldLostError' });
        }
        const again = await take(failing, 'one', NOW);
        expect(again).toEqual(lease);
        await foldAll(failing, again, [first, ...rest]);
        expect(await everythingOf(failing)).toEqual(told.at(-1));
      });
    },
  );
});
