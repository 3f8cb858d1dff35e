import { BadUserInputError } from '../../../platform/errors.ts';
import { addSource } from '../commands/add-source.ts';
import { previewSource } from '../commands/preview-source.ts';
import { removeSource } from '../commands/remove-source.ts';
import { pauseSource, resumeSource, runSource } from '../commands/run-source.ts';
import { updateSource } from '../commands/update-source.ts';
import type { MutationResolvers } from '../generated.ts';
import { readObservedCluster, readPreviewReport } from '../report-shapes.ts';
import type { Problem } from '../validation/problem.ts';
import { releaseWorker } from '../workers/ended-workers.ts';
import { claimSources, renewLeases } from '../workers/leases.ts';
import { reportCluster } from '../workers/report-cluster.ts';
import { reportRun } from '../workers/report-run.ts';
import type { ResolverDeps } from './context.ts';

/** Previews that one worker may take at once. */
const PREVIEWS_CLAIMED_MAX = 100;

export function mutationResolvers(deps: ResolverDeps): MutationResolvers {
  const { previews, commands, serially, leaseMs, clusterStaleMs } = deps;

  /** Counts what a bound has kept from being done. */
  async function counted<T extends { readonly userErrors: readonly Problem[] }>(
    done: Promise<T>,
  ): Promise<T> {
    const result = await done;
    for (const { limit } of result.userErrors) if (limit) commands.metrics.limits.inc({ limit });
    return result;
  }

  return {
    addSource: (_, { input }) => counted(serially(() => addSource(commands, input))),
    updateSource: (_, args) => counted(serially(() => updateSource(commands, args))),
    removeSource: (_, { id, data }) => serially(() => removeSource(commands, id, data ?? 'KEEP')),
    pauseSource: (_, { id }) => serially(() => pauseSource(commands, id)),
    resumeSource: (_, { id }) => serially(() => resumeSource(commands, id)),
    runSource: (_, { id }) => serially(() => runSource(commands, id)),
    previewSource: (_, { input, first }) => counted(previewSource(commands, previews, input, first ?? 20)),

    claimSources: (_, { input }) => claimSources(commands, leaseMs, input),
    renewLeases: (_, { input }) => renewLeases(commands, leaseMs, input),
    async releaseLeases(_, { workerId }) {
      await releaseWorker(commands, workerId);
      return true;
    },
    reportRun: (_, { input }) => reportRun(commands, input),
    async claimPreviews(_, { workerId, first }) {
      if (first < 1 || first > PREVIEWS_CLAIMED_MAX) {
        throw new BadUserInputError(`"first" must be from 1 to ${PREVIEWS_CLAIMED_MAX}, not ${first}.`);
      }
      return [...(await previews.claim(workerId, first))];
    },
    reportPreview: (_, { input }) =>
      previews.report(input.id, input.workerId, readPreviewReport(input.report)),
    async reportCluster(_, { input }) {
      await reportCluster(commands, clusterStaleMs, readObservedCluster(input.observed));
      return true;
    },
  };
}
