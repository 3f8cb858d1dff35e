import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMongoSourceStore } from '../../platform/adapters/mongo-source-store.ts';
import type { Source } from '../../platform/model/source.ts';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { databaseUrl, dropDatabase } from '../support/mongo-database.ts';
import { aCollection, aRun, aSource, aWorker, NOW } from './source-store-builders.ts';

const LEASE_MS = 15_000;
const REPLICAS = 3;

/** Several replicas do the same at the same time, each with connections of its own. */
describe.skipIf(!process.env.MONGODB_URL)('Replicas on one MongoDB database', () => {
  let url: string;
  let stores: readonly SourceStore[];
  beforeAll(async () => {
    url = databaseUrl();
    stores = await Promise.all(Array.from({ length: REPLICAS }, () => openMongoSourceStore(url)));
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await dropDatabase(url);
  });

  const storeOf = (index: number): SourceStore => {
    const store = stores[index % REPLICAS];
    if (!store) throw new Error('not open');
    return store;
  };
  const stored = async (store: SourceStore, id: string): Promise<Source> => {
    const source = await store.source(id);
    if (!source) throw new Error(`no source ${id}`);
    return source;
  };

  it('lose no commit, and make none of a state that another has changed', async () => {
    const [first] = stores;
    await first?.commit({ source: aSource('count', { baselineRecords: 0 }) });
    const PER_REPLICA = 20;
    await Promise.all(
      stores.map(async (store, replica) => {
        for (let n = 0; n < PER_REPLICA; ) {
          const source = await stored(store, 'count');
          const committed = await store.commit({
            source: { ...source, baselineRecords: (source.baselineRecords ?? 0) + 1 },
            runs: [aRun(`count-${replica}-${n}`, 'count', { status: 'SUCCEEDED' })],
          });
          if (committed) n++;
        }
      }),
    );
    const total = REPLICAS * PER_REPLICA;
    expect(await stored(storeOf(0), 'count')).toMatchObject({ baselineRecords: total, version: total + 1 });
    for (const store of stores) expect(await store.countRuns({ sourceId: 'count' })).toBe(total);
  });

  it('show every definition to whoever follows them, and no lower revision later', async () => {
    const COLLECTIONS = 4;
    const PER_REPLICA = 12;
    const followed = new Map<string, { revision: number; sourceIds: readonly string[] }>();
    let revision = 0;
    const follow = async (store: SourceStore) => {
      const page = await store.definitions(revision, 2);
      expect(page.revision).toBeGreaterThanOrEqual(revision);
      for (const { name, revision: at, sources } of page.definitions) {
        expect(at).toBeGreaterThan(revision);
        expect(at).toBeLessThanOrEqual(page.revision);
        followed.set(name, { revision: at, sourceIds: sources.map(({ id }) => id) });
      }
      revision = page.revision;
      return page.hasMore;
    };

    let isOver = false;
    const following = (async () => {
      while (!isOver) await follow(storeOf(0));
    })();
    const added = await Promise.all(
      stores.map(async (store, replica) => {
        const ids: string[] = [];
        for (let n = 0; n < PER_REPLICA; ) {
          const name = `c${n % COLLECTIONS}`;
          const expectedRevision = (await store.collection(name))?.revision ?? 0;
          const id = `def-${replica}-${n}`;
          const source = aSource(id, { incarnation: name }, { collection: name });
          const collection = aCollection({ name, incarnation: name, expectedRevision });
          const committed = await store.commit({ source, collection });
          if (!committed) continue;
          ids.push(id);
          n++;
        }
        return ids;
      }),
    );
    isOver = true;
    await following;
    while (await follow(storeOf(0)));

    const { definitions } = await storeOf(1).definitions(0, 100);
    expect([...followed]).toHaveLength(COLLECTIONS);
    for (const { name, revision: at, sources } of definitions) {
      expect(followed.get(name)).toEqual({ revision: at, sourceIds: sources.map(({ id }) => id) });
    }
    const listed = definitions.flatMap(({ sources }) => sources.map(({ id }) => id));
    expect(listed.sort()).toEqual(added.flat().sort());
  });

  it('give each source to one worker only, with a higher token each time', async () => {
    const ids = Array.from({ length: 120 }, (_, n) => `one-${n}`);
    await Promise.all(ids.map((id, n) => storeOf(n).commit({ source: aSource(id) })));
    const workers = Array.from({ length: 8 }, (_, n) => `w-${n}`);
    const holders = new Map<string, string>();
    for (const generation of [1, 2, 3]) {
      const claims = await Promise.all(
        workers.map(async (id, n) => {
          const worker = aWorker(`${id}-${generation}`, { capacity: 20 });
          return (await storeOf(n).claim(worker, NOW, LEASE_MS))?.claimed ?? [];
        }),
      );
      const claimed = claims.flat().filter(({ spec }) => spec.id.startsWith('one-'));
      expect(claimed.map(({ spec }) => spec.id).sort()).toEqual([...ids].sort());
      for (const { spec, token, workerId } of claimed) {
        expect(token).toBe(generation);
        expect(await stored(storeOf(0), spec.id)).toMatchObject({ token, workerId });
        expect(holders.get(spec.id)).not.toBe(workerId);
        holders.set(spec.id, workerId ?? '');
      }
      await Promise.all(
        workers.map(async (id, n) => {
          await storeOf(n).endWorker(`${id}-${generation}`, NOW);
          await Promise.all(stores.map((store) => store.freeSources(`${id}-${generation}`)));
        }),
      );
    }
  });

  it('give a worker no more than it can hold, though it claims at two at once', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => storeOf(n).commit({ source: aSource(`room-${n}`) })),
    );
    const worker = aWorker('w-room', { capacity: 10 });
    const claims = await Promise.all(stores.map((store) => store.claim(worker, NOW, LEASE_MS)));
    expect(await storeOf(0).countSources({ workerId: 'w-room' })).toBeLessThanOrEqual(10);
    const claimed = claims.flatMap((claim) => claim?.claimed ?? []).map(({ spec }) => spec.id);
    for (const id of claimed) expect(await stored(storeOf(0), id)).toMatchObject({ workerId: 'w-room' });
    await storeOf(0).claim(worker, NOW, LEASE_MS);
    expect(await storeOf(0).countSources({ workerId: 'w-room' })).toBe(10);
  });

  it('tell a worker all that it must know, whatever answers get lost, late or doubled', async () => {
    const step = fc.record({
      what: fc.constantFrom('claim', 'queue', 'pause', 'resume', 'renew', 'renew'),
      of: fc.nat(2),
      at: fc.nat(REPLICAS - 1),
      /** The answer: it arrives, it is lost, or two are asked for and the one that is answered first counts. */
      arrival: fc.constantFrom('arrives', 'arrives', 'lost', 'doubled'),
      /** Whether the next step begins before this one has ended. */
      isOverlapped: fc.boolean(),
    });
    let played = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const name = `told-${played++}`;
        const ids = [0, 1, 2].map((n) => `${name}-${n}`);
        const pools = ids.map((id) => `source-${id}`);
        for (const id of ids)
          await storeOf(0).commit({ source: aSource(id, {}, { isolation: 'DEDICATED' }) });
        /** What the worker believes to hold, and the run that it knows to be queued. */
        const known = new Map<string, { token: number; queuedRunId: string | null }>();
        let after = 0;

        const change = async (
          store: SourceStore,
          id: string,
          decide: (source: Source) => Partial<Source>,
        ) => {
          for (;;) {
            const source = await stored(store, id);
            const changed = { ...source, ...decide(source) };
            if (await store.commit({ source: changed, tellsWorker: true })) return;
          }
        };
        const renew = async (store: SourceStore, arrival: string) => {
          const named = after;
          const asked = [store.renew(name, named, NOW, LEASE_MS)];
          if (arrival === 'doubled') asked.push(storeOf(1).renew(name, named, NOW, LEASE_MS));
          const answer = await Promise.race(asked);
          await Promise.all(asked);
          // Like a worker: one renewal after the other, so that an answer to an earlier one is none.
          if (!answer || arrival === 'lost' || after !== named) return;
          after = answer.after;
          for (const id of answer.lostSourceIds) known.delete(id);
          for (const { spec, token, queuedRunId } of answer.changed)
            known.set(spec.id, { token, queuedRunId });
        };
        let runs = 0;
        const play = async ({ what, of, at, arrival }: (typeof steps)[number]) => {
          const store = storeOf(at);
          const id = ids[of] ?? '';
          if (what === 'claim') {
            const worker = aWorker(name, { pool: pools[of] ?? '', capacity: 3 });
            await store.claim(worker, NOW, LEASE_MS);
          } else if (what === 'queue') {
            const queuedRunId = `r-${runs++}`;
            await change(store, id, () => ({ queuedRunId }));
          } else if (what === 'pause') await change(store, id, () => ({ isPaused: true, workerId: null }));
          else if (what === 'resume') await change(store, id, () => ({ isPaused: false }));
          else await renew(store, arrival);
        };

        let running: Promise<void> = Promise.resolve();
        for (const one of steps) {
          const next = play(one);
          if (one.isOverlapped) running = Promise.all([running, next]).then(() => {});
          else await next;
        }
        await running;

        await storeOf(0).claim(aWorker(name, { pool: 'none', capacity: 0 }), NOW, LEASE_MS);
        await renew(storeOf(0), 'arrives');
        const held = await storeOf(0).sources({ workerId: name }, { first: 10 });
        expect(Object.fromEntries(known)).toEqual(
          Object.fromEntries(
            held.items.map(({ node: { spec, token, queuedRunId } }) => [spec.id, { token, queuedRunId }]),
          ),
        );
        expect(await storeOf(0).renew(name, after, NOW, LEASE_MS)).toEqual({
          changed: [],
          lostSourceIds: [],
          after,
        });
      }),
      { numRuns: 40 },
    );
  });
});
