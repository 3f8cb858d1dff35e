import type { ServiceClient } from '../../platform/http/service-client.ts';
import type { PreviewReport, RunReport } from '../../platform/model/run.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { SourceLease } from './held-source.ts';

export interface WorkerIdentity {
  readonly pool: string;
  readonly hostname: string;
  readonly capacity: number;
  readonly taskId: string | undefined;
}

export interface Claim {
  readonly leases: readonly SourceLease[];
  readonly leaseMs: number;
  readonly after: number;
}

export interface Renewal {
  readonly isKnown: boolean;
  readonly changed: readonly SourceLease[];
  readonly lostSourceIds: readonly string[];
  readonly leaseMs: number;
  readonly after: number;
  readonly hasUnclaimed: boolean;
}

export interface ReportedRun {
  readonly runId: string;
  readonly sourceId: string;
  readonly workerId: string;
  readonly token: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number | undefined;
  readonly report: RunReport;
}

export interface PreviewTask {
  readonly id: string;
  readonly spec: SourceSpec;
  readonly first: number;
}

export type WorkReason = 'CLAIM' | 'RENEW' | 'PREVIEW';

const LEASE = 'sourceId token revision spec nextRunAt queuedRunId baselineRecords';

const CLAIM_SOURCES = `mutation ClaimSources($input: ClaimSourcesInput!) {
  claimSources(input: $input) { leases { ${LEASE} } leaseMs after }
}`;
const RENEW_LEASES = `mutation RenewLeases($input: RenewLeasesInput!) {
  renewLeases(input: $input) { isKnown changed { ${LEASE} } lostSourceIds leaseMs after hasUnclaimed }
}`;
const RELEASE_LEASES = `mutation ReleaseLeases($workerId: ID!) { releaseLeases(workerId: $workerId) }`;
const REPORT_RUN = `mutation ReportRun($input: ReportRunInput!) { reportRun(input: $input) { nextRunAt } }`;
const CLAIM_PREVIEWS = `mutation ClaimPreviews($workerId: ID!, $first: Int!) {
  claimPreviews(workerId: $workerId, first: $first) { id spec first }
}`;
const REPORT_PREVIEW = `mutation ReportPreview($input: ReportPreviewInput!) { reportPreview(input: $input) }`;
const WORK_CHANGED = `subscription WorkChanged($workerId: ID!) { workChanged(workerId: $workerId) { reason } }`;

/** What a worker says to configuration. Each call throws what `ServiceClient.request` throws. */
export class ConfigurationApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  async claim(workerId: string, identity: WorkerIdentity, timing: Timing): Promise<Claim> {
    const input = { workerId, ...identity };
    const answer = await this.#client.request<{ claimSources: Claim }>(CLAIM_SOURCES, { input }, timing);
    return answer.claimSources;
  }

  async renew(workerId: string, after: number, timing: Timing): Promise<Renewal> {
    const input = { workerId, after };
    const answer = await this.#client.request<{ renewLeases: Renewal }>(RENEW_LEASES, { input }, timing);
    return answer.renewLeases;
  }

  async release(workerId: string, timing: Timing): Promise<void> {
    await this.#client.request(RELEASE_LEASES, { workerId }, timing);
  }

  /** @returns When the source runs next: ISO 8601, UTC. */
  async reportRun(run: ReportedRun, timing: Timing): Promise<string | null> {
    const { report, startedAtMs, finishedAtMs, ...identity } = run;
    const input = {
      ...identity,
      ...report,
      startedAt: new Date(startedAtMs).toISOString(),
      finishedAt: finishedAtMs === undefined ? null : new Date(finishedAtMs).toISOString(),
    };
    const answer = await this.#client.request<{ reportRun: { nextRunAt: string | null } }>(
      REPORT_RUN,
      { input },
      timing,
    );
    return answer.reportRun.nextRunAt;
  }

  async claimPreviews(workerId: string, first: number, timing: Timing): Promise<readonly PreviewTask[]> {
    const answer = await this.#client.request<{ claimPreviews: readonly PreviewTask[] }>(
      CLAIM_PREVIEWS,
      { workerId, first },
      timing,
    );
    return answer.claimPreviews;
  }

  async reportPreview(id: string, workerId: string, report: PreviewReport, timing: Timing): Promise<void> {
    await this.#client.request(REPORT_PREVIEW, { input: { id, workerId, report } }, timing);
  }

  /** @param onWork undefined: something may have been missed. */
  followWork(workerId: string, onWork: (reason: WorkReason | undefined) => void): Closeable {
    return this.#client.subscribe<{ workChanged: { reason: WorkReason } }>(
      WORK_CHANGED,
      { workerId },
      { onEvent: ({ workChanged }) => onWork(workChanged.reason), onGap: () => onWork(undefined) },
    );
  }
}

export interface Timing {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}
