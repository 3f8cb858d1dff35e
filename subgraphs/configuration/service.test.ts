import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  LEASE_MS,
  openTestConfiguration,
  type TestConfiguration,
} from '../../test/support/configuration-service.ts';

let service: TestConfiguration;
beforeEach(async () => {
  service = await openTestConfiguration();
});
afterEach(() => service.close());

const iso = (ms: number) => new Date(ms).toISOString();
/** Counts in a report that are not the point. */
const counts = { pages: 1, bytes: 1_000, records: 12 };

/** What a worker says of a run of its source. */
function reportOf(lease: { sourceId: string; token: number }, given: Record<string, unknown>) {
  return {
    sourceId: lease.sourceId,
    token: lease.token,
    workerId: 'w1',
    startedAt: iso(service.clock.now()),
    ...counts,
    ...given,
  };
}

describe('the life of a source', () => {
  it('goes from addSource over its runs to its removal', async () => {
    const { clock } = service;
    const start = clock.now();
    const added = await service.add();
    expect(added.errors).toEqual([]);
    const { id, lastRun } = added.value;
    expect(added.value).toMatchObject({
      name: 'example.com/books',
      state: 'ACTIVE',
      revision: 1,
      nextRunAt: iso(start + 300_000),
      lastRun: { status: 'QUEUED', trigger: 'CREATED' },
      worker: null,
    });

    const claim = await service.claim('w1', { taskId: 'task-1' });
    expect(claim).toMatchObject({
      leaseMs: LEASE_MS,
      leases: [{ sourceId: id, token: 1, revision: 1, queuedRunId: lastRun.id, baselineRecords: null }],
    });
    const [lease] = claim.leases;
    expect(lease.spec).toMatchObject({ id, key: ['url'], schedule: { every: 'PT5M' } });

    await service.report(reportOf(lease, { runId: lastRun.id, status: 'RUNNING', pages: 0, records: 0 }));
    expect(await service.source(id)).toMatchObject({ lastRun: { status: 'RUNNING' }, worker: { id: 'w1' } });
    clock.advance(2_000);
    const end = {
      runId: lastRun.id,
      status: 'SUCCEEDED',
      startedAt: iso(start),
      finishedAt: iso(clock.now()),
    };
    expect(await service.report(reportOf(lease, end))).toBe(iso(start + 300_000));
    // Said again because the answer was lost: the same answer, and nothing happens twice.
    expect(await service.report(reportOf(lease, end))).toBe(iso(start + 300_000));

    const { runs } = await service.request(
      `query($id: ID) { runs(sourceId: $id) { totalCount nodes {
        id status startedAt finishedAt pages bytes records quarantined error { code } source { id }
      } } }`,
      { id },
    );
    expect(runs).toEqual({
      totalCount: 1,
      nodes: [
        {
          id: lastRun.id,
          status: 'SUCCEEDED',
          startedAt: iso(start),
          finishedAt: iso(start + 2_000),
          ...counts,
          quarantined: 0,
          error: null,
          source: { id },
        },
      ],
    });
    const renewal = await service.renew('w1', claim.after);
    expect(renewal).toMatchObject({ isKnown: true, changed: [{ baselineRecords: 12, queuedRunId: null }] });

    expect((await service.remove(id, 'DELETE')).value).toBe(id);
    expect(await service.renew('w1', renewal.after)).toMatchObject({ changed: [], lostSourceIds: [id] });
    expect(await service.source(id)).toBeNull();
    expect(await service.definition('books')).toMatchObject({
      deleted: true,
      sources: [{ id, removed: 'DELETE' }],
    });
  });

  it('hands a source over when its worker falls silent, and fails the run that went on', async () => {
    const { id, lastRun } = (await service.add()).value;
    const [lease] = (await service.claim('w1')).leases;
    await service.report(reportOf(lease, { runId: lastRun.id, status: 'RUNNING' }));

    service.clock.advance(LEASE_MS);
    // Nobody asked: the service itself looks for leases that have run out.
    await expect.poll(async () => (await service.source(id)).state).toBe('FAILING');
    const { runs } = await service.request(`{ runs { nodes { status error { code message } } } }`);
    expect(runs.nodes).toEqual([
      { status: 'FAILED', error: { code: 'WORKER_LOST', message: expect.stringContaining('fell silent') } },
    ]);
    expect((await service.source(id)).nextRunAt).toBe(iso(service.clock.now()));

    const [next] = (await service.claim('w2')).leases;
    expect(next).toMatchObject({ sourceId: id, token: 2, nextRunAt: iso(service.clock.now()) });
    const late = reportOf(lease, { runId: lastRun.id, status: 'SUCCEEDED' });
    await expect(service.report(late)).rejects.toMatchObject({ code: 'STALE_TOKEN' });
    expect(await service.renew('w1', 0)).toMatchObject({ isKnown: false, changed: [] });
    await expect(service.claim('w1')).rejects.toMatchObject({ code: 'STALE_TOKEN' });
  });

  it('frees what a silent worker held at another one’s claim, before anybody looked', async () => {
    const { id } = (await service.add()).value;
    await service.claim('w1');
    // The clock goes on, but its timers do not: the replica that looks may be another one.
    const now = service.clock.now() + LEASE_MS;
    service.clock.now = () => now;
    expect((await service.claim('w2')).leases).toMatchObject([{ sourceId: id, token: 2 }]);
  });

  it('gives sources to others at once when a worker leaves in order', async () => {
    const { id, lastRun } = (await service.add()).value;
    const [lease] = (await service.claim('w1')).leases;
    await service.report(reportOf(lease, { runId: lastRun.id, status: 'RUNNING' }));
    await service.release('w1');
    expect(await service.source(id)).toMatchObject({
      state: 'ACTIVE',
      lastRun: { status: 'CANCELLED' },
      worker: null,
    });
    expect((await service.claim('w2')).leases).toMatchObject([
      { sourceId: id, token: 2, nextRunAt: iso(service.clock.now()) },
    ]);
  });

  it('keeps its worker for as long as that renews', async () => {
    const { id } = (await service.add()).value;
    let { after } = await service.claim('w1');
    for (let n = 0; n < 10; n++) {
      service.clock.advance(LEASE_MS - 1);
      const renewal = await service.renew('w1', after);
      expect(renewal.isKnown).toBe(true);
      after = renewal.after;
    }
    expect((await service.source(id)).worker).toEqual({ id: 'w1' });
  });
});

