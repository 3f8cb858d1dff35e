import fastify from 'fastify';
import { listen } from '../http/listen.ts';
import { createCallerCheck, METRICS_REFUSED } from '../http/service-tokens.ts';
import type { Metrics } from '../metrics.ts';
import { isLoopback } from '../network/loopback.ts';
import type { Closeable } from '../scope.ts';

export interface ProbeServer extends Closeable {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  /** Says from now on that the service is about to stop. */
  drain(): void;
}

/**
 * Answers `/healthz`, `/readyz` and `/metrics` for a service that serves nothing else; beyond loopback the last wants
 * the service token.
 *
 * @throws {ConfigError} It cannot listen there.
 */
export async function openProbeServer(
  { metrics, isReady }: { readonly metrics: Metrics; readonly isReady: () => boolean },
  {
    host,
    port,
    serviceToken,
  }: { readonly host: string; readonly port: number; readonly serviceToken: string },
): Promise<ProbeServer> {
  const callerOf = createCallerCheck(serviceToken);
  const app = fastify({ forceCloseConnections: true });
  let isDraining = false;
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) =>
    isReady() && !isDraining
      ? { status: 'ok' }
      : reply.code(503).send({ status: isDraining ? 'stopping' : 'not ready' }),
  );
  app.get('/metrics', async ({ headers }, reply) =>
    isLoopback(host) || callerOf(headers.authorization) === 'service'
      ? reply.type(metrics.contentType).send(await metrics.text())
      : reply.code(401).header('www-authenticate', 'Bearer').send({ error: METRICS_REFUSED }),
  );
  const url = await listen(app, { host, port });
  return {
    url,
    drain() {
      isDraining = true;
    },
    close: () => app.close(),
  };
}
