import type { Filter } from 'mongodb';
import type { CollectionSource } from '../../model/collection-definition.ts';
import type { Run } from '../../model/run.ts';
import type { Source } from '../../model/source.ts';
import type {
  CollectionRecord,
  DefinitionReads,
  RunQuery,
  RunReads,
  SourceQuery,
  SourceReads,
} from '../../ports/source-store.ts';
import { settleDefinitions } from './definition-intents.ts';
import {
  type DefinitionDocument,
  type Documents,
  type RunDocument,
  runOf,
  type SourceDocument,
  searchText,
  sourceOf,
} from './documents.ts';
import { count, type List, readPage, type Selection } from './pages.ts';
import { INDEXES } from './schema.ts';
import { settleRuns } from './source-writes.ts';

/** A change under way shows in a source at once, but for those that a collection takes with it when it goes. */
export function createSourceReads(documents: Documents): SourceReads {
  const { sources } = documents;
  const list: List<SourceDocument, Source> = {
    documents: sources,
    name: 'sources',
    direction: 1,
    nodeOf: sourceOf,
  };
  return {
    async source(id) {
      let source = await sources.findOne({ _id: id });
      if (source?.removed === 'KEEP') {
        await settleDefinitions(documents);
        source = await sources.findOne({ _id: id });
      }
      return source ? sourceOf(source) : undefined;
    },
    async sources(query, page) {
      if (query.state === 'REMOVED') await settleDefinitions(documents);
      return readPage(list, sourcesSelection(query), page);
    },
    async countSources(query) {
      if (query.state === 'REMOVED') await settleDefinitions(documents);
      return count(sources, sourcesSelection(query));
    },
    async sourcesOfCollection(collection, incarnation) {
      await settleDefinitions(documents);
      const found = await sources
        .find(
          { collection, incarnation, removed: { $in: [null, 'KEEP'] } },
          { hint: INDEXES.sourcesByCollection },
        )
        .sort({ seq: 1 })
        .toArray();
      return found.map(sourceOf);
    },
  };
}

function sourcesSelection(query: SourceQuery): Selection<SourceDocument> {
  const { collection, state, workerId, search } = query;
  const filter: Filter<SourceDocument> = {
    ...(state === undefined ? { removed: null } : state === 'REMOVED' ? { removed: 'KEEP' } : { state }),
    ...(collection === undefined ? {} : { collection }),
    ...(workerId === undefined ? {} : { workerId }),
    // No pattern, in which some of the text would mean something.
    ...(search === undefined
      ? {}
      : { $expr: { $gte: [{ $indexOfBytes: ['$search', { $literal: searchText(search) }] }, 0] } }),
  };
  if (workerId !== undefined) return { filter, index: INDEXES.sourcesByWorker };
  if (collection !== undefined) return { filter, index: INDEXES.sourcesByCollection };
  const isByState = state !== undefined && state !== 'REMOVED';
  return { filter, index: isByState ? INDEXES.sourcesByState : INDEXES.sourcesLiving };
}

/** The revision is read before the definitions, when all changes up to it are in place: none shows up later. */
export function createDefinitionReads(documents: Documents): DefinitionReads {
  const { definitions } = documents;
  return {
    async collection(name) {
      await settleDefinitions(documents);
      const definition = await definitions.findOne({ _id: name });
      return definition ? recordOf(definition) : undefined;
    },
    async collectionNames() {
      const revision = await settleDefinitions(documents);
      const kept = await definitions
        .find({ isDeleted: false }, { hint: INDEXES.definitionsKept, projection: { _id: 1 } })
        .toArray();
      return { names: kept.map(({ _id }) => _id), revision };
    },
    async definitions(after, first) {
      const revision = await settleDefinitions(documents);
      const found = await definitions
        .find({ revision: { $gt: after, $lte: revision } }, { hint: INDEXES.definitionsByRevision })
        .sort({ revision: 1 })
        .limit(first + 1)
        .toArray();
      const page = found.slice(0, first);
      const sources = await sourcesOf(documents, page);
      const hasMore = found.length > first;
      const last = page.at(-1);
      return {
        definitions: page.map((definition) => ({
          ...recordOf(definition),
          sources: sources.get(incarnationKey(definition._id, definition.incarnation)) ?? [],
        })),
        revision: hasMore && last ? last.revision : revision,
        hasMore,
      };
    },
  };
}

function recordOf({
  _id,
  incarnation,
  revision,
  isDeleted,
  fields,
  key,
}: DefinitionDocument): CollectionRecord {
  return { name: _id, incarnation, revision, deleted: isDeleted, fields: JSON.parse(fields), key };
}

/** The sources of each definition, oldest first, by its name and incarnation. */
async function sourcesOf(
  { sources }: Documents,
  definitions: readonly DefinitionDocument[],
): Promise<ReadonlyMap<string, readonly CollectionSource[]>> {
  const byIncarnation = new Map<string, CollectionSource[]>();
  if (definitions.length === 0) return byIncarnation;
  const found = await sources
    .find(
      {
        collection: { $in: definitions.map(({ _id }) => _id) },
        incarnation: { $in: definitions.map(({ incarnation }) => incarnation) },
      },
      {
        hint: INDEXES.sourcesByCollection,
        projection: { seq: 1, collection: 1, incarnation: 1, retain: 1, removed: 1 },
      },
    )
    .toArray();
  found.sort((one, other) => one.seq - other.seq);
  for (const { _id: id, collection, incarnation, retain, removed } of found) {
    const key = incarnationKey(collection, incarnation);
    const those = byIncarnation.get(key) ?? [];
    those.push(removed ? { id, retain, removed } : { id, retain });
    byIncarnation.set(key, those);
  }
  return byIncarnation;
}

function incarnationKey(collection: string, incarnation: string): string {
  return JSON.stringify([collection, incarnation]);
}

/** Runs that a commit left behind are put in place first: nobody sees a source without its run. */
export function createRunReads(documents: Documents): RunReads {
  const { runs } = documents;
  const list: List<RunDocument, Run> = {
    documents: runs,
    name: 'runs',
    direction: -1,
    nodeOf: runOf,
  };
  return {
    async run(id) {
      await settleRuns(documents, { runId: id });
      const run = await runs.findOne({ _id: id });
      return run ? runOf(run) : undefined;
    },
    async runs(query, page) {
      await settleRuns(documents, query);
      return readPage(list, runsSelection(query), page);
    },
    async countRuns(query) {
      await settleRuns(documents, query);
      return count(runs, runsSelection(query));
    },
  };
}

function runsSelection({ sourceId, status }: RunQuery): Selection<RunDocument> {
  const filter: Filter<RunDocument> = {
    ...(sourceId === undefined ? {} : { sourceId }),
    ...(status === undefined ? {} : { status }),
  };
  if (sourceId !== undefined) return { filter, index: INDEXES.runsBySource };
  return { filter, index: status === undefined ? INDEXES.runs : INDEXES.runsByStatus };
}
