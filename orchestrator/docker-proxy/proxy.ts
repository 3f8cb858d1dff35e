import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { messageOf } from '../../platform/errors.ts';
import { createFailureLog } from '../../platform/failure-log.ts';
import { listen } from '../../platform/http/listen.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Closeable } from '../../platform/scope.ts';
import { Engine } from './engine.ts';
import { EventStreams } from './event-streams.ts';
import { forward } from './forward.ts';
import { dockerProxyMetrics } from './metrics.ts';
import type { WorkerPolicy } from './policy.ts';
import { createRefusalLog } from './refusal-log.ts';
import { createRules, type EngineCall, PING, type Refusal } from './rules.ts';

export interface DockerProxyDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface DockerProxyOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly socketPath: string;
  /** Within which the engine must answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
}

export interface DockerProxy extends Closeable {
  /** `http://127.0.0.1:2375` */
  readonly url: string;
  /** Says from now on that it is about to stop; what comes all the same is answered. */
  drain(): void;
}

/** Open connections: an orchestrator has one for each call under way and one for events, and there are few of them. */
const CONNECTIONS_MAX = 128;
/** A caller that vanished, with its node for one, is noticed by its silence on the wire. */
const KEEP_ALIVE_PROBE_MS = 30_000;
/** How long a request may take to come. */
const REQUEST_TIMEOUT_MS = 10_000;
/** What is being answered when the proxy closes gets this long. */
const DRAIN_MS = 2_000;

/**
 * Stands before a manager's socket and lets through what the orchestrator asks of it, and nothing else: see `rules.ts`
 * for the calls, `service-spec-shape.ts` for what a worker may be, `filters.ts` for what is shown. Answers and refusals
 * are of the engine's kind: a status, and `{ "message": … }`.
 *
 * Beside that it answers `/healthz` and `/readyz` (whether the engine answers) and `/metrics`: these are no paths of
 * the engine, and tell no secret.
 *
 * @throws {ConfigError} It cannot listen there.
 */
export async function openDockerProxy(
  { logger, metrics }: DockerProxyDeps,
  policy: WorkerPolicy,
  options: DockerProxyOptions,
): Promise<DockerProxy> {
  const { callDuration, refusals, eventStreams } = dockerProxyMetrics(metrics);
  const engine = new Engine(options);
  const streams = new EventStreams(engine, policy);
  const reading = eventStreams.from(() => streams.size);
  const decide = createRules(policy);
  const logRefusal = createRefusalLog(logger);
  const outages = createFailureLog(logger, 'call of docker');
  let isDraining = false;
  let closing: Promise<void> | undefined;

  const app = fastify({
    bodyLimit: options.bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    http: { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS },
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  // The rules read bodies themselves, whatever they are said to be.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onResponse', async () => {
    // Its connection has just become idle, and is in the way of the close.
    if (closing) setImmediate(() => app.server.closeIdleConnections());
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error }, 'call failed');
    return say(reply, status, status >= 500 ? 'Something went wrong in docker-proxy.' : error.message);
  });

  const probe = async (_request: FastifyRequest, reply: FastifyReply) =>
    (await isWell(engine))
      ? reply.send({ status: 'ok' })
      : reply.code(503).send({ status: 'docker does not answer' });
  app.get('/healthz', probe);
  app.get('/readyz', async (request, reply) =>
    isDraining ? reply.code(503).send({ status: 'stopping' }) : probe(request, reply),
  );
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));

  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { method = '', url = '' } = request.raw;
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    const decision = decide({ method, url, body });
    return decision.kind === 'refusal' ? refuse(reply, decision) : pass(reply, decision);
  };
  app.all('/*', answer);
  app.setNotFoundHandler(answer);

  async function pass(reply: FastifyReply, call: EngineCall): Promise<FastifyReply> {
    const end = callDuration.startTimer({ call: call.name });
    try {
      const status = call.name === 'events' ? await tellEvents(reply, call) : await tellAnswer(reply, call);
      outages.succeeded();
      end({ outcome: status < 400 ? 'ok' : 'error' });
    } catch (error) {
      outages.failed(error, { call: call.name });
      end({ outcome: 'unavailable' });
      // As a manager of a swarm without a leader says it: whoever asks goes to another.
      say(reply, 503, messageOf(error));
    }
    return reply;
  }

  async function tellEvents(reply: FastifyReply, call: EngineCall): Promise<number> {
    const status = await streams.tell(reply.raw, call);
    reply.hijack();
    return status;
  }

  async function tellAnswer(reply: FastifyReply, call: EngineCall): Promise<number> {
    const told = await forward(engine, policy, call);
    if (told.kind === 'refusal') refuse(reply, told);
    else reply.code(told.status).type(told.contentType).send(told.body);
    if (call.method !== 'GET')
      logger.info({ call: call.name, service: call.service, status: told.status }, 'change of a service');
    return told.status;
  }

  function refuse(reply: FastifyReply, refused: Refusal): FastifyReply {
    refusals.inc({ call: refused.name });
    logRefusal(refused);
    return say(reply, refused.status, refused.reason);
  }

  async function close(): Promise<void> {
    isDraining = true;
    streams.close();
    const force = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    await app.close();
    clearTimeout(force);
    await engine.close();
    await reading.close();
  }

  const url = await listen(app, options);
  return {
    url,
    drain() {
      isDraining = true;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function say(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type('application/json').send({ message });
}

async function isWell(engine: Engine): Promise<boolean> {
  try {
    return (await engine.call(PING)).status < 400;
  } catch {
    return false;
  }
}
