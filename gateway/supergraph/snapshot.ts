import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import { buildASTSchema, type GraphQLSchema } from 'graphql';

/**
 * Everything derived from one supergraph SDL; never changed once built. What runs keeps the snapshot it began with,
 * and what is cached for a schema is cached under it, so that a swap is one assignment.
 */
export interface Snapshot {
  readonly supergraphSdl: string;
  /** What apps see: without what is `@inaccessible`. */
  readonly schema: GraphQLSchema;
  /** The same in the form that Apollo's planner and executor work on. */
  readonly apiSchema: Schema;
  /** With what is `@inaccessible`, since keys may be. */
  readonly supergraphSchema: GraphQLSchema;
  readonly planner: QueryPlanner;
}

/**
 * Lets other work in between the steps, each of which takes some tens of milliseconds with some dozens of
 * collections: no request and no event waits for the whole.
 */
export async function buildSnapshot(supergraphSdl: string): Promise<Snapshot> {
  // Composed by ourselves a moment ago: it need not be validated again.
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  await nextTurn();
  const apiSchema = supergraph.apiSchema();
  await nextTurn();
  const schema = toGraphQLSchema(apiSchema);
  await nextTurn();
  const supergraphSchema = toGraphQLSchema(supergraph.schema);
  await nextTurn();
  const planner = new QueryPlanner(supergraph, { exposeDocumentNodeInFetchNode: false });
  return { supergraphSdl, schema, apiSchema, supergraphSchema, planner };
}

/** As Apollo's own, which would validate once more what has been validated as a whole: that takes longer than the rest. */
function toGraphQLSchema(schema: Schema): GraphQLSchema {
  return buildASTSchema(schema.toAST(), { assumeValid: true, assumeValidSDL: true });
}
