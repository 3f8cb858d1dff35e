import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMongoSourceStore, startMongoSourceStore } from '../../platform/adapters/mongo-source-store.ts';
import { openMongo } from '../../platform/mongo.ts';
import type { Committed, SourceChange, SourceStore } from '../../platform/ports/source-store.ts';
import { databaseUrl, dropDatabase, interceptedDb, type MongoWrite } from '../support/mongo-database.ts';
import { aChange, aCollection, aRun, aSource, aWorker, NOW } from './source-store-builders.ts';

const LEASE_MS = 15_000;

/** More writes than any commit makes. */
const WRITES_MAX = 30;

/** One replica that dies or falls asleep between any two writes; another one sees what it left. */
describe.skipIf(!process.env.MONGODB_URL)('A replica on MongoDB', () => {
  let url: string;
  let dying: SourceStore;
  let other: SourceStore;
  /** Done before each write of the one that dies. */
  let beforeWrite: (write: MongoWrite) => void | Promise<void> = () => {};

  beforeAll(async () => {
    url = databaseUrl();
    other = await openMongoSourceStore(url);
    const place = openMongo(url);
    const db = interceptedDb(place.db, async (write, send) => {
      await beforeWrite(write);
      return send();
    });
    dying = await startMongoSourceStore({ db, close: () => place.close() });
  });
  afterAll(async () => {
    await dying.close();
    await other.close();
    await dropDatabase(url);
  });

  /** Dies before its n-th write. @returns What it said of the commit, and whether it came to an end alive. */
  async function commitUntilWrite(n: number, change: SourceChange) {
    let writes = 0;
    beforeWrite = () => {
      if (++writes >= n) throw new Error('killed');
    };
    let said: Committed | undefined;
    try {
      said = await dying.commit(change);
    } catch {
      // Dead: it says nothing.
    } finally {
      beforeWrite = () => {};
    }
    return { said, isAlive: writes < n };
  }

  /** Has the replica die before each write in turn. `play` makes a change of names of its own, and looks at what is left. */
  async function atEachWrite(play: (n: number) => Promise<{ isAlive: boolean; isDone: boolean }>) {
    const isDone: boolean[] = [];
    for (let n = 1; n <= WRITES_MAX; n++) {
      const played = await play(n);
      isDone.push(played.isDone);
      if (!played.isAlive) continue;
      expect(n).toBeGreaterThan(2);
      // Nothing was done before the first write, all after the last, and from one on it stays so.
      expect(isDone).toEqual([...isDone].sort());
      expect([isDone.at(0), isDone.at(-1)]).toEqual([false, true]);
      return;
    }
    throw new Error('the commit goes on and on');
  }

  /** What is read first finds it so, whatever that is. */
  const LOOKS = ['source', 'run', 'runs', 'definitions'] as const;

  it.each(LOOKS)(
    'leaves a new source, its run and its collection all there or all not, %s looked at first',
    async (first) => {
      await atEachWrite(async (n) => {
        const id = `new-${first}-${n}`;
        const source = aSource(
          id,
          { queuedRunId: `r-${id}`, lastRunId: `r-${id}`, incarnation: id },
          { collection: id },
        );
        const change = { ...aChange(source), runs: [aRun(`r-${id}`, id)] };
        const { said, isAlive } = await commitUntilWrite(n, change);

        const looks = {
          source: async () => (await other.source(id)) !== undefined,
          run: async () => (await other.run(`r-${id}`)) !== undefined,
          runs: async () => (await other.countRuns({ sourceId: id, status: 'QUEUED' })) === 1,
          definitions: async () => {
            const { definitions } = await other.definitions(0, 1_000);
            const definition = definitions.find(({ name }) => name === id);
            if (definition) expect(definition.sources).toEqual([{ id, retain: 'LATEST_RUN' }]);
            return definition !== undefined;
          },
        };
        const seen = [await looks[first]()];
        for (const look of [...LOOKS, ...LOOKS]) seen.push(await looks[look]());
        // What was only begun may be done by whoever looks; from then on, nobody sees less than all.
        const isDone = seen.at(-1) ?? false;
        expect(seen).toEqual([...seen].sort());
        expect(new Set(seen.slice(-LOOKS.length)).size).toBe(1);
        expect(said === undefined || isDone).toBe(true);
        return { isAlive, isDone };
      });
    },
  );

  it('leaves a source and its runs all changed or all as they were, and a worker told what it lost', async () => {
    await atEachWrite(async (n) => {
      const id = `held-${n}`;
      const pool = { pool: `source-${id}` };
      const before = aSource(
        id,
        { queuedRunId: `q-${id}`, runningRunId: `r-${id}` },
        { isolation: 'DEDICATED' },
      );
      const runs = [aRun(`q-${id}`, id), aRun(`r-${id}`, id, { status: 'RUNNING' })];
      await other.commit({ source: before, runs });
      const claim = await other.claim(aWorker(`w-${id}`, pool), NOW, LEASE_MS);
      const held = claim?.claimed[0];
      if (!held) throw new Error('not claimed');
      const { after = 0 } = (await other.renew(`w-${id}`, 0, NOW, LEASE_MS)) ?? {};

      const cancelled = runs.map((run) => ({ ...run, status: 'CANCELLED' as const }));
      const source = { ...held, isPaused: true, workerId: null, queuedRunId: null, runningRunId: null };
      const { said, isAlive } = await commitUntilWrite(n, { source, runs: cancelled });

      const isDone = (await other.source(id))?.isPaused === true;
      const { items } = await other.runs({ sourceId: id }, { first: 10 });
      expect(items.map(({ node }) => node.status)).toEqual(
        isDone ? ['CANCELLED', 'CANCELLED'] : ['RUNNING', 'QUEUED'],
      );
      const renewal = await other.renew(`w-${id}`, after, NOW, LEASE_MS);
      expect(renewal?.lostSourceIds).toEqual(isDone ? [id] : []);
      expect(said === undefined || isDone).toBe(true);
      return { isAlive, isDone };
    });
  });

  it('leaves a collection and all its sources deleted, or none of them', async () => {
    await atEachWrite(async (n) => {
      const name = `gone-${n}`;
      const at = (revision: number, isDeleted = false) =>
        aCollection({ name, incarnation: name, expectedRevision: revision, isDeleted });
      const members = ['a', 'b', 'c'].map((id) =>
        aSource(
          `${id}-${name}`,
          { incarnation: name, removed: id === 'c' ? null : 'KEEP' },
          { collection: name },
        ),
      );
      let revision = 0;
      for (const source of members) {
        revision = (await other.commit({ source, collection: at(revision) }))?.definitionsRevision ?? 0;
      }
      const [, , last = aSource('none')] = members;
      const { said, isAlive } = await commitUntilWrite(n, {
        source: { ...last, version: 1, removed: 'DELETE' },
        collection: at(revision, true),
      });

      // Of the tombstones, one after the other, by itself.
      const removed = [];
      for (const { spec } of [...members].reverse()) removed.push((await other.source(spec.id))?.removed);
      const isDone = (await other.collection(name))?.deleted === true;
      expect(removed.slice(1)).toEqual(isDone ? ['DELETE', 'DELETE'] : ['KEEP', 'KEEP']);
      expect((await other.source(last.spec.id))?.removed).toBe(isDone ? 'DELETE' : null);
      expect(await other.sourcesOfCollection(name, name)).toHaveLength(isDone ? 0 : 3);
      expect(said === undefined || isDone).toBe(true);
      return { isAlive, isDone };
    });
  });

  it('is in nobody else’s way: what it began is finished before the next commit', async () => {
    await atEachWrite(async (n) => {
      const id = `next-${n}`;
      const started = { runs: [aRun(`r-${id}`, id, { status: 'RUNNING' })] };
      await other.commit(aChange(aSource(id, { incarnation: id }, { collection: id })));
      const source = aSource(id, { version: 1, incarnation: id, isFailing: true }, { collection: id });
      const { isAlive } = await commitUntilWrite(n, { source, ...started });

      const stored = await other.source(id);
      if (!stored) throw new Error('it was there');
      const isDone = stored.version === 2;
      const ended = { runs: [aRun(`e-${id}`, id, { status: 'SUCCEEDED' })] };
      expect(await other.commit({ source: stored, ...ended })).toEqual({ version: stored.version + 1 });
      const { items } = await other.runs({ sourceId: id }, { first: 10 });
      expect(items.map(({ node }) => node.id)).toEqual(isDone ? [`e-${id}`, `r-${id}`] : [`e-${id}`]);
      return { isAlive, isDone };
    });
  });

  it('takes nothing back when it wakes long after others have gone on', async () => {
    await other.commit({ source: aSource('nap') });
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const asleep = new Promise<void>((fellAsleep) => {
      beforeWrite = ({ collection }) => {
        if (collection !== 'runs') return;
        fellAsleep();
        return woken;
      };
    });
    const running = aRun('nap-1', 'nap', { status: 'RUNNING' });
    const queued = aRun('nap-2', 'nap');
    const sleeping = dying.commit({ source: aSource('nap', { version: 1 }), runs: [running, queued] });
    await asleep;
    beforeWrite = () => {};

    const cancelled = [running, queued].map((run) => ({ ...run, status: 'CANCELLED' as const }));
    await other.commit({ source: aSource('nap', { version: 2 }), runs: cancelled });
    const succeeded = aRun('nap-3', 'nap', { status: 'SUCCEEDED' });
    await other.commit({ source: aSource('nap', { version: 3 }), runs: [succeeded] });
    await other.pruneRuns('nap', 2);
    expect(await other.run('nap-1')).toBeUndefined();
    wake();
    expect(await sleeping).toEqual({ version: 2 });
    expect(await other.run('nap-2')).toMatchObject({ status: 'CANCELLED' });

    // A run that it puts back is forgotten with the next pruning, and keeps no other from running.
    const next = {
      source: aSource('nap', { version: 4 }),
      runs: [aRun('nap-4', 'nap', { status: 'RUNNING' })],
    };
    expect(await other.commit(next)).toEqual({ version: 5 });
    await other.pruneRuns('nap', 3);
    const { items } = await other.runs({ sourceId: 'nap' }, { first: 10 });
    expect(items.map(({ node }) => [node.id, node.status])).toEqual([
      ['nap-4', 'RUNNING'],
      ['nap-3', 'SUCCEEDED'],
      ['nap-2', 'CANCELLED'],
    ]);
  });

  it.each(['another', 'the same'])(
    'takes no revision that is taken while it decides, by %s collection',
    async (of) => {
      const name = `turn-${of}`;
      const inCollection = (id: string, collection: string) =>
        aChange(aSource(id, { incarnation: collection }, { collection }));
      const first = inCollection(`first-${of}`, of === 'another' ? `${name}-other` : name);
      let taken: Committed | undefined;
      // The write that takes the revision, and none of those that count.
      beforeWrite = async ({ collection, method }) => {
        if (collection !== 'configuration' || method !== 'updateOne') return;
        beforeWrite = () => {};
        taken = await other.commit(first);
      };
      const second = await dying.commit(inCollection(`second-${of}`, name));

      const { definitions, revision } = await other.definitions((taken?.definitionsRevision ?? 0) - 1, 10);
      expect(definitions.map((definition) => definition.sources.map(({ id }) => id))).toEqual(
        of === 'another' ? [[`first-${of}`], [`second-${of}`]] : [[`first-${of}`]],
      );
      expect(second?.definitionsRevision).toBe(of === 'another' ? revision : undefined);
    },
  );

  it('gives nothing to a worker that ends while it claims', async () => {
    await other.commit({ source: aSource('late', {}, { isolation: 'DEDICATED' }) });
    beforeWrite = async ({ collection }) => {
      if (collection !== 'sources') return;
      beforeWrite = () => {};
      await other.endWorker('w-late', NOW);
    };
    const claim = await dying.claim(aWorker('w-late', { pool: 'source-late' }), NOW, LEASE_MS);
    expect(claim).toBeUndefined();
    expect(await other.source('late')).toMatchObject({ workerId: null });
    expect(await other.hasUnclaimed('source-late')).toBe(true);
  });
});
