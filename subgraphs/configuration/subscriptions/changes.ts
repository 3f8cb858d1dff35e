import type { Run } from '../../../platform/model/run.ts';
import type { Source } from '../../../platform/model/source.ts';
import type { Bus } from '../../../platform/ports/bus.ts';
import type { SourceStore } from '../../../platform/ports/source-store.ts';
import { createLevelTrigger } from '../level-trigger.ts';
import { type ChangeIterator, openChanges } from './change-iterator.ts';
import { type ProblemWatchDeps, watchProblem } from './problem-watch.ts';

/** Runs of one source that are told anew when messages were lost: more hardly come and go while a bus is away. */
const RUNS_RETOLD = 10;

/**
 * Tells a source whenever something of it changes; of one that is followed alone, also where its problem does, which is
 * the cluster's. Of all of them that would be a reading of all at every change of the cluster.
 *
 * What may have been missed while the bus was away is told again, of one source. Of all of them it would be more
 * than a reader wants: who follows all hears of what changes from then on.
 *
 * @param id Of one source; undefined follows all.
 */
export function followSources(
  deps: ProblemWatchDeps,
  id: string | undefined,
): Promise<ChangeIterator<{ sourceChanged: Source }>> {
  const { bus, store } = deps;
  return openChanges(
    async (sourceId) => {
      const source = await store.source(sourceId);
      return source && { sourceChanged: source };
    },
    async (changes, opened) => {
      const onChange = (message: { sourceId: string }) => {
        if (id === undefined || id === message.sourceId) changes.push(message.sourceId);
      };
      opened.use(await bus.subscribe('sources.changed', onChange));
      if (id === undefined) return;
      opened.use(bus.onGap(() => changes.push(id)));
      opened.use(await watchProblem(deps, id, () => changes.push(id)));
    },
  );
}

/**
 * Tells again what may have been missed as `followSources` does.
 *
 * @param sourceId Follows the runs of one source; undefined those of all.
 */
export function followRuns(
  { bus, store }: { bus: Bus; store: SourceStore },
  sourceId: string | undefined,
): Promise<ChangeIterator<{ runChanged: Run }>> {
  return openChanges(
    async (runId) => {
      const run = await store.run(runId);
      return run && { runChanged: run };
    },
    async (changes, opened) => {
      const onChange = (message: { runId: string; sourceId: string }) => {
        if (sourceId === undefined || sourceId === message.sourceId) changes.push(message.runId);
      };
      const tellAgain = async () => {
        const { items } = await store.runs({ sourceId }, { first: RUNS_RETOLD });
        for (const { node } of [...items].reverse()) changes.push(node.id);
      };
      opened.use(await bus.subscribe('runs.changed', onChange));
      if (sourceId !== undefined) {
        opened.use(bus.onGap(createLevelTrigger(tellAgain, (error) => changes.fail(error))));
      }
    },
  );
}
