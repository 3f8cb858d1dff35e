/** The composer's thread: composes what it is sent, one after the other. */
import { parentPort } from 'node:worker_threads';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { messageOf } from '../../platform/errors.ts';

/** SDL by subgraph. */
export type Sdls = Readonly<Record<string, string>>;

export interface ComposeRequest {
  readonly id: number;
  readonly sdls: Sdls;
}

export type ComposeAnswer =
  | { readonly id: number; readonly supergraphSdl: string }
  | { readonly id: number; readonly problems: readonly string[] };

/**
 * How often the first composition is done again, for nothing but its warmth: code that has run a few times takes a
 * quarter of the time when a collection gets its type. One at a time, so that no request waits for more than one.
 */
const WARM_UPS = 4;
const WARM_UP_PAUSE_MS = 500;

let isWarm = false;

parentPort?.on('message', ({ id, sdls }: ComposeRequest) => {
  parentPort?.postMessage({ id, ...compose(sdls) } satisfies ComposeAnswer);
  if (isWarm) return;
  isWarm = true;
  for (let count = 1; count <= WARM_UPS; count++) {
    setTimeout(() => compose(sdls), count * WARM_UP_PAUSE_MS).unref();
  }
});

function compose(sdls: Sdls): { supergraphSdl: string } | { problems: string[] } {
  try {
    const result = composeServices(
      Object.entries(sdls).map(([name, sdl]) => ({ name, typeDefs: parse(sdl, { noLocation: true }) })),
    );
    if (result.errors) return { problems: result.errors.map(messageOf) };
    return { supergraphSdl: result.supergraphSdl };
  } catch (error) {
    return { problems: [messageOf(error)] };
  }
}
