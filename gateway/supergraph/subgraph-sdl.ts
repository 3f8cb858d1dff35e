import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { UnavailableError } from '../../platform/errors.ts';
import { SCHEMA_REVISION_HEADER } from '../../platform/http/subgraph-server.ts';
import type { Registry, ServiceName } from '../../platform/ports/registry.ts';

/** The services whose schemas make the graph. */
export const SUBGRAPHS = ['configuration', 'datasource', 'endpoint'] as const satisfies ServiceName[];
export type SubgraphName = (typeof SUBGRAPHS)[number];

/** A subgraph that does not say its schema within this is asked again later; it answers from memory. */
const SDL_TIMEOUT_MS = 5_000;

const answerShape = z.object({ data: z.object({ _service: z.object({ sdl: z.string().min(1) }) }) });

export interface SubgraphSdlDeps {
  readonly registry: Registry;
  readonly dispatcher: Dispatcher;
  /** What the gateway shows to the subgraphs. */
  readonly authorization: string;
}

export interface SubgraphSdl {
  readonly sdl: string;
  /** Grows with what the schema is made of; 0 where the subgraph does not say. */
  readonly revision: number;
}

/**
 * Asks all instances of the subgraph for their schema, and takes that of the one that is furthest on: the others come
 * to it, and meanwhile look it up when they are asked for what they do not know.
 *
 * @throws {UnavailableError} None answers, or none is registered.
 */
export async function readSubgraphSdl(deps: SubgraphSdlDeps, subgraph: SubgraphName): Promise<SubgraphSdl> {
  const instances = deps.registry.instances(subgraph);
  const read = await Promise.allSettled(instances.map(({ url }) => readInstance(deps, url)));
  let newest: SubgraphSdl | undefined;
  let cause: unknown;
  for (const result of read) {
    if (result.status === 'rejected') cause = result.reason;
    else if (!newest || result.value.revision > newest.revision) newest = result.value;
  }
  if (newest) return newest;
  throw new UnavailableError(`No instance of ${subgraph} says its schema.`, cause);
}

async function readInstance(
  { dispatcher, authorization }: SubgraphSdlDeps,
  url: string,
): Promise<SubgraphSdl> {
  const { headers, body } = await request(url, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', authorization },
    body: '{"query":"{ _service { sdl } }"}',
    signal: AbortSignal.timeout(SDL_TIMEOUT_MS),
  });
  const { sdl } = answerShape.parse(await body.json()).data._service;
  return { sdl, revision: Number(headers[SCHEMA_REVISION_HEADER] ?? 0) };
}
