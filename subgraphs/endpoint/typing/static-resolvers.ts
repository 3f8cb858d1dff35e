import { COLLECTION_NAME, generatedNames } from '../../../platform/model/names.ts';
import { type Connection, type ConnectionArguments, connection } from '../querying/connection.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import type { Collections } from './collections.ts';
import { entryMeta } from './entry-meta.ts';
import { scalars } from './scalars.ts';

interface CollectionReference {
  readonly name: string;
}

/** Of a collection that has no entries here yet. */
const EMPTY_CONNECTION: Connection<never> = {
  edges: () => [],
  nodes: () => [],
  totalCount: () => 0,
  pageInfo: () => ({ hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }),
};

/** Resolvers of the SDL's static part: what is said of every collection, whatever its type. */
export function staticResolvers(collections: Collections) {
  return {
    ...scalars,
    Collection: {
      __resolveReference: ({ name }: CollectionReference) => (COLLECTION_NAME.test(name) ? { name } : null),
      typeName: ({ name }: CollectionReference) => generatedNames(name).type,
      entries: async ({ name }: CollectionReference, args: ConnectionArguments) => {
        const live = await collections.find(name);
        if (!live) return EMPTY_CONNECTION;
        return connection(live.view, args, { order: [] }, (entry: ViewEntry) => ({
          id: entry.id,
          key: entry.key,
          fields: entry.fields,
          meta: entryMeta(live, entry),
        }));
      },
    },
  };
}
