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

parentPort?.on('message', ({ id, sdls }: ComposeRequest) => {
  parentPort?.postMessage({ id, ...compose(sdls) } satisfies ComposeAnswer);
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
