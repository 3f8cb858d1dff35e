import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../platform/clock.ts';
import { BadUserInputError, type ErrorCode } from '../../platform/errors.ts';
import type { Access } from '../access/access.ts';
import { permit } from '../access/required-role.ts';
import { codedError, type GraphResult, refusal } from '../execution/errors.ts';
import type { Executor } from '../execution/execute.ts';
import { admit, type OperationLimits, type Prepare, type Refused } from '../execution/prepare.ts';
import { type GatewayMetrics, noteRefused } from '../metrics.ts';
import type { Snapshot } from '../supergraph/snapshot.ts';
import { isJson, negotiate, type ResponseType } from './media-type.ts';
import type { RequestGuard } from './request-guard.ts';
import { readParams } from './request-params.ts';

export interface GraphDeps {
  readonly snapshot: () => Snapshot | undefined;
  readonly prepare: Prepare;
  readonly limits: OperationLimits;
  readonly executor: Executor;
  readonly access: Access;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
}

export interface GraphqlRouteDeps extends GraphDeps {
  readonly guard: RequestGuard;
  readonly refuse: Refuse;
}

export interface GraphqlRouteOptions {
  readonly requestTimeoutMs: number;
  readonly requestBytesMax: number;
}

const KEY_WANTED =
  'This graph wants a key: send the header "authorization: Bearer <key>". npm run key makes one.';

const OTHER_METHODS = ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * GraphQL over HTTP: GET for queries, POST of JSON for queries and mutations.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 */
export function addGraphqlRoute(
  app: FastifyInstance,
  deps: GraphqlRouteDeps,
  options: GraphqlRouteOptions,
): void {
  const { guard, access, refuse } = deps;
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    exposeHeadRoute: false,
    bodyLimit: options.requestBytesMax,
    onRequest: async (request, reply) => {
      const foreign = guard.foreignSite(request.headers);
      if (foreign !== undefined) return refuse(reply, 403, 'FORBIDDEN', foreign);
      const { authorization } = request.headers;
      if (!access.callerOf(authorization)) {
        access.noteRefusal(authorization, request.ip);
        return challenge(reply, refuse);
      }
      if (!negotiate(request.headers.accept)) {
        reply.header('accept', 'application/graphql-response+json, application/json');
        return refuse(
          reply,
          406,
          'BAD_USER_INPUT',
          'Answers are application/graphql-response+json or application/json.',
        );
      }
      if (request.method === 'POST' && !isJson(request.headers['content-type'])) {
        return refuse(reply, 415, 'BAD_USER_INPUT', 'A request is application/json, in UTF-8.');
      }
      return undefined;
    },
    handler: (request, reply) => answer(request, reply, deps, options),
  });
  app.route({
    method: [...OTHER_METHODS],
    url: '/graphql',
    onRequest: async (_request, reply) => {
      reply.header('allow', 'GET, POST');
      return refuse(reply, 405, 'BAD_USER_INPUT', 'Send queries by GET or POST, mutations by POST.');
    },
    handler: () => {},
  });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { snapshot, prepare, limits, executor, access, clock, metrics, refuse }: GraphqlRouteDeps,
  { requestTimeoutMs }: GraphqlRouteOptions,
): Promise<FastifyReply> {
  const sendRefused = (refused: Refused, status?: number) => {
    noteRefused(metrics, refused);
    return send(reply, type, refusal(refused), status);
  };
  const type = negotiate(request.headers.accept) ?? 'application/json';
  // Asked again: the body has taken its time, and the key may be gone since.
  const caller = access.callerOf(request.headers.authorization);
  if (!caller) return challenge(reply, refuse);
  const current = snapshot();
  if (!current) return refuse(reply, 503, 'DATASOURCE_UNAVAILABLE', 'The graph is not ready yet.');
  let params: ReturnType<typeof readParams>;
  try {
    params = readParams(request);
  } catch (error) {
    if (error instanceof BadUserInputError) return refuse(reply, 400, error.code, error.message);
    throw error;
  }
  const prepared = prepare(current, params);
  if ('errors' in prepared) return sendRefused(prepared);
  const { operation } = prepared.operation;
  if (operation === 'subscription') {
    const message =
      'Subscriptions go over WebSocket, by the protocol graphql-transport-ws, at this same address.';
    return sendRefused({ errors: [codedError('BAD_USER_INPUT', message)] });
  }
  if (operation === 'mutation' && request.method === 'GET') {
    reply.header('allow', 'POST');
    return refuse(reply, 405, 'BAD_USER_INPUT', 'Mutations go by POST.');
  }
  const refused = admit(prepared, params.variables, limits);
  if (refused) return sendRefused(refused);
  const forbidden = permit(prepared, params.variables, caller.role);
  if (forbidden) return sendRefused(forbidden, 403);

  const abort = new AbortController();
  const gone = () => {
    if (!reply.raw.writableFinished) abort.abort();
  };
  reply.raw.once('close', gone);
  const timer = clock.schedule(requestTimeoutMs, () => {
    metrics.limits.inc({ limit: 'REQUEST_TIMEOUT' });
    abort.abort();
  });
  try {
    const result = await executor.execute(prepared, params.variables ?? {}, abort.signal);
    return send(reply, type, result);
  } finally {
    timer.close();
    reply.raw.off('close', gone);
  }
}

/**
 * `application/json` always says 200, since clients of that type take any other status for a failure of the transport.
 * In the other type a request that did not run is 400, or what says it better.
 */
function send(reply: FastifyReply, type: ResponseType, result: GraphResult, refusedAs = 400): FastifyReply {
  const hasRun = 'data' in result;
  return reply
    .code(hasRun || type === 'application/json' ? 200 : refusedAs)
    .header('content-type', `${type}; charset=utf-8`)
    .send(JSON.stringify(result));
}

/** Nothing of the request is read, let alone run. */
function challenge(reply: FastifyReply, refuse: Refuse): FastifyReply {
  reply.header('www-authenticate', 'Bearer');
  return refuse(reply, 401, 'UNAUTHENTICATED', KEY_WANTED);
}

/** Says what is wrong with the HTTP request itself, in the form that readers of GraphQL's errors know. */
export type Refuse = (reply: FastifyReply, status: number, code: ErrorCode, message: string) => FastifyReply;

export function createRefuse(metrics: GatewayMetrics): Refuse {
  return (reply, status, code, message) => {
    metrics.refusals.inc({ code });
    return reply
      .code(status)
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify(refusal({ errors: [codedError(code, message)] })));
  };
}
