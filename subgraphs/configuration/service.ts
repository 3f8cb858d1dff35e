import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import type { Clock } from '../../platform/clock.ts';
import { guardInnerOperations } from '../../platform/http/inner-operations.ts';
import { openSubgraphServer, type SubgraphServer } from '../../platform/http/subgraph-server.ts';
import type { IdFactory } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import type { SourceState } from '../../platform/model/source.ts';
import { createAddressGuard } from '../../platform/network/address-guard.ts';
import type { Bus } from '../../platform/ports/bus.ts';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { Scope } from '../../platform/scope.ts';
import { readSdl } from '../../platform/sdl.ts';
import { createAnnouncer } from './announcer.ts';
import type { CommandContext } from './commands/context.ts';
import type { ConfigurationConfig } from './config.ts';
import { configurationMetrics } from './metrics.ts';
import { createNameCheck, readPlatformNames } from './platform-names.ts';
import { PreviewQueue } from './preview-queue.ts';
import type { ResolverDeps } from './resolvers/context.ts';
import { mutationResolvers } from './resolvers/mutations.ts';
import { queryResolvers } from './resolvers/queries.ts';
import { subscriptionResolvers } from './resolvers/subscriptions.ts';
import { typeResolvers } from './resolvers/types.ts';
import { createSerial } from './serial.ts';
import { watchLeases } from './workers/ended-workers.ts';

export interface ConfigurationDeps {
  /** Closed by whoever opened it. */
  readonly store: SourceStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly newId: IdFactory;
  readonly logger: Logger;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

export interface ConfigurationServiceConfig extends ConfigurationConfig {
  readonly serviceToken: string;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes any free port. @default 0 */
  readonly port?: number;
}

/** Of the sources that live. */
const SHOWN_STATES = ['ACTIVE', 'PAUSED', 'FAILING'] as const satisfies SourceState[];

/** Expired leases are looked for this many times within the length of one. */
const CHECKS_PER_LEASE = 3;

/** Serves the configuration subgraph. */
export async function openConfigurationService(
  deps: ConfigurationDeps,
  config: ConfigurationServiceConfig,
): Promise<SubgraphServer> {
  const { store, bus, clock, newId, logger, metrics = new Metrics() } = deps;
  const scope = new Scope();
  try {
    const instruments = configurationMetrics(metrics);
    for (const state of SHOWN_STATES)
      scope.use(instruments.sources.from(() => store.countSources({ state }), { state }));
    const announcer = createAnnouncer({ bus, logger });
    const commands: CommandContext = {
      store,
      clock,
      newId,
      announcer,
      checkNames: createNameCheck(readPlatformNames()),
      limits: {
        everyMsMin: config.EVERY_MIN,
        fieldsMax: config.FIELDS_MAX,
        pagesMax: config.PAGES_MAX,
        sourcesMax: config.SOURCES_MAX,
        runsKept: config.RUNS_KEPT,
        guard: createAddressGuard(config.SCRAPER_ALLOW_NETWORKS),
      },
      metrics: instruments,
    };
    const previews = scope.use(
      await PreviewQueue.open(
        { store, bus, announcer, clock, newId, logger },
        { timeoutMs: config.PREVIEW_TIMEOUT, openMax: config.PREVIEWS_QUEUED_MAX },
      ),
    );
    const schema = createSchema({
      store,
      bus,
      clock,
      previews,
      logger,
      commands,
      serially: createSerial(),
      leaseMs: config.LEASE,
      clusterStaleMs: config.CLUSTER_STALE_AFTER,
    });
    scope.use(watchLeases(commands, { clock, logger }, config.LEASE / CHECKS_PER_LEASE));
    const { serviceToken, host, port } = config;
    const server = scope.use(
      await openSubgraphServer(
        { ...deps, metrics, schema: () => schema },
        {
          service: 'configuration',
          serviceToken,
          ...(host === undefined ? {} : { host }),
          ...(port === undefined ? {} : { port }),
        },
      ),
    );
    // First of all, since requests that wait for a preview would hold the server open.
    scope.defer(() => previews.close());
    return { url: server.url, drain: () => server.drain(), close: () => scope.close() };
  } catch (error) {
    await scope.close().catch(() => {});
    throw error;
  }
}

function createSchema(deps: ResolverDeps): GraphQLSchema {
  const resolvers = {
    ...typeResolvers(deps),
    Query: queryResolvers(deps),
    Mutation: mutationResolvers(deps),
    Subscription: subscriptionResolvers(deps),
  };
  return guardInnerOperations(
    buildSubgraphSchema({ typeDefs: parse(readSdl('configuration')), resolvers: resolvers as never }),
  );
}
