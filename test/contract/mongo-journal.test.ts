import { connect, createServer, type Socket } from 'node:net';
import { Collection } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalogue } from '../../platform/adapters/mongo-collection-store/catalogue.ts';
import { createJournal, journalMigrations } from '../../platform/adapters/mongo-collection-store/journal.ts';
import {
  itemKey,
  itemRange,
  type JournalCollections,
  journalCollections,
} from '../../platform/adapters/mongo-collection-store/journal-schema.ts';
import { randomId } from '../../platform/ids.ts';
import type { JournalItem } from '../../platform/model/journal.ts';
import { migrateMongo, mongoAdapter, openMongo } from '../../platform/mongo.ts';
import type { Appended } from '../../platform/ports/collection-store.ts';
import { batchOf, definitionOf, NOW } from './collection-store-builders.ts';

const MONGODB_URL = process.env.MONGODB_URL ?? '';

const coded = (code: string) => expect.objectContaining({ code });

/** One of the processes that append to a database. */
async function openReplica(url: string) {
  const place = openMongo(url);
  await migrateMongo(place.db, 'journal', journalMigrations);
  const catalogue = new Catalogue(place.db);
  const folded = new Map<number, number>();
  const journal = mongoAdapter(
    'The journal',
    createJournal(place.db, catalogue, async () => folded),
  );
  const tables: JournalCollections = journalCollections(place.db);
  return { db: place.db, catalogue, folded, journal, tables, disconnect: () => place.close() };
}

type Replica = Awaited<ReturnType<typeof openReplica>>;

