import { createFailureLog } from '../../platform/failure-log.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Run } from '../../platform/model/run.ts';
import type { Bus, Topic, Topics } from '../../platform/ports/bus.ts';
import type { Committed, SourceChange } from '../../platform/ports/source-store.ts';

/** Tells the other services, and our own subscribers, what to look at again. */
export interface Announcer {
  change(change: SourceChange, committed: Committed): void;
  sources(sourceIds: readonly string[]): void;
  /** A run got on, and nothing of its source changed. */
  run(run: Run): void;
  /** They were asked for, wait for a worker again, or are over. */
  previews(previewIds: readonly string[]): void;
  /** What `cluster` shows is otherwise. A renewed lease is no such thing. */
  cluster(): void;
}

/** Who misses a message learns the same at its next resync, so a bus that is down is no failure of ours. */
export function createAnnouncer({ bus, logger }: { bus: Bus; logger: Logger }): Announcer {
  const failureLog = createFailureLog(logger, 'publishing');
  const publish = <T extends Topic>(topic: T, message: Topics[T]) => {
    bus
      .publish(topic, message)
      .then(failureLog.succeeded, (error: unknown) => failureLog.failed(error, { topic }));
  };
  return {
    change({ source, runs, collection }, { definitionsRevision }) {
      const sourceId = source.spec.id;
      if (collection && definitionsRevision !== undefined) {
        publish('definitions.changed', { revision: definitionsRevision });
      }
      for (const run of runs ?? []) publish('runs.changed', { runId: run.id, sourceId });
      publish('sources.changed', { sourceId });
    },
    sources(sourceIds) {
      for (const sourceId of sourceIds) publish('sources.changed', { sourceId });
    },
    run({ id, sourceId }) {
      publish('runs.changed', { runId: id, sourceId });
    },
    previews(previewIds) {
      for (const previewId of previewIds) publish('previews.changed', { previewId });
    },
    cluster() {
      publish('cluster.changed', {});
    },
  };
}
