import type { CollectionDefinition, CollectionSource } from '../../model/collection-definition.ts';
import type { Run } from '../../model/run.ts';
import type {
  CollectionRecord,
  DefinitionReads,
  RunQuery,
  RunReads,
  SourceQuery,
  SourceReads,
} from '../../ports/source-store.ts';
import type { SqliteFile, SqlRow } from '../../sqlite.ts';
import { readCounter } from './counters.ts';
import { countRows, readPage, type Where } from './pages.ts';
import { searchText, sourceOf } from './source-rows.ts';

export function createSourceReads(file: SqliteFile): SourceReads {
  return {
    async source(id) {
      const row = file.get('SELECT * FROM sources WHERE id = ?', id);
      return row && sourceOf(row);
    },
    async sources(query, page) {
      return readPage(file, 'sources', sourcesWhere(query), page, sourceOf);
    },
    async countSources(query) {
      return countRows(file, 'sources', sourcesWhere(query));
    },
    async sourcesOfCollection(collection, incarnation) {
      return file
        .all(
          `SELECT * FROM sources WHERE collection = ? AND incarnation = ?
             AND (removed IS NULL OR removed = 'KEEP') ORDER BY seq`,
          collection,
          incarnation,
        )
        .map(sourceOf);
    },
  };
}

function sourcesWhere(query: SourceQuery): Where {
  const where: Where = { terms: [], values: [] };
  const add = (term: string, ...values: (string | undefined)[]) => {
    where.terms.push(term);
    where.values.push(...values.filter((value) => value !== undefined));
  };
  if (query.state === undefined) add('removed IS NULL');
  else if (query.state === 'REMOVED') add("removed = 'KEEP'");
  else add('state = ?', query.state);
  if (query.collection !== undefined) add('collection = ?', query.collection);
  if (query.workerId !== undefined) add('worker_id = ?', query.workerId);
  if (query.search !== undefined) add('instr(search, ?) > 0', searchText(query.search));
  return where;
}

export function createDefinitionReads(file: SqliteFile): DefinitionReads {
  return {
    async collection(name) {
      const row = file.get('SELECT * FROM collections WHERE name = ?', name);
      return row && collectionOf(row);
    },
    async collectionNames() {
      const rows = file.all<{ name: string }>('SELECT name FROM collections WHERE is_deleted = 0');
      return { names: rows.map((row) => row.name), revision: readCounter(file, 'definitions') };
    },
    async definitions(after, first) {
      const rows = file.all(
        'SELECT * FROM collections WHERE revision > ? ORDER BY revision LIMIT ?',
        after,
        first + 1,
      );
      const definitions = rows.slice(0, first).map((row) => definitionOf(file, collectionOf(row)));
      const hasMore = rows.length > first;
      const last = definitions.at(-1);
      return {
        definitions,
        revision: hasMore && last ? last.revision : readCounter(file, 'definitions'),
        hasMore,
      };
    },
  };
}

function collectionOf(row: SqlRow): CollectionRecord {
  return {
    name: row.name as string,
    incarnation: row.incarnation as string,
    revision: row.revision as number,
    deleted: row.is_deleted === 1,
    fields: JSON.parse(row.fields as string),
    key: JSON.parse(row.key as string),
  };
}

function definitionOf(file: SqliteFile, collection: CollectionRecord): CollectionDefinition {
  const rows = file.all<{ id: string; retain: string; removed: CollectionSource['removed'] | null }>(
    'SELECT id, retain, removed FROM sources WHERE collection = ? AND incarnation = ? ORDER BY seq',
    collection.name,
    collection.incarnation,
  );
  const sources = rows.map(({ id, retain, removed }) => (removed ? { id, retain, removed } : { id, retain }));
  return { ...collection, sources };
}

export function createRunReads(file: SqliteFile): RunReads {
  return {
    async run(id) {
      const row = file.get('SELECT run FROM runs WHERE id = ?', id);
      return row && runOf(row);
    },
    async runs(query, page) {
      return readPage(file, 'runs', runsWhere(query), page, runOf);
    },
    async countRuns(query) {
      return countRows(file, 'runs', runsWhere(query));
    },
  };
}

function runsWhere(query: RunQuery): Where {
  const where: Where = { terms: [], values: [] };
  if (query.sourceId !== undefined) {
    where.terms.push('source_id = ?');
    where.values.push(query.sourceId);
  }
  if (query.status !== undefined) {
    where.terms.push('status = ?');
    where.values.push(query.status);
  }
  return where;
}

function runOf(row: SqlRow): Run {
  return JSON.parse(row.run as string);
}