describe.skipIf(!MONGODB_URL)('The journal in MongoDB', () => {
  let url: string;
  let replicas: Replica[];
  let one: Replica;
  let two: Replica;
  const open = async (at = url) => {
    const replica = await openReplica(at);
    replicas.push(replica);
    return replica;
  };

  beforeEach(async () => {
    replicas = [];
    url = databaseUrl(MONGODB_URL, `tributary_test_${randomId().replaceAll('-', '_')}`);
    [one, two] = [await open(), await open()];
    await one.journal.takeDefinitions([definitionOf()], 1, NOW);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await one.db.dropDatabase();
    for (const { journal, disconnect } of replicas) {
      await journal.close();
      await disconnect();
    }
  });

  const readAll = async ({ journal }: Replica, step = 10): Promise<JournalItem[]> => {
    const items: JournalItem[] = [];
    for (;;) {
      const more = await journal.readJournal('books-1', items.at(-1)?.sequence ?? 0, step);
      if (more.length === 0) return items;
      items.push(...more);
    }
  };
  const numberOf = async ({ catalogue }: Replica) => (await catalogue.live('books-1')).number;

  it('has every batch once and in order, whichever replicas it was sent to, and however often', async () => {
    const three = await open();
    const sequences = new Map<string, Set<number>>();
    const news: string[] = [];
    const send = async ({ journal }: Replica, batchId: string, at: number) => {
      // Times differ between replicas, and go back and forth.
      const batch = batchOf({ batchId, sourceId: at % 2 ? 'shop' : 'library', runId: `run of ${at % 2}` });
      const { sequence, isDuplicate } = await journal.appendBatch(batch, NOW + ((at * 7) % 13));
      sequences.set(batchId, (sequences.get(batchId) ?? new Set()).add(sequence));
      if (!isDuplicate) news.push(batchId);
    };
    const batches = Array.from({ length: 120 }, (_, at) => at);
    await Promise.all(
      [one, two, three].map(async (replica, turn) => {
        const mine = batches.filter((at) => at % 3 === turn || at % 5 === 0);
        // Some together, some alone.
        for (let at = 0; at < mine.length; at += 6) {
          const together = mine.slice(at, at + 5);
          await Promise.all(together.map((number) => send(replica, `batch-${number}`, number)));
          const alone = mine[at + 5];
          if (alone !== undefined) await send(replica, `batch-${alone}`, alone);
          await send(replica, `batch-${together[0]}`, together[0] ?? 0);
        }
      }),
    );
    const items = await readAll(await open());
    expect(items.map(({ sequence }) => sequence)).toEqual(items.map((_, at) => at + 1));
    expect(items).toHaveLength(1 + batches.length);
    const times = items.map(({ receivedAt }) => receivedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(news.toSorted()).toEqual([...sequences.keys()].toSorted());
    const given = [...sequences.values()].map((acknowledged) => [...acknowledged]);
    expect(given.flat().toSorted((a, b) => a - b)).toEqual(items.slice(1).map(({ sequence }) => sequence));
    const runs = new Set(items.map((item) => (item.kind === 'BATCH' ? `${item.runId} ${item.run}` : '')));
    expect(runs.size).toBe(3);
  });

  it('tells each reader all in order while replicas append, and skips nothing', async () => {
    const append = async ({ journal }: Replica, sourceId: string) => {
      for (let at = 0; at < 40; at++) {
        await journal.appendBatch(batchOf({ batchId: `${sourceId} ${at}`, sourceId, runId: sourceId }), NOW);
      }
    };
    let isDone = false;
    const appending = Promise.all([append(one, 'shop'), append(two, 'library')]).finally(() => {
      isDone = true;
    });
    const reader = await open();
    const told: number[] = [];
    for (let hasMore = true; hasMore; ) {
      const wasDone = isDone;
      const items = await reader.journal.readJournal('books-1', told.length, 7);
      told.push(...items.map(({ sequence }) => sequence));
      hasMore = !wasDone || items.length > 0;
    }
    await appending;
    expect(told).toEqual(Array.from({ length: 81 }, (_, at) => at + 1));
  });

  it('tells nothing behind an item that is not to be seen yet', async () => {
    const c = await numberOf(one);
    const insert = (at: number) =>
      one.tables.items.insertOne({ _id: itemKey(c, at), c, s: at, at: NOW, writer: 'other', kind: 'EXPIRE' });
    await insert(2);
    await insert(4);
    const told = async () => (await readAll(two)).map(({ sequence }) => sequence);
    expect(await two.journal.readJournal('books-1', 0, 10)).toHaveLength(2);
    await expect(two.journal.readJournal('books-1', 2, 10)).rejects.toEqual(coded('INTERNAL_SERVER_ERROR'));
    await insert(3);
    expect(await told()).toEqual([1, 2, 3, 4]);
  });

  it('takes nothing by a token once any replica was shown a higher one, though that was refused', async () => {
    await one.journal.appendBatch(batchOf({ token: 1 }), NOW);
    await two.journal.appendBatch(batchOf({ batchId: 'batch-2', token: 1 }), NOW);
    const early = { ...batchOf({ token: 2 }), batches: 9 };
    await expect(one.journal.appendCompletion(early, NOW)).rejects.toEqual(coded('BATCHES_MISSING'));
    const late = batchOf({ batchId: 'late', token: 1 });
    await expect(two.journal.appendBatch(late, NOW)).rejects.toEqual(coded('STALE_TOKEN'));
    const after = await open();
    await expect(after.journal.appendBatch(late, NOW)).rejects.toEqual(coded('STALE_TOKEN'));
    expect(await readAll(after)).toHaveLength(3);
  });

  it('has no item of a lower token behind one of a higher, when both are sent at once', async () => {
    for (let round = 1; round <= 10; round++) {
      const send = ({ journal }: Replica, token: number) =>
        journal.appendBatch(batchOf({ batchId: `by ${token}`, runId: `run of ${token}`, token }), NOW);
      const results = await Promise.allSettled([send(one, round * 2), send(two, round * 2 - 1)]);
      expect(results[0]).toMatchObject({ status: 'fulfilled' });
    }
    const tokens = (await one.tables.items.find({ kind: 'BATCH' }).toArray())
      .toSorted((a, b) => a.s - b.s)
      .map((item) => (item.kind === 'BATCH' ? item.token : 0));
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(tokens).toEqual(expect.arrayContaining([2, 20]));
  });

  it('goes on with runs where a replica that died has left them, stored or not', async () => {
    const delivered = 300;
    for (let at = 0; at < delivered; at += 50) {
      const batches = Array.from({ length: 50 }, (_, next) => batchOf({ batchId: `batch-${at + next}` }));
      await Promise.all(batches.map((batch) => one.journal.appendBatch(batch, NOW)));
    }
    await one.journal.appendBatch(batchOf({ batchId: 'other', sourceId: 'library', token: 7 }), NOW);
    await expect.poll(() => two.tables.marks.countDocuments()).toBe(1);
    // Nothing is closed in order: what is behind the mark is in the journal only.
    await one.journal.appendBatch(batchOf({ batchId: 'last' }), NOW);
    await one.disconnect();
    const incomplete = { ...batchOf(), batches: delivered + 2 };
    await expect(two.journal.appendCompletion(incomplete, NOW)).rejects.toEqual(coded('BATCHES_MISSING'));
    const completion = { ...batchOf(), batches: delivered + 1 };
    expect(await two.journal.appendCompletion(completion, NOW)).toEqual({
      sequence: delivered + 4,
      isDuplicate: false,
    });
    const stale = batchOf({ batchId: 'stale', sourceId: 'library', token: 6 });
    await expect(two.journal.appendBatch(stale, NOW)).rejects.toEqual(coded('STALE_TOKEN'));
    one = two;
  });

  it('tells an old run, a batch and a completion of it, and a new run apart after a restart', async () => {
    const batch = (run: number) => batchOf({ batchId: `batch of ${run}`, runId: `run-${run}` });
    for (const run of [1, 2]) {
      await one.journal.appendBatch(batch(run), NOW);
      await one.journal.appendCompletion({ ...batch(run), batches: 1 }, NOW);
    }
    await one.journal.close();
    const { journal } = two;
    expect(await journal.appendBatch(batch(1), NOW)).toEqual({ sequence: 2, isDuplicate: true });
    const completion = { ...batch(1), batches: 1 };
    expect(await journal.appendCompletion(completion, NOW)).toEqual({ sequence: 3, isDuplicate: true });
    const more = { ...batch(1), batchId: 'more' };
    await expect(journal.appendBatch(more, NOW)).rejects.toMatchObject({ name: 'RunSupersededError' });
    expect(await journal.appendBatch(batch(3), NOW)).toEqual({ sequence: 6, isDuplicate: false });
  });

  it('believes no refusal before it has read what other replicas took', async () => {
    await two.journal.appendBatch(batchOf({ sourceId: 'library', batchId: 'a', runId: 'old' }), NOW);
    await one.journal.appendBatch(batchOf({ sourceId: 'library', batchId: 'b', runId: 'new' }), NOW);
    const batch = batchOf({ sourceId: 'library', batchId: 'c', runId: 'new' });
    expect(await two.journal.appendBatch(batch, NOW)).toMatchObject({ sequence: 4 });
    await one.journal.appendBatch({ ...batch, batchId: 'd' }, NOW);
    expect(await two.journal.appendCompletion({ ...batch, batches: 3 }, NOW)).toMatchObject({ sequence: 6 });
  });

  it('has batches once, and news once, though the driver writes them twice', async () => {
    await one.journal.appendBatch(batchOf(), NOW);
    const insertMany = Collection.prototype.insertMany;
    vi.spyOn(Collection.prototype, 'insertMany').mockImplementation(async function (
      this: Collection,
      ...given
    ) {
      await insertMany.apply(this, given);
      return insertMany.apply(this, given);
    });
    const batchIds = ['a', 'b', 'c'];
    const appended = await Promise.all(
      batchIds.map((batchId) => one.journal.appendBatch(batchOf({ batchId }), NOW)),
    );
    expect(appended).toEqual([3, 4, 5].map((sequence) => ({ sequence, isDuplicate: false })));
    expect(await one.journal.appendExpiry('books-1', NOW)).toEqual({ sequence: 6, isDuplicate: false });
    expect((await readAll(one)).map(({ kind }) => kind)).toEqual([
      'DEFINE',
      ...Array.from({ length: 4 }, () => 'BATCH'),
      'EXPIRE',
    ]);
  });

  it('takes a batch of another collection for a mistake', async () => {
    const films = definitionOf({ name: 'films', incarnation: 'films-1', revision: 2 });
    await one.journal.takeDefinitions([films], 2, NOW);
    await one.journal.appendBatch(batchOf(), NOW);
    const same = batchOf({ incarnation: 'films-1' });
    await expect(two.journal.appendBatch(same, NOW)).rejects.toEqual(coded('BAD_USER_INPUT'));
    expect(await two.journal.readJournal('films-1', 1, 10)).toEqual([]);
  });

  it('refuses a batch that no document could hold', async () => {
    const records = [{ key: 'large', fields: { title: '\u{1f4d6}'.repeat(4 * 1_024 * 1_024) } }];
    await expect(one.journal.appendBatch(batchOf({ records }), NOW)).rejects.toEqual(coded('BAD_USER_INPUT'));
    expect(await one.journal.appendBatch(batchOf(), NOW)).toEqual({ sequence: 2, isDuplicate: false });
  });

  describe('definitions', () => {
    const revision = (number: number) => definitionOf({ revision: number });

    it('are journaled once each and in order, though several replicas take them at once', async () => {
      const three = await open();
      const take = async ({ journal }: Replica, revisions: readonly number[]) => {
        for (const number of revisions) await journal.takeDefinitions([revision(number)], number, NOW);
      };
      await Promise.all([take(one, [2, 3, 4, 5, 6]), take(two, [2, 4, 6]), take(three, [3, 5, 6, 7])]);
      const items = await readAll(one);
      const taken = items.map((item) => (item.kind === 'DEFINE' ? item.definition.revision : 0));
      expect(taken).toEqual([...new Set(taken)].toSorted((a, b) => a - b));
      expect(taken.at(-1)).toBe(7);
      expect((await two.journal.definitions()).definitions).toEqual([revision(7)]);
    });

    it('are made by one of several replicas that meet a new collection at once', async () => {
      const films = definitionOf({ name: 'films', incarnation: 'films-1' });
      await Promise.all([one, two].map(({ journal }) => journal.takeDefinitions([films], 2, NOW)));
      expect(await one.journal.readJournal('films-1', 0, 10)).toHaveLength(1);
      expect(await one.catalogue.all()).toHaveLength(2);
    });

    it('that a replica took by halves are taken to the end by whoever appends next', async () => {
      const films = definitionOf({ name: 'films', incarnation: 'films-1' });
      const { number } = await one.catalogue.create(films, NOW);
      await two.journal.appendBatch(batchOf({ incarnation: 'films-1' }), NOW);
      const removed = { id: 'shop', retain: 'LATEST_RUN', removed: 'DELETE' as const };
      const sources = [...films.sources.slice(1), removed];
      const place = { _id: itemKey(number, 3), c: number, s: 3, at: NOW, writer: 'who died' };
      const definition = { ...films, revision: 2, sources };
      await one.tables.items.insertOne({ ...place, kind: 'DEFINE', definition });
      await two.journal.appendExpiry('films-1', NOW);
      const kinds = (await one.journal.readJournal('films-1', 0, 10)).map(({ kind }) => kind);
      expect(kinds).toEqual(['DEFINE', 'BATCH', 'DEFINE', 'SOURCE_REMOVED', 'EXPIRE']);
      await two.journal.takeDefinitions([films], 1, NOW);
      await one.journal.takeDefinitions([definition], 2, NOW);
      expect(await one.journal.readJournal('films-1', 5, 10)).toEqual([]);
      expect((await one.journal.definitions()).definitions[1]).toEqual(definition);
    });

    it('of a replica that lags behind do not take the name from a younger collection', async () => {
      const younger = definitionOf({ incarnation: 'books-2', revision: 9 });
      await one.journal.takeDefinitions([younger], 9, NOW);
      const older = definitionOf({ incarnation: 'books-0', revision: 5 });
      await expect(two.journal.takeDefinitions([older], 5, NOW)).rejects.toMatchObject({ retryable: true });
      await two.journal.takeDefinitions([{ ...older, deleted: true }], 5, NOW);
      expect((await two.journal.definitions()).definitions).toEqual([younger]);
      // After a while it is another configuration, which counts from the beginning.
      await two.journal.takeDefinitions([older], 5, NOW + 3_600_000);
      expect((await one.journal.definitions()).definitions).toEqual([older]);
    });

    it('that end a collection end it at once for every replica', async () => {
      await two.journal.appendBatch(batchOf(), NOW);
      await one.journal.takeDefinitions([definitionOf({ revision: 2, deleted: true })], 2, NOW);
      const late = batchOf({ batchId: 'late' });
      await expect(two.journal.appendBatch(late, NOW)).rejects.toEqual(coded('NOT_FOUND'));
      expect(await two.journal.unfolded()).toEqual(['books-1']);
      const entry = await two.catalogue.find('books-1');
      if (!entry) throw new Error('Not dropped yet.');
      while (!(await two.journal.dropChunk(entry, 1)));
      for (const table of Object.values(two.tables)) expect(await table.countDocuments()).toBe(0);
    });
  });

  describe('when it is pruned', () => {
    const fill = async (count: number) => {
      for (let at = 1; at <= count; at++) {
        await one.journal.appendBatch(batchOf({ batchId: `batch-${at}` }), NOW + at);
      }
      one.folded.set(await numberOf(one), count + 1);
    };

    it('keeps what tells replicas what may be appended', async () => {
      await two.journal.appendBatch(batchOf({ sourceId: 'library', batchId: 'l', token: 3 }), NOW);
      await fill(4);
      one.folded.set(await numberOf(one), 6);
      expect(await one.journal.pruneJournal(NOW + 100, 4)).toBe(4);
      expect(await one.journal.pruneJournal(NOW + 100, 4)).toBe(2);
      expect(await one.journal.pruneJournal(NOW + 100, 4)).toBe(0);
      const after = await open();
      const stale = batchOf({ sourceId: 'library', batchId: 'm', token: 2 });
      await expect(after.journal.appendBatch(stale, NOW)).rejects.toEqual(coded('STALE_TOKEN'));
      expect(await after.journal.appendCompletion({ ...batchOf(), batches: 4 }, NOW)).toMatchObject({
        sequence: 7,
      });
      expect(await readAll(after)).toMatchObject([{ sequence: 7, receivedAt: NOW + 4, run: 3 }]);
    });

    it('prunes up to what is folded, and up to the time, over pages of forgotten items', async () => {
      await fill(150);
      one.folded.set(await numberOf(one), 140);
      expect(await one.journal.pruneJournal(NOW + 130, 1_000)).toBe(130);
      expect(await one.journal.pruneJournal(NOW + 1_000, 1_000)).toBe(10);
      expect((await readAll(two, 1)).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 11 }, (_, at) => 141 + at),
      );
      expect(await one.journal.unfolded()).toEqual(['books-1']);
      one.folded.set(await numberOf(one), 151);
      expect(await one.journal.unfolded()).toEqual([]);
    });

    it('lets no replica that slept meanwhile append where items were', async () => {
      await two.journal.appendBatch(batchOf({ batchId: 'first' }), NOW);
      await fill(3);
      one.folded.set(await numberOf(one), 5);
      expect(await one.journal.pruneJournal(NOW + 100, 10)).toBe(5);
      const now = performance.now.bind(performance);
      vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
      expect(await two.journal.appendBatch(batchOf({ batchId: 'late' }), NOW)).toMatchObject({ sequence: 6 });
    });

    it('has a replica take back what it wrote where items were, as it slept in the middle of writing', async () => {
      await two.journal.appendBatch(batchOf({ batchId: 'first' }), NOW);
      await fill(3);
      one.folded.set(await numberOf(one), 5);
      expect(await one.journal.pruneJournal(NOW + 100, 10)).toBe(5);
      const now = performance.now.bind(performance);
      const insertMany = Collection.prototype.insertMany;
      vi.spyOn(Collection.prototype, 'insertMany').mockImplementation(async function (
        this: Collection,
        ...given
      ) {
        vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
        return insertMany.apply(this, given);
      });
      expect(await two.journal.appendBatch(batchOf({ batchId: 'late' }), NOW)).toMatchObject({ sequence: 6 });
      expect(await one.tables.items.countDocuments()).toBe(1);
    });
  });

  describe('over a network that breaks', () => {
    let proxy: Awaited<ReturnType<typeof openCuttingProxy>>;
    let far: Replica;
    beforeEach(async () => {
      proxy = await openCuttingProxy(MONGODB_URL);
      const database = new URL(url.replace('mongodb:', 'http:')).pathname.slice(1);
      far = await open(`mongodb://127.0.0.1:${proxy.port}/${database}?directConnection=true`);
      await far.journal.appendBatch(batchOf({ batchId: 'before' }), NOW);
    });
    afterEach(() => proxy.close());

    const appended = (batchId: string) => far.journal.appendBatch(batchOf({ batchId }), NOW);
    const batchIds = async () => {
      const named = await one.tables.items.find({ kind: 'BATCH' }).toArray();
      return named.toSorted((a, b) => a.s - b.s).map(({ name }) => name);
    };

    it('has a batch once, whose answer was lost and which the driver sent again', async () => {
      proxy.loseAnswers(1);
      expect(await appended('lost')).toEqual({ sequence: 3, isDuplicate: false });
      expect(proxy.lost).toBe(1);
      expect(await batchIds()).toEqual(['batch:before', 'batch:lost']);
    });

    it('has batches once that are sent again by their worker, as no answer came at all', async () => {
      proxy.loseAnswers(2);
      const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(appended));
      expect(proxy.lost).toBe(2);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          expect(outcome.reason).toMatchObject({ code: 'DATASOURCE_UNAVAILABLE' });
      }
      const again: Appended[] = [];
      for (const batchId of ['a', 'b', 'c']) {
        await expect.poll(() => appended(batchId), { timeout: 20_000, interval: 5 }).toBeTruthy();
        again.push(await appended(batchId));
      }
      expect(again.every(({ isDuplicate }) => isDuplicate)).toBe(true);
      expect((await batchIds()).toSorted()).toEqual(['batch:a', 'batch:b', 'batch:before', 'batch:c']);
      expect((await readAll(two)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    });

    it('takes an answer that came by another replica for a duplicate', async () => {
      proxy.loseAnswers(2);
      await appended('lost').catch(() => undefined);
      expect(await two.journal.appendBatch(batchOf({ batchId: 'lost' }), NOW)).toEqual({
        sequence: 3,
        isDuplicate: true,
      });
    });
  });

  it('reads by its indexes only', async () => {
    for (let at = 0; at < 100; at++) {
      await one.journal.appendBatch(batchOf({ batchId: `batch-${at}` }), NOW);
    }
    const c = await numberOf(one);
    const indexesOf = async (filter: object) =>
      stages((await one.tables.items.find(filter).explain()).queryPlanner.winningPlan);
    expect(await indexesOf({ _id: itemRange(c, 10, 20) })).toEqual(['_id_']);
    expect(await indexesOf({ name: 'batch:batch-7' })).toEqual(['name_1']);
    expect(await indexesOf({ begins: 'any' })).toEqual(['begins_1']);
  });
});

