import { Agent } from 'undici';
import type { Clock } from '../platform/clock.ts';
import { createCallerCheck, gatewayTokenOf } from '../platform/http/service-tokens.ts';
import type { Logger } from '../platform/logger.ts';
import { Metrics } from '../platform/metrics.ts';
import type { Bus } from '../platform/ports/bus.ts';
import type { Registry } from '../platform/ports/registry.ts';
import { type Closeable, Scope } from '../platform/scope.ts';
import { openAccess } from './access/access.ts';
import { assertGuarded, type GatewayConfig } from './config.ts';
import { createExecutor } from './execution/execute.ts';
import { createPrepare, type OperationLimits } from './execution/prepare.ts';
import { openSubgraphClients } from './execution/subgraph-client.ts';
import { createRequestGuard } from './http/request-guard.ts';
import { openGatewayServer } from './http/server.ts';
import { gatewayMetrics } from './metrics.ts';
import { openSocketServer } from './subscriptions/socket-server.ts';
import { openStreams } from './subscriptions/streams.ts';
import { openUpstreams } from './subscriptions/upstreams.ts';
import { openComposer } from './supergraph/composer.ts';
import { readSubgraphSdl } from './supergraph/subgraph-sdl.ts';
import { openSupergraph } from './supergraph/supergraph.ts';

export interface GatewayDeps {
  readonly registry: Registry;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default counted and never shown */
  readonly metrics?: Metrics;
}

export interface Gateway extends Closeable {
  /** `http://127.0.0.1:4000`: the graph is under `/graphql`, by HTTP and WebSocket. */
  readonly url: string;
  /** Says from now on that nothing more should be sent here; what comes all the same is answered. */
  drain(): void;
}

/**
 * Opens the graph for apps, and resolves once the first supergraph is in.
 *
 * @param config.serviceToken What the gateway's own token for the subgraphs is made of.
 * @param config.graphiqlFolder What Vite built of the GraphiQL page; without it there is none.
 * @throws {ConfigError} HOST is beyond loopback without API_KEYS_FILE, that file is wrong, or PORT is taken.
 */
export async function openGateway(
  { registry, bus, clock, logger, metrics: shownMetrics = new Metrics() }: GatewayDeps,
  config: GatewayConfig & { readonly serviceToken: string; readonly graphiqlFolder?: string },
): Promise<Gateway> {
  assertGuarded(config);
  const authorization = `Bearer ${gatewayTokenOf(config.serviceToken)}`;
  const limits: OperationLimits = {
    tokensMax: config.QUERY_TOKENS_MAX,
    depthMax: config.QUERY_DEPTH_MAX,
    costMax: config.QUERY_COST_MAX,
  };
  const metrics = gatewayMetrics(shownMetrics);
  const scope = new Scope();
  try {
    const access = scope.use(
      await openAccess(
        { clock, logger, metrics: shownMetrics },
        { keysFile: config.API_KEYS_FILE, reloadMs: config.API_KEYS_RELOAD },
      ),
    );
    const composer = scope.use(openComposer());
    const dispatcher = new Agent();
    scope.defer(() => dispatcher.destroy());
    const supergraph = scope.use(
      await openSupergraph(
        {
          registry,
          bus,
          clock,
          logger,
          metrics,
          composer,
          readSdl: (subgraph) => readSubgraphSdl({ registry, dispatcher, authorization }, subgraph),
        },
        { resyncMs: config.SUPERGRAPH_RESYNC },
      ),
    );
    const subgraphs = scope.use(
      openSubgraphClients(
        { registry, logger, metrics },
        {
          authorization,
          queryTimeoutMs: config.SUBGRAPH_TIMEOUT,
          mutationTimeoutMs: config.REQUEST_TIMEOUT,
          responseBytesMax: config.SUBGRAPH_RESPONSE_BYTES_MAX,
        },
      ),
    );
    const executor = createExecutor({ services: subgraphs.services, logger, metrics });
    const graph = {
      snapshot: () => supergraph.current(),
      prepare: createPrepare(limits),
      limits,
      executor,
      access,
      clock,
      logger,
      metrics,
    };
    const upstreams = scope.use(
      openUpstreams({ registry }, { authorization, pingIntervalMs: config.PING_INTERVAL }),
    );
    const streams = scope.use(
      openStreams({ ...graph, upstreams }, { resumeTimeoutMs: config.SUBSCRIPTION_RESUME_TIMEOUT }),
    );
    supergraph.onSwap((snapshot) => streams.onSwap(snapshot));
    const guard = createRequestGuard({
      corsOrigins: config.CORS_ORIGINS,
      // A page that reaches us by DNS rebinding has no key, and no browser adds one: then names tell nothing more.
      allowedHosts:
        config.API_KEYS_FILE !== undefined && config.ALLOWED_HOSTS.length === 0
          ? undefined
          : config.ALLOWED_HOSTS,
    });
    const server = scope.use(
      await openGatewayServer(
        { ...graph, guard, shownMetrics, callerOf: createCallerCheck(config.serviceToken) },
        {
          host: config.HOST,
          port: config.PORT,
          requestTimeoutMs: config.REQUEST_TIMEOUT,
          requestBytesMax: config.REQUEST_BYTES_MAX,
          graphiqlFolder: config.graphiqlFolder,
        },
      ),
    );
    scope.use(
      openSocketServer(
        { ...graph, server: server.server, guard, streams },
        {
          requestTimeoutMs: config.REQUEST_TIMEOUT,
          messageBytesMax: config.REQUEST_BYTES_MAX,
          connectionsMax: config.CONNECTIONS_MAX,
          operationsPerConnectionMax: config.SUBSCRIPTIONS_PER_CONNECTION_MAX,
          initTimeoutMs: config.CONNECTION_INIT_TIMEOUT,
          pingIntervalMs: config.PING_INTERVAL,
          bufferBytesMax: config.SUBSCRIBER_BUFFER_BYTES_MAX,
        },
      ),
    );
    await supergraph.first;
    return { url: server.url, drain: server.drain, close: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}
