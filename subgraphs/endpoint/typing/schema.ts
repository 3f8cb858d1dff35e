import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import { type DocumentNode, type GraphQLSchema, Kind, parse } from 'graphql';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import { readSdl } from '../../../platform/sdl.ts';
import { collectionResolvers } from './collection-resolvers.ts';
import type { Collections } from './collections.ts';
import { generateSdl } from './sdl.ts';
import { staticResolvers } from './static-resolvers.ts';

/** The whole SDL of the subgraph: two sets of definitions that give the same text give the same graph. */
export function endpointSdl(definitions: readonly CollectionDefinition[]): string {
  return [readSdl('endpoint'), generateSdl(definitions)].join('\n');
}

export function buildEndpointSchema(
  sdl: string,
  definitions: readonly CollectionDefinition[],
  collections: Collections,
): GraphQLSchema {
  const resolverMaps = [
    staticResolvers(collections),
    ...definitions.map((definition) => collectionResolvers(definition, collections)),
  ];
  const modules = resolverMaps.map((resolvers): GraphQLSchemaModule => ({ typeDefs: NOTHING, resolvers }));
  return buildSubgraphSchema([{ typeDefs: parse(sdl) }, ...modules]);
}

/** The SDL is one text; the resolvers come in parts. */
const NOTHING: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };
