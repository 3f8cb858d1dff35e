import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { UnavailableError } from '../../platform/errors.ts';
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

/**
 * Asks an instance of the subgraph for its schema, the next one where it does not answer.
 *
 * @throws {UnavailableError} None answers, or none is registered.
 */
export async function readSubgraphSdl(
  { registry, dispatcher, authorization }: SubgraphSdlDeps,
  subgraph: SubgraphName,
): Promise<string> {
  let cause: unknown;
  for (const { url } of registry.instances(subgraph)) {
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json', authorization },
        body: '{"query":"{ _service { sdl } }"}',
        signal: AbortSignal.timeout(SDL_TIMEOUT_MS),
      });
      return answerShape.parse(await response.body.json()).data._service.sdl;
    } catch (error) {
      cause = error;
    }
  }
  throw new UnavailableError(`No instance of ${subgraph} says its schema.`, cause);
}
