import type { ChangePage } from '../../platform/model/record.ts';
import type { CollectionResolvers, Resolvers, SubscriptionCollectionChangedArgs } from './generated.ts';
import type { Ingest } from './ingest.ts';
import type { ChangeStream } from './reading/change-stream.ts';
import type { CollectionViews } from './reading/collection-views.ts';
import { counterScalar } from './scalars.ts';

export interface ResolverDeps {
  readonly views: CollectionViews;
  readonly ingest: Ingest;
}

export function createResolvers({ views, ingest }: ResolverDeps): Resolvers {
  return {
    Counter: counterScalar,
    Query: {
      collection: (_root, { name }) => views.byName(name),
      collections: (_root, args) => views.page(args),
      changesSince: (_root, args) => views.changesSince(args),
    },
    Mutation: {
      ingest: (_root, { input }) => ingest.ingest(input),
      completeRun: (_root, { input }) => ingest.completeRun(input),
    },
    Subscription: {
      collectionChanged: {
        subscribe: (_root, { name, after }): Promise<ChangeStream> => views.changes(name, after),
        // The stream's pages are made into deltas here: a wrapped iterator could not be left at once.
        resolve: (page: ChangePage, { name }: SubscriptionCollectionChangedArgs) => views.delta(name, page),
      },
    },
    // What Apollo asks for entities with is not in the generated types.
    Collection: {
      __resolveReference: ({ name }: { name: string }) => views.byReference(name),
    } as CollectionResolvers,
  };
}
