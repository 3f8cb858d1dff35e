import type { SubscriptionResolvers } from '../generated.ts';
import { followRuns, followSources } from '../subscriptions/changes.ts';
import { followCluster } from '../subscriptions/cluster.ts';
import { followDemands, followWork } from '../subscriptions/wakes.ts';
import type { ResolverDeps } from './context.ts';

/** Every iterator lets its source go at once when the subscriber leaves. */
export function subscriptionResolvers(deps: ResolverDeps): SubscriptionResolvers {
  return {
    sourceChanged: { subscribe: (_, { id }) => followSources(deps, id ?? undefined) },
    runChanged: { subscribe: (_, { sourceId }) => followRuns(deps, sourceId ?? undefined) },
    clusterChanged: { subscribe: () => followCluster(deps) },
    workChanged: { subscribe: (_, { workerId }) => followWork(deps, workerId) },
    poolDemandsChanged: { subscribe: () => followDemands(deps) },
  } as SubscriptionResolvers;
}
