import type { Server } from 'node:http';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { listen } from '../../platform/http/listen.ts';
import { type createCallerCheck, METRICS_REFUSED } from '../../platform/http/service-tokens.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { isLoopback } from '../../platform/network/loopback.ts';
import type { Closeable } from '../../platform/scope.ts';
import { addGraphiql } from './graphiql.ts';
import { addGraphqlRoute, createRefuse, type GraphDeps, type GraphqlRouteOptions } from './graphql-route.ts';
import type { RequestGuard } from './request-guard.ts';

export interface GatewayServerOptions extends GraphqlRouteOptions {
  readonly host: string;
  readonly port: number;
  /** Without it there is no page. */
  readonly graphiqlFolder?: string | undefined;
}

export interface GatewayServerDeps extends GraphDeps {
  readonly guard: RequestGuard;
  /** All that this process counts. */
  readonly shownMetrics: Metrics;
  /** Tells services from all others. */
  readonly callerOf: ReturnType<typeof createCallerCheck>;
  readonly logger: Logger;
}

export interface GatewayServer extends Closeable {
  readonly url: string;
  /** Says from now on that nothing more should be sent here; what comes all the same is answered. */
  drain(): void;
  /** For WebSockets, which come as its 'upgrade' events. */
  readonly server: Server;
}

/** How long requests under way may take to end once the server closes. */
const DRAIN_MS = 2_000;

/** For everything but the page: nothing of an answer may run or be framed. */
const ANSWER_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Whoever looks after us asks at our address, whatever it is. There is nothing in these answers to steal, nor in metrics
 * where they want a token.
 */
const PROBES = ['/healthz', '/readyz'];

/** @throws {ConfigError} PORT is taken, or may not be used. */
export async function openGatewayServer(
  deps: GatewayServerDeps,
  options: GatewayServerOptions,
): Promise<GatewayServer> {
  const { guard, logger, snapshot, metrics, shownMetrics, callerOf } = deps;
  const refuse = createRefuse(metrics);
  const app = fastify({ forceCloseConnections: 'idle', requestTimeout: options.requestTimeoutMs });

  const isOpen = isLoopback(options.host);
  const atAnyAddress = new Set<string | undefined>(isOpen ? PROBES : [...PROBES, '/metrics']);
  app.addHook('onRequest', async ({ headers, routeOptions: { url } }, reply) => {
    reply.headers(ANSWER_HEADERS);
    const refused = atAnyAddress.has(url) ? undefined : guard.wrongHost(headers);
    if (refused !== undefined) return refuse(reply, 403, 'FORBIDDEN', refused);
    return undefined;
  });
  addCors(app, guard);
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') metrics.limits.inc({ limit: 'REQUEST_BYTES_MAX' });
    if (status < 500) return refuse(reply, status, 'BAD_USER_INPUT', error.message);
    logger.error({ err: error }, 'request failed');
    return refuse(reply, 500, 'INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'NOT_FOUND', 'The graph is at /graphql.'));

  app.get('/healthz', async () => ({ status: 'ok' }));
  let isDraining = false;
  app.get('/readyz', async (_request, reply) => {
    if (isDraining) return reply.code(503).send({ status: 'stopping' });
    return snapshot() ? { status: 'ok' } : reply.code(503).send({ status: 'waiting for the subgraphs' });
  });
  app.get('/metrics', async ({ headers }, reply) => {
    if (!isOpen && callerOf(headers.authorization) !== 'service')
      return refuse(reply.header('www-authenticate', 'Bearer'), 401, 'UNAUTHENTICATED', METRICS_REFUSED);
    return reply.type(shownMetrics.contentType).send(await shownMetrics.text());
  });
  addGraphqlRoute(app, { ...deps, refuse }, options);
  if (options.graphiqlFolder !== undefined) await addGraphiql(app, options.graphiqlFolder);

  const url = await listen(app, options);
  return {
    url,
    server: app.server,
    drain() {
      isDraining = true;
    },
    async close() {
      const force = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      await app.close();
      clearTimeout(force);
    },
  };
}

/** Answers pages of the sites in CORS_ORIGINS; to all others the browser shows nothing. */
function addCors(app: FastifyInstance, guard: RequestGuard): void {
  app.addHook('onRequest', async ({ method, headers }, reply) => {
    const origin = guard.corsOriginOf(headers);
    if (origin === undefined) return undefined;
    reply.headers({
      'access-control-allow-origin': origin,
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'origin',
    });
    if (method !== 'OPTIONS') return undefined;
    return reply
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': headers['access-control-request-headers'] ?? 'content-type',
        'access-control-max-age': '600',
      })
      .code(204)
      .send();
  });
}
