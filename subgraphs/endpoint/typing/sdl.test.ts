import { composeServices } from '@apollo/composition';
import { parse, printType } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { CollectionDefinition, CollectionField } from '../../../platform/model/collection-definition.ts';
import { FIELD_TYPES } from '../../../platform/model/source-spec.ts';
import { readSdl } from '../../../platform/sdl.ts';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import { acceptedDefinitions } from './accepted-definitions.ts';
import { buildEndpointSchema, endpointSdl } from './schema.ts';
import { generateSdl } from './sdl.ts';

function definition(name: string, fields: readonly CollectionField[]): CollectionDefinition {
  return { name, incarnation: 'i1', revision: 1, deleted: false, fields, key: ['title'], sources: [] };
}

const BOOKS = definition('books', [field('title'), field('price', 'DECIMAL'), field('url', 'URL')]);

/** The generated SDL without its descriptions. */
function bare(definitions: readonly CollectionDefinition[]): string {
  return generateSdl(definitions).replace(/^ *"(?:[^"\\]|\\.)*"\n/gm, '');
}

it('is as the design shows it', () => {
  expect(bare([BOOKS])).toBe(`type Query {
  book(key: String!): Book
  books(first: Int = 20, after: String, filter: BookFilter, orderBy: [BookOrder!]): BookConnection!
}

type Subscription {
  booksChanged(after: String, filter: BookFilter, snapshot: Boolean = true): BookEvent!
}

type Book @key(fields: "id") {
  id: ID!
  title: String
  price: Decimal
  url: URL
  meta: EntryMeta!
}

type BookConnection {
  edges: [BookEdge!]!
  nodes: [Book!]!
  pageInfo: PageInfo!
  totalCount: Int!
}

type BookEdge {
  cursor: String!
  node: Book!
}

input BookFilter {
  and: [BookFilter!]
  or: [BookFilter!]
  not: BookFilter
  meta: EntryMetaFilter
  title: StringFilter
  price: DecimalFilter
  url: URLFilter
}

input BookOrder {
  meta: EntryMetaOrder
  title: SortOrder
  price: SortOrder
  url: SortOrder
}

union BookEvent = BookSnapshot | BookDelta | BookCursorExpired

type BookSnapshot {
  cursor: String!
  entries: [Book!]!
  complete: Boolean!
}

type BookDelta {
  cursor: String!
  upserted: [Book!]!
  removed: [ID!]!
}

type BookCursorExpired {
  cursor: String!
  message: String!
}`);
});

describe('the type of a field', () => {
  it.each<[CollectionField, type: string, filter: string, isOrderable: boolean]>([
    [field('f', 'STRING'), 'String', 'StringFilter', true],
    [field('f', 'INT'), 'Int', 'IntFilter', true],
    [field('f', 'FLOAT'), 'Float', 'FloatFilter', true],
    [field('f', 'DECIMAL'), 'Decimal', 'DecimalFilter', true],
    [field('f', 'BOOLEAN'), 'Boolean', 'BooleanFilter', true],
    [field('f', 'DATETIME'), 'DateTime', 'DateTimeFilter', true],
    [field('f', 'URL'), 'URL', 'URLFilter', true],
    [field('f', 'JSON'), 'JSON', 'JSONFilter', false],
    [field('f', 'STRING', { list: true }), '[String!]', 'StringListFilter', false],
    [field('f', 'URL', { merge: 'SET' }), '[URL!]', 'URLListFilter', false],
    [field('f', 'DATETIME', { merge: 'LIST' }), '[DateTime!]', 'DateTimeListFilter', false],
    [field('f', 'JSON', { merge: 'SET' }), '[JSON!]', 'JSONFilter', false],
    [field('f', 'STRING', { merge: 'COUNT' }), 'Int', 'IntFilter', true],
    [field('f', 'INT', { merge: 'SUM' }), 'Float', 'FloatFilter', true],
    [field('f', 'DECIMAL', { merge: 'AVG' }), 'Decimal', 'DecimalFilter', true],
    [field('f', 'DATETIME', { merge: 'MAX' }), 'DateTime', 'DateTimeFilter', true],
  ])('%j is a %s', (one, type, filter, isOrderable) => {
    const sdl = bare([definition('things', [one])]);
    expect(sdl).toContain(`  f: ${type}\n`);
    expect(sdl).toContain(`  f: ${filter}\n`);
    expect(sdl.includes('f: SortOrder')).toBe(isOrderable);
  });
});

it('names collections whose singular is the same word after themselves', () => {
  const sdl = bare([definition('news', [])]);
  expect(sdl).toContain('newsByKey(key: String!): News');
  expect(sdl).toContain('news(first: Int = 20');
});

const collections = {
  get: () => undefined,
  find: async () => undefined,
  subscribe: () => Promise.reject(new Error('Not in this test')),
};

const ALL_TYPES = definition(
  'all_types',
  FIELD_TYPES.flatMap((type) => [
    field(`one_${type}`, type),
    field(`many_${type}`, type, { list: true }),
    field(`set_${type}`, type, { merge: 'SET' }),
    field(`count_${type}`, type, { merge: 'COUNT' }),
  ]),
);

it('composes with the other subgraphs into a supergraph that has the types', () => {
  const definitions = [ALL_TYPES, BOOKS, definition('news', [field('title')])];
  const services = [
    { name: 'configuration', typeDefs: parse(readSdl('configuration')) },
    { name: 'datasource', typeDefs: parse(readSdl('datasource')) },
    { name: 'endpoint', typeDefs: parse(endpointSdl(definitions)) },
  ].map((service) => ({ ...service, url: `http://${service.name}/graphql` }));
  const { errors, schema } = composeServices(services);
  expect(errors).toBeUndefined();
  const api = schema?.toAPISchema().toGraphQLJSSchema();
  const type = api?.getType('Book');
  expect(type && printType(type)).toContain('price: Decimal');
});

it('builds a schema with and without collections', () => {
  for (const definitions of [[], [ALL_TYPES, BOOKS]]) {
    const sdl = endpointSdl(definitions);
    expect(() => buildEndpointSchema(sdl, definitions, collections)).not.toThrow();
  }
});

describe('collections whose names are taken', () => {
  const staticSdl = parse(readSdl('endpoint'));
  const accepted = (...names: string[]) =>
    acceptedDefinitions(
      names.map((name) => definition(name, [])),
      staticSdl,
    ).map(({ name }) => name);

  it('are left out, the others stay, in the order of their names', () => {
    expect(accepted('books', 'entries', 'collections', 'apples')).toEqual(['apples', 'books']);
  });

  it('are those of another collection too: the first by name keeps its types', () => {
    expect(accepted('books', 'book')).toEqual(['book']);
  });
});
