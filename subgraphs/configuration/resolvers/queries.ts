import { BadUserInputError } from '../../../platform/errors.ts';
import type { QueryResolvers } from '../generated.ts';
import { poolDemands } from '../pool-demands.ts';
import { clusterOf } from '../subscriptions/cluster.ts';
import { type ResolverDeps, runConnection, sourceConnection } from './context.ts';

/** Definitions in one page at the most: each lists its sources. */
const DEFINITIONS_MAX = 1_000;

export function queryResolvers({ store, clock }: ResolverDeps): QueryResolvers {
  return {
    // A removed one is found by what names it, and among `sources` by its state.
    async source(_, { id }) {
      const source = await store.source(id);
      return source && !source.removed ? source : null;
    },
    sources(_, { filter, ...args }) {
      const query = {
        collection: filter?.collection ?? undefined,
        state: filter?.state ?? undefined,
        search: filter?.search ?? undefined,
      };
      return sourceConnection(store, query, args);
    },
    runs(_, { sourceId, status, ...args }) {
      return runConnection(store, { sourceId: sourceId ?? undefined, status: status ?? undefined }, args);
    },
    cluster: () => clusterOf(store),
    collectionDefinitions(_, { after, first }) {
      if (first < 1 || first > DEFINITIONS_MAX) {
        throw new BadUserInputError(`"first" must be from 1 to ${DEFINITIONS_MAX}, not ${first}.`);
      }
      return store.definitions(after, first);
    },
    async poolDemands() {
      return [...(await poolDemands(store, clock.now()))];
    },
  };
}
