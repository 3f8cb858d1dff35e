import type { Clock } from '../../platform/clock.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import { openSubgraphServer, type SubgraphServer } from '../../platform/http/subgraph-server.ts';
import type { Logger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import type { Bus } from '../../platform/ports/bus.ts';
import type { ViewCache } from '../../platform/ports/view-cache.ts';
import { Scope } from '../../platform/scope.ts';
import { CollectionSet } from './collection-set.ts';
import type { EndpointConfig } from './config.ts';
import { EndpointSchema } from './endpoint-schema.ts';
import { DefinitionsFollower } from './following/definitions-follower.ts';
import { endpointMetrics } from './metrics.ts';
import { ViewFile } from './view/view-file.ts';

export interface EndpointDeps {
  /** The view's SQLite file; made where it does not exist. */
  readonly viewPath: string;
  readonly bus: Bus;
  readonly configuration: ServiceClient;
  readonly datasource: ServiceClient;
  /** Where replicas keep their last known good for each other; a single one needs none. */
  readonly cache?: ViewCache | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

export interface EndpointOptions extends EndpointConfig {
  readonly serviceToken: string;
  readonly host?: string;
  readonly port?: number;
}

/**
 * Opens the public read side. It serves at once what the view has, and goes on following from there as soon as
 * configuration and datasource answer; it never waits for them.
 */
export async function openEndpointService(
  deps: EndpointDeps,
  options: EndpointOptions,
): Promise<SubgraphServer> {
  const { bus, logger } = deps;
  const metrics = deps.metrics ?? new Metrics();
  const scope = new Scope();
  try {
    const viewFile = scope.use(ViewFile.open(deps.viewPath));
    const set: CollectionSet = scope.use(
      new CollectionSet({ ...deps, viewFile, metrics: endpointMetrics(metrics) }, options, () => changed()),
    );
    const definitions = scope.use(new DefinitionsFollower(deps, set, { resyncMs: options.RESYNC }));
    const schema = new EndpointSchema({
      logger,
      collections: {
        get: (name) => set.get(name),
        async find(name) {
          if (!set.get(name)) await definitions.sync();
          return set.get(name);
        },
        subscribe: (live, request) => set.subscribe(live, request),
      },
    });
    schema.refresh(set.definitions);

    /** The revision with which another schema was told while it was not complete. */
    let toldAt: number | undefined;
    function changed(): void {
      const isOther = schema.refresh(set.definitions);
      // Told again once it is complete: which replica is furthest on goes by the revision.
      if (!isOther && (toldAt === undefined || toldAt === set.revision)) return;
      toldAt = isOther ? set.revision : undefined;
      bus
        .publish('schema.changed', { subgraph: 'endpoint' })
        .catch((error) => logger.warn({ err: error }, 'schema change not published'));
    }

    function wakeAll(): void {
      definitions.wake();
      set.wake();
    }

    const server = scope.use(
      await openSubgraphServer(
        {
          ...deps,
          metrics,
          schema: () => schema.current,
          schemaRevision: () => set.revision,
          refresh: () => definitions.sync(),
        },
        { ...options, service: 'endpoint' },
      ),
    );
    scope.use(await bus.subscribe('definitions.changed', () => definitions.wake()));
    scope.use(
      await bus.subscribe('collection.changed', ({ collection, incarnation, version }) => {
        const state = set.get(collection)?.view.state;
        if (state?.incarnation === incarnation && state.version >= version) return;
        set.wake(collection);
      }),
    );
    scope.use(bus.onGap(wakeAll));
    wakeAll();
    return { url: server.url, drain: () => server.drain(), close: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}