describe('a run', () => {
  async function held() {
    const { id, lastRun } = (await service.add()).value;
    const [lease] = (await service.claim('w1')).leases;
    return { id, runId: lastRun.id as string, lease };
  }

  it('is not taken from a worker that does not hold the source, or did before', async () => {
    const { lease, runId, id } = await held();
    const run = { runId, status: 'RUNNING' };
    const stale = { code: 'STALE_TOKEN' };
    await expect(service.report(reportOf(lease, { ...run, token: 0 }))).rejects.toMatchObject(stale);
    await expect(service.report(reportOf(lease, { ...run, token: 2 }))).rejects.toMatchObject(stale);
    await expect(service.report(reportOf(lease, { ...run, workerId: 'w2' }))).rejects.toMatchObject(stale);
    await expect(service.report(reportOf(lease, { ...run, sourceId: 'none' }))).rejects.toMatchObject(stale);
    await service.pause(id);
    await expect(service.report(reportOf(lease, run))).rejects.toMatchObject(stale);
  });

  it('is not taken once the lease has run out, though nobody has noticed yet', async () => {
    const { lease, runId } = await held();
    const report = reportOf(lease, { runId, status: 'RUNNING' });
    const now = service.clock.now() + LEASE_MS;
    service.clock.now = () => now;
    await expect(service.report(report)).rejects.toMatchObject({ code: 'STALE_TOKEN' });
  });

  it('by an old token of a worker that holds the source anew gets the worker told of its new lease', async () => {
    const { lease, runId, id } = await held();
    const { after } = await service.renew('w1', 0);
    await service.pause(id);
    await service.resume(id);
    await service.claim('w1');
    const told = (await service.renew('w1', after)).after;
    expect((await service.renew('w1', told)).changed).toEqual([]);
    const stale = reportOf(lease, { runId, status: 'SUCCEEDED' });
    await expect(service.report(stale)).rejects.toMatchObject({ code: 'STALE_TOKEN' });
    expect((await service.renew('w1', told)).changed).toMatchObject([{ sourceId: id, token: 2 }]);
  });

  it('is never one of two that run: the second ends the first', async () => {
    const { lease, runId, id } = await held();
    await service.report(reportOf(lease, { runId, status: 'RUNNING' }));
    await service.report(reportOf(lease, { runId: 'r2', status: 'RUNNING' }));
    const { runs } = await service.request('{ runs { nodes { id status trigger } } }');
    expect(runs.nodes).toEqual([
      { id: 'r2', status: 'RUNNING', trigger: 'SCHEDULE' },
      { id: runId, status: 'FAILED', trigger: 'CREATED' },
    ]);
    const late = reportOf(lease, { runId, status: 'SUCCEEDED' });
    await expect(service.report(late)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await service.source(id)).lastRun).toMatchObject({ id: 'r2', status: 'RUNNING' });
  });

  it('makes its source failing and active again', async () => {
    const { lease, runId, id } = await held();
    const error = { code: 'HTTP_STATUS', message: '503', url: 'https://example.com/books' };
    await service.report(reportOf(lease, { runId, status: 'FAILED', error }));
    expect(await service.source(id)).toMatchObject({ state: 'FAILING', lastRun: { status: 'FAILED' } });
    await service.report(reportOf(lease, { runId: 'r2', status: 'RUNNING' }));
    await service.report(reportOf(lease, { runId: 'r2', status: 'SUCCEEDED' }));
    expect(await service.source(id)).toMatchObject({
      state: 'ACTIVE',
      lastRun: { id: 'r2', status: 'SUCCEEDED' },
    });
  });

  it('shows its progress, its misses and its quarantined records', async () => {
    const { lease, runId } = await held();
    await service.report(reportOf(lease, { runId, status: 'RUNNING' }));
    const quarantinedRecords = [{ page: 'p', field: 'price', reason: 'no number', raw: { price: 'x' } }];
    const misses = [{ field: 'price', missing: 3, invalid: 1, sample: 'x' }];
    const bytes = 5_000_000_000;
    const progress = { runId, status: 'RUNNING', bytes, quarantined: 1, quarantinedRecords, misses };
    await service.report(reportOf(lease, progress));
    const { runs } = await service.request(`{ runs(status: RUNNING) { nodes {
      bytes quarantined quarantinedRecords { page field reason raw } misses { field missing invalid sample }
    } } }`);
    // More bytes than GraphQL's Int can say.
    expect(runs.nodes).toEqual([{ bytes: 2_147_483_647, quarantined: 1, quarantinedRecords, misses }]);
  });

  it('is refused where its report is none', async () => {
    const { lease, runId } = await held();
    for (const bad of [
      { status: 'QUEUED' },
      { status: 'RUNNING', error: 'no' },
      { status: 'RUNNING', misses: [{ field: 1 }] },
      { status: 'RUNNING', startedAt: 'yesterday' },
      { status: 'RUNNING', bytes: -1 },
    ]) {
      const report = reportOf(lease, { runId, ...bad });
      await expect(service.report(report)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
  });

  it('is forgotten when there are enough younger ones', async () => {
    await service.close();
    service = await openTestConfiguration({ RUNS_KEPT: '3' });
    const { lease, id } = await held();
    for (let n = 0; n < 6; n++) {
      await service.report(reportOf(lease, { runId: `r${n}`, status: 'SUCCEEDED' }));
    }
    const { source } = await service.request(
      'query($id: ID!) { source(id: $id) { lastRun { id } runs { nodes { id } } } }',
      { id },
    );
    expect(source.runs.nodes.map((run: { id: string }) => run.id)).toEqual(
      expect.arrayContaining(['r5', 'r4', 'r3']),
    );
    expect(source.runs.nodes.map((run: { id: string }) => run.id)).not.toContain('r2');
    expect(source.lastRun.id).toBe('r5');
  });
});

describe('the guard of inner operations', () => {
  it.each([
    '{ poolDemands { pool } }',
    '{ collectionDefinitions { revision } }',
    'mutation { claimSources(input: { workerId: "w", pool: "shared", hostname: "h", capacity: 1 }) { after } }',
    'mutation { renewLeases(input: { workerId: "w", after: 0 }) { after } }',
    'mutation { releaseLeases(workerId: "w") }',
    'mutation { claimPreviews(workerId: "w") { id } }',
    'mutation { reportCluster(input: { observed: {} }) }',
  ])('refuses a caller without the service token: %s', async (operation) => {
    await expect(service.stranger.request(operation)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