function databaseUrl(url: string, database: string): string {
  const [, start, , query = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(\/[^?]*)?(\?.*)?$/.exec(url) ?? [];
  return `${start}/${database}${query}`;
}

/** Names of the indexes that a plan reads; `COLLSCAN` where it reads without. */
function stages(plan: object): string[] {
  const found = new Set<string>();
  JSON.stringify(plan, (key, value) => {
    if (key === 'indexName') found.add(value);
    if (key === 'stage' && value === 'COLLSCAN') found.add(value);
    return value;
  });
  return [...found];
}

/** Stands before the server, and cuts the connection instead of passing on what it answers to inserts. */
async function openCuttingProxy(target: string) {
  const { hostname, port } = new URL(target.replace(/^mongodb:/, 'http:'));
  const sockets = new Set<Socket>();
  const counts = { toLose: 0, lost: 0 };
  const server = createServer((socket) => {
    const upstream = connect(Number(port || 27_017), hostname);
    sockets.add(socket);
    let isInsert = false;
    socket.on('data', (data) => {
      isInsert = data.includes('insert\0') && data.includes('journal\0');
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!isInsert || counts.toLose === 0) return void socket.write(data);
      counts.toLose -= 1;
      counts.lost += 1;
      socket.destroy();
    });
    const end = () => {
      sockets.delete(socket);
      socket.destroy();
      upstream.destroy();
    };
    for (const side of [socket, upstream]) side.on('close', end).on('error', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? address?.port : undefined,
    get lost() {
      return counts.lost;
    },
    loseAnswers(count: number) {
      counts.toLose = count;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
