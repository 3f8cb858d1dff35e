import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { Clock } from '../../platform/clock.ts';
import { guardInnerOperations } from '../../platform/http/inner-operations.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import { openSubgraphServer, type SubgraphServer } from '../../platform/http/subgraph-server.ts';
import type { Logger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import type { Bus } from '../../platform/ports/bus.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import { Scope } from '../../platform/scope.ts';
import { readSdl } from '../../platform/sdl.ts';
import { Collections } from './collections.ts';
import type { DatasourceConfig } from './config.ts';
import { DefinitionFollower } from './definition-follower.ts';
import { Folder } from './folding/folder.ts';
import { datasourceMetrics } from './folding/metrics.ts';
import { type FoldPeers, isPreferred } from './folding/preferred-replica.ts';
import { openResync } from './folding/resync.ts';
import { Upkeep } from './folding/upkeep.ts';
import { Ingest } from './ingest.ts';
import { ChangeHub } from './reading/change-hub.ts';
import { CollectionViews } from './reading/collection-views.ts';
import { createResolvers } from './resolvers.ts';

export interface DatasourceDeps {
  readonly store: CollectionStore;
  readonly bus: Bus;
  readonly configuration: ServiceClient;
  /** The replicas that share the folding. @default this one alone */
  readonly peers?: FoldPeers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

export interface DatasourceOptions extends DatasourceConfig {
  readonly serviceToken: string;
  readonly host?: string;
  readonly port?: number;
}

/**
 * The system of record: journals what workers deliver, folds it into entries, and tells their changes. Needs
 * configuration only to learn of collections that it has never heard of. Closes nothing of `deps`.
 */
export async function openDatasourceService(
  deps: DatasourceDeps,
  config: DatasourceOptions,
): Promise<SubgraphServer> {
  const { store, bus, clock, logger, peers, metrics: shown = new Metrics() } = deps;
  const metrics = datasourceMetrics(shown);
  const scope = new Scope();
  try {
    const collections = new Collections();
    const hub = scope.use(new ChangeHub(clock, config.DATASOURCE_RESYNC));
    const folder = scope.use(
      new Folder(
        {
          store,
          bus,
          clock,
          logger,
          metrics,
          nameOf: (incarnation) => collections.nameOf(incarnation),
          isPreferred: (incarnation) => isPreferred(incarnation, peers),
        },
        {
          leaseMs: config.FOLD_LEASE,
          concurrency: config.FOLD_CONCURRENCY,
          chunkEntries: config.FOLD_CHUNK_ENTRIES,
          contributionItemsMax: config.CONTRIBUTION_ITEMS_MAX,
          expiryIntervalMs: config.EXPIRY_INTERVAL,
        },
      ),
    );
    scope.use(
      new Upkeep(deps, {
        intervalMs: config.DATASOURCE_UPKEEP,
        journalRetainMs: config.JOURNAL_RETAIN,
        tombstoneRetainMs: config.TOMBSTONE_RETAIN,
        historyRetainMs: config.HISTORY_RETAIN,
      }),
    );
    const follower = scope.use(
      new DefinitionFollower(
        { ...deps, collections },
        {
          resyncMs: config.DATASOURCE_RESYNC,
          onTaken: ({ incarnation }) => folder.wake(incarnation),
          onGone: (incarnation) => {
            hub.gone(incarnation);
            folder.wake(incarnation);
          },
        },
      ),
    );
    scope.use(await bus.subscribe('definitions.changed', () => follower.wake()));
    scope.use(await bus.subscribe('collection.changed', ({ incarnation }) => hub.wake(incarnation)));
    scope.use(await bus.subscribe('journal.changed', ({ incarnation }) => folder.wake(incarnation)));
    await follower.start();
    const resync = scope.use(
      await openResync({ store, collections, folder, clock, logger }, { everyMs: config.FOLD_LEASE }),
    );
    scope.use(
      bus.onGap(() => {
        follower.wake();
        hub.wakeAll();
        resync.wake();
      }),
    );
    /** Whoever folds the collection hears of it: we ourselves, or all replicas, as we do not know which. */
    const announce = (incarnation: string) => {
      if (peers === undefined || folder.holds(incarnation)) folder.wake(incarnation);
      else bus.publish('journal.changed', { incarnation }).catch(() => folder.wake(incarnation));
    };

    const refreshDefinitions = () => follower.sync();
    const resolvers = createResolvers({
      views: new CollectionViews({
        store,
        collections,
        hub,
        clock,
        refreshDefinitions,
        onUnknown: () => follower.wake(),
      }),
      ingest: new Ingest(
        {
          store,
          collections,
          clock,
          refreshDefinitions,
          metrics,
          onAppended: announce,
        },
        { batchRecordsMax: config.BATCH_RECORDS_MAX, recordBytesMax: config.RECORD_BYTES_MAX },
      ),
    });
    const schema = guardInnerOperations(
      buildSubgraphSchema({ typeDefs: parse(readSdl('datasource')), resolvers: resolvers as never }),
    );
    const server = scope.use(
      await openSubgraphServer(
        { ...deps, metrics: shown, schema: () => schema },
        { ...config, service: 'datasource' },
      ),
    );
    return { url: server.url, drain: () => server.drain(), close: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}
