import { BadUserInputError, TributaryError } from '../../../platform/errors.ts';
import type { Source } from '../../../platform/model/source.ts';
import type { WorkerClaim } from '../../../platform/ports/source-store.ts';
import type { CommandContext } from '../commands/context.ts';
import type { ClaimSourcesInput, RenewLeasesInput } from '../generated.ts';
import { freeExpiredWorkers } from './ended-workers.ts';

/** Sources that one worker may say it can hold: what one answer can carry. */
const CAPACITY_MAX = 100_000;

/** A SourceLease of the schema. */
function leaseOf(source: Source) {
  const { spec, token, revision, nextRunAt, queuedRunId, baselineRecords } = source;
  return { sourceId: spec.id, token, revision, spec, nextRunAt, queuedRunId, baselineRecords };
}

/** @throws {TributaryError} STALE_TOKEN: the worker's leases have run out, and it must come back under a new id. */
export async function claimSources(context: CommandContext, leaseMs: number, input: ClaimSourcesInput) {
  const { workerId, pool, hostname, capacity, taskId } = input;
  if (capacity < 0 || capacity > CAPACITY_MAX) {
    throw new BadUserInputError(`"capacity" must be from 0 to ${CAPACITY_MAX}, not ${capacity}.`);
  }
  await freeExpiredWorkers(context);
  const worker = { id: workerId, pool, hostname, capacity, taskId: taskId ?? null };
  const known = await context.store.worker(workerId);
  const claim = await context.store.claim(worker, context.clock.now(), leaseMs);
  if (!claim) {
    throw new TributaryError(
      'STALE_TOKEN',
      `The leases of worker ${workerId} have ended: it comes back under a new id.`,
    );
  }
  context.announcer.sources(claim.claimed.map((source) => source.spec.id));
  if (claim.claimed.length > 0 || !isSameWorker(worker, known)) context.announcer.cluster();
  return { leases: claim.claimed.map(leaseOf), leaseMs, after: claim.after };
}

/** Whether people who look at the workers would see the one as the other. */
function isSameWorker(worker: WorkerClaim, known: WorkerClaim | undefined): boolean {
  return (
    worker.pool === known?.pool &&
    worker.hostname === known.hostname &&
    worker.capacity === known.capacity &&
    worker.taskId === known.taskId
  );
}

export async function renewLeases(
  { store, clock }: CommandContext,
  leaseMs: number,
  { workerId, after }: RenewLeasesInput,
) {
  const renewal = await store.renew(workerId, after, clock.now(), leaseMs);
  if (!renewal) {
    return { isKnown: false, changed: [], lostSourceIds: [], leaseMs, after, hasUnclaimed: false };
  }
  const worker = await store.worker(workerId);
  return {
    isKnown: true,
    changed: renewal.changed.map(leaseOf),
    lostSourceIds: renewal.lostSourceIds,
    leaseMs,
    after: renewal.after,
    hasUnclaimed: worker !== undefined && (await store.hasUnclaimed(worker.pool)),
  };
}
