import { z } from 'zod';
import type { Topic, Topics } from '../../ports/bus.ts';

const sourceId = z.string();
const incarnation = z.string();

/** What each topic's messages look like. A newer version may say more, which is left out here. */
const MESSAGES: { readonly [T in Topic]: z.ZodType<Topics[T]> } = {
  'sources.changed': z.object({ sourceId }),
  'runs.changed': z.object({ runId: z.string(), sourceId }),
  'definitions.changed': z.object({ revision: z.number() }),
  'collection.changed': z.object({ collection: z.string(), incarnation, version: z.number() }),
  'journal.changed': z.object({ incarnation }),
  'schema.changed': z.object({ subgraph: z.string() }),
  'cluster.changed': z.object({}),
  'previews.changed': z.object({ previewId: z.string() }),
};

/** @returns undefined where it is no message of the topic: others may write to the same server. */
export function readMessage<T extends Topic>(topic: T, text: string): Topics[T] | undefined {
  try {
    return MESSAGES[topic].safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
