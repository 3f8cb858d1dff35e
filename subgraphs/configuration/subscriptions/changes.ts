import type { Run } from '../../../platform/model/run.ts';
import type { Source } from '../../../platform/model/source.ts';
import type { Bus } from '../../../platform/ports/bus.ts';
import type { SourceStore } from '../../../platform/ports/source-store.ts';
import { type ChangeIterator, openChanges } from './change-iterator.ts';

/** @param id Of one source; undefined follows all. */
export function followSources(
  { bus, store }: { bus: Bus; store: SourceStore },
  id: string | undefined,
): Promise<ChangeIterator<{ sourceChanged: Source }>> {
  return openChanges(
    async (sourceId) => {
      const source = await store.source(sourceId);
      return source && { sourceChanged: source };
    },
    async (push) => [
      await bus.subscribe('sources.changed', (message) => {
        if (id === undefined || id === message.sourceId) push(message.sourceId);
      }),
    ],
  );
}

/** @param sourceId Follows the runs of one source; undefined those of all. */
export function followRuns(
  { bus, store }: { bus: Bus; store: SourceStore },
  sourceId: string | undefined,
): Promise<ChangeIterator<{ runChanged: Run }>> {
  return openChanges(
    async (runId) => {
      const run = await store.run(runId);
      return run && { runChanged: run };
    },
    async (push) => [
      await bus.subscribe('runs.changed', (message) => {
        if (sourceId === undefined || sourceId === message.sourceId) push(message.runId);
      }),
    ],
  );
}
