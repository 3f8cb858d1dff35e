import { type CommandStartedEvent, type Document, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMongoSourceStore } from '../../platform/adapters/mongo-source-store.ts';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { databaseUrl, dropDatabase } from '../support/mongo-database.ts';
import { aChange, aCollection, aRun, aSource, aWorker, NOW } from './source-store-builders.ts';

const LEASE_MS = 15_000;

/** A selection that was sent to the server: what a query reads, or what a write changes. */
interface Selection {
  readonly collection: string;
  readonly filter: Document;
  readonly hint: unknown;
}

describe.skipIf(!process.env.MONGODB_URL)('The MongoDB source store', () => {
  let url: string;
  let client: MongoClient;
  let store: SourceStore;
  let selections: Selection[] = [];

  beforeAll(async () => {
    url = databaseUrl();
    client = new MongoClient(url, { monitorCommands: true, ignoreUndefined: true });
    client.on('commandStarted', (event) => selections.push(...selectionsOf(event)));
    store = await startMongoSourceStore({ db: client.db(), close: () => client.close() });
    for (const id of ['s1', 's2', 's3']) {
      const definition = await store.collection('books');
      const collection = aCollection({ expectedRevision: definition?.revision ?? 0 });
      await store.commit({ source: aSource(id), runs: [aRun(`r-${id}`, id)], collection });
    }
  });
  afterAll(async () => {
    await store.close();
    await dropDatabase(url);
  });

  /** The name of the index that the server takes; what else it does instead. */
  const planOf = async ({ collection, filter, hint }: Selection): Promise<string> => {
    const find = client.db().collection(collection).find(filter);
    if (hint !== undefined) find.hint(hint as string);
    return leafOf((await find.explain('queryPlanner')).queryPlanner.winningPlan);
  };

  const page = { first: 10 };
  const held = { source: aSource('s1', { version: 1, isPaused: true }), tellsWorker: true };
  const deletion = {
    source: aSource(
      'g1',
      { version: 1, incarnation: 'g', removed: 'DELETE' as const },
      { collection: 'gone' },
    ),
    collection: aCollection({ name: 'gone', incarnation: 'g', isDeleted: true }),
  };
  const cases: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
    ['all sources', () => store.sources({}, page), ['sources_living']],
    ['sources of a state', () => store.sources({ state: 'FAILING' }, page), ['sources_by_state']],
    ['removed sources', () => store.sources({ state: 'REMOVED' }, page), ['sources_living']],
    [
      'sources by a collection',
      () => store.sources({ collection: 'books' }, page),
      ['sources_by_collection'],
    ],
    ['sources by a text', () => store.sources({ search: 'x' }, page), ['sources_living']],
    ['sources of a worker', () => store.countSources({ workerId: 'w' }), ['sources_by_worker']],
    ['all of a collection', () => store.sourcesOfCollection('books', 'books-1'), ['sources_by_collection']],
    ['all runs', () => store.runs({}, page), ['runs_all', 'sources_unfinished']],
    ['how many runs there are', () => store.countRuns({}), ['runs_all', 'sources_unfinished']],
    ['a run', () => store.run('r-s1'), ['sources_unfinished']],
    [
      'runs of a status',
      () => store.runs({ status: 'RUNNING' }, page),
      ['runs_by_status', 'sources_unfinished'],
    ],
    ['runs of a source', () => store.runs({ sourceId: 's1' }, page), ['runs_by_source']],
    ['old runs', () => store.pruneRuns('s1', 0), ['runs_by_source']],
    ['definitions', () => store.definitions(0, 10), ['definitions_by_revision', 'sources_by_collection']],
    ['names', () => store.collectionNames(), ['definitions_kept']],
    ['a commit', () => store.commit(held), []],
    [
      'a collection on its way out',
      async () => {
        const revision = (
          await store.commit(aChange(aSource('g1', { incarnation: 'g' }, { collection: 'gone' })))
        )?.definitionsRevision;
        selections = [];
        const collection = { ...deletion.collection, expectedRevision: revision ?? 0 };
        expect(await store.commit({ ...deletion, collection })).toBeDefined();
      },
      ['sources_by_collection'],
    ],
    ['a claim', () => store.claim(aWorker('w'), NOW, LEASE_MS), ['sources_by_worker', 'sources_free']],
    [
      'a renewal',
      async () => {
        const { after = 0 } = (await store.renew('w', 0, NOW, LEASE_MS)) ?? {};
        await store.renew('w', after, NOW, LEASE_MS);
      },
      ['sources_by_worker', 'sources_lost'],
    ],
    [
      'ended workers',
      () => store.endExpiredWorkers(NOW + LEASE_MS, NOW + 2 * LEASE_MS),
      ['sources_by_worker', 'workers_by_lease'],
    ],
    ['running sources', () => store.runningSources('w'), ['sources_by_worker']],
    ['sources to be freed', () => store.freeSources('w'), ['sources_by_worker']],
    [
      'workers to be forgotten',
      () => store.endExpiredWorkers(NOW + 3 * LEASE_MS, NOW + 2 * LEASE_MS),
      ['sources_by_worker', 'sources_lost', 'workers_by_lease'],
    ],
    ['unclaimed sources', () => store.hasUnclaimed('shared'), ['sources_free']],
    ['workers', () => store.workers(), ['workers_by_lease']],
    ['what the pools need', () => store.demands(), ['sources_by_pool']],
  ];

  it.each(cases)('finds %s by an index', async (_, play, indexes) => {
    selections = [];
    await play();
    const sent = selections;
    expect(sent.length).toBeGreaterThan(0);
    const plans: string[] = [];
    for (const selection of sent) {
      const plan = await planOf(selection);
      expect(plan).toMatch(/^(_id_|sources_|runs_|definitions_|workers_)/);
      // By id, only where an id is asked for: else it is the server's way to read everything.
      if (plan === '_id_') expect(selection.filter).toHaveProperty('_id');
      plans.push(plan);
    }
    expect(plans).toEqual(expect.arrayContaining([...indexes]));
  });
});

function selectionsOf({ command }: CommandStartedEvent): Selection[] {
  const [[verb = '', collection] = []] = Object.entries(command);
  const of = (filter: unknown, hint: unknown): Selection => ({
    collection: String(collection),
    filter: filter as Document,
    hint,
  });
  switch (verb) {
    case 'find':
      return [of(command.filter, command.hint)];
    case 'aggregate':
      return [of(command.pipeline[0].$match, command.hint)];
    case 'distinct':
    case 'findAndModify':
      return [of(command.query, command.hint)];
    case 'update':
      return command.updates.map(({ q, hint }: Document) => of(q, hint));
    case 'delete':
      return command.deletes.map(({ q, hint }: Document) => of(q, hint));
    default:
      return [];
  }
}

function leafOf(plan: Document): string {
  const inner = plan.inputStage ?? plan.inputStages?.[0] ?? plan.queryPlan;
  if (inner) return leafOf(inner);
  return plan.stage === 'IDHACK' ? '_id_' : (plan.indexName ?? plan.stage);
}
