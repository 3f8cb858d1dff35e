import { z } from 'zod';
import { durationMs, wholeNumber } from '../platform/config.ts';

/** Settings of the orchestrator, as `readConfig` takes them. */
export const orchestratorSettings = z.object({
  /** Sources that one worker of the shared pool is meant to hold; the workers are given the same setting. */
  WORKER_CAPACITY: wholeNumber(10_000, 1, 100_000),
  /** Workers of the shared pool that stand ready even without sources, so that the first source runs at once. */
  POOL_REPLICAS_MIN: wholeNumber(1, 0, 1_000),
  /** Workers of the shared pool at the most, whatever the minimum: about 80 MB each, so that four fit a small machine. */
  POOL_REPLICAS_MAX: wholeNumber(4, 1, 1_000),
  /** Sources one worker with a browser holds: that many, read every 5 minutes for 6 s each, keep one page open all the time. */
  BROWSER_WORKER_CAPACITY: wholeNumber(50, 1, 100_000),
  /** Workers with a browser at the most: some hundred MB each, so that two fit a small machine. None is there without sources. */
  BROWSER_POOL_REPLICAS_MAX: wholeNumber(2, 1, 1_000),
  /** Dedicated workers at the most, for the same reason; further sources wait until one becomes free. */
  DEDICATED_POOLS_MAX: wholeNumber(16, 0, 10_000),
  /** How long a pool keeps its size before it shrinks: each worker that goes hands its sources around. */
  POOL_SHRINK_AFTER: durationMs('PT1M'),
  /** How often everything is compared anew though no event asked for it: what a lost event costs at the most. */
  ORCHESTRATOR_RESYNC: durationMs('PT10S'),
  /** How often an unchanged cluster is reported, so that its age shows whether anybody still looks. */
  CLUSTER_REPORT: durationMs('PT30S'),
});

/** Those of them that may change while the orchestrator runs. */
export const liveOrchestratorSettings = orchestratorSettings.pick({ WORKER_CAPACITY: true });

export type OrchestratorConfig = z.infer<typeof orchestratorSettings>;
export type LiveOrchestratorConfig = z.infer<typeof liveOrchestratorSettings>;
