import { describe, expect, it } from 'vitest';
import type { Run, RunReport, RunStatus } from '../../platform/model/run.ts';
import { sourceState } from '../../platform/model/source.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import { aRun, aSource, aSpec, NOW } from '../../test/contract/source-store-builders.ts';
import {
  created,
  finished,
  type OpenRuns,
  paused,
  queued,
  removed,
  resumed,
  started,
  updated,
  workerLost,
} from './source-life.ts';

const PERIOD_MS = 300_000;
const NO_RUNS: OpenRuns = { queued: undefined, running: undefined };

const waiting = aRun('waiting', 's1');
const running = aRun('running', 's1', { status: 'RUNNING', startedAt: NOW - 10 });
/** Held by a worker, with one run going on and one that waits. */
const busy = aSource('s1', {
  workerId: 'w1',
  token: 3,
  nextRunAt: NOW + PERIOD_MS,
  queuedRunId: 'waiting',
  runningRunId: 'running',
  lastRunId: 'waiting',
});
const held = aSource('s1', { workerId: 'w1', token: 3, nextRunAt: NOW + PERIOD_MS });

const report = (status: RunStatus, given: Partial<RunReport> = {}): RunReport => ({
  status,
  pages: 1,
  bytes: 100,
  records: 12,
  quarantined: 0,
  quarantinedRecords: [],
  misses: [],
  error: null,
  ...given,
});
const statuses = (runs: readonly Run[] = []) => runs.map(({ id, status }) => [id, status]);

describe('a new source', () => {
  it('runs at once, then on its schedule', () => {
    const step = created(aSpec('s1'), 'books-1', 'r1', NOW);
    expect(step.source).toMatchObject({
      revision: 1,
      queuedRunId: 'r1',
      lastRunId: 'r1',
      nextRunAt: NOW + PERIOD_MS,
    });
    expect(step.runs).toMatchObject([{ id: 'r1', status: 'QUEUED', trigger: 'CREATED', queuedAt: NOW }]);
  });
});

describe('a paused source', () => {
  const step = paused(busy, { queued: waiting, running }, NOW);

  it('loses its worker and its runs, and is due when it goes on', () => {
    expect(step.source).toMatchObject({
      workerId: null,
      queuedRunId: null,
      runningRunId: null,
      nextRunAt: NOW,
    });
    expect(statuses(step.runs)).toEqual([
      ['waiting', 'CANCELLED'],
      ['running', 'CANCELLED'],
    ]);
    expect(sourceState(step.source)).toBe('PAUSED');
    expect(sourceState(resumed(step.source, NOW).source)).toBe('ACTIVE');
  });

  it('keeps its token, and when it is due', () => {
    expect(paused(held, NO_RUNS, NOW).source).toMatchObject({ token: 3, nextRunAt: NOW + PERIOD_MS });
  });

  it('is still failing when it goes on', () => {
    const failing = { ...held, isFailing: true };
    expect(sourceState(resumed(paused(failing, NO_RUNS, NOW).source, NOW).source)).toBe('FAILING');
  });
});

describe('a removed source', () => {
  it.each(['KEEP', 'DELETE'] as const)('never runs again (%s)', (data) => {
    const step = removed(busy, data, { queued: waiting, running }, NOW);
    expect(step.source).toMatchObject({ removed: data, workerId: null, nextRunAt: null, queuedRunId: null });
    expect(statuses(step.runs).map(([, status]) => status)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(sourceState(step.source)).toBe('REMOVED');
  });
});

describe('a changed source', () => {
  const change = (given: Partial<SourceSpec>, before = held, open = NO_RUNS) =>
    updated({ ...before, baselineRecords: 12 }, aSpec('s1', given), open, 'r9', NOW);

  it.each<[string, Partial<SourceSpec>]>([
    ['URL', { url: 'https://example.com/other' }],
    ['format', { format: 'JSON' }],
    ['records', { records: '.other' }],
    ['fields', { fields: [] }],
    ['pagination', { pagination: { next: 'a@href', limit: 2 } }],
  ])('runs anew, and forgets what to expect, with another %s', (_, given) => {
    const step = change(given);
    expect(step.source).toMatchObject({
      revision: 2,
      readRevision: 2,
      baselineRecords: null,
      queuedRunId: 'r9',
      workerId: 'w1',
    });
    expect(step.runs).toMatchObject([{ id: 'r9', trigger: 'UPDATED', revision: 2, status: 'QUEUED' }]);
    expect(step.tellsWorker).toBe(true);
  });

  it.each<[string, Partial<SourceSpec>]>([
    ['name', { name: 'Other' }],
    ['retain', { retain: 'FOREVER' }],
    ['schedule', { schedule: { every: 'PT1H' } }],
  ])('tells its worker, but runs when it would, with another %s', (_, given) => {
    const step = change(given);
    expect(step.source).toMatchObject({
      revision: 2,
      readRevision: 1,
      baselineRecords: 12,
      queuedRunId: null,
    });
    expect(step.runs ?? []).toEqual([]);
    expect(step.tellsWorker).toBe(true);
  });

  it('counts a new schedule from now', () => {
    expect(change({ schedule: { every: 'PT1H' } }).source.nextRunAt).toBe(NOW + 3_600_000);
  });

  it('takes the run that waits for the new revision, and adds none', () => {
    const before = { ...held, queuedRunId: 'waiting' };
    const step = change({ url: 'https://example.com/x' }, before, { queued: waiting, running: undefined });
    expect(step.source.queuedRunId).toBe('waiting');
    expect(step.runs).toEqual([{ ...waiting, revision: 2 }]);
  });

  it('leaves its worker for another pool, and is due there', () => {
    const step = change({ isolation: 'DEDICATED' }, busy, { queued: waiting, running });
    expect(step.source).toMatchObject({
      workerId: null,
      runningRunId: null,
      queuedRunId: 'waiting',
      nextRunAt: NOW,
    });
    expect(statuses(step.runs)).toEqual([['running', 'CANCELLED']]);
  });

  it('cancels before it queues where it moves and reads anew', () => {
    const before = { ...held, runningRunId: 'running' };
    const step = change({ isolation: 'DEDICATED', url: 'https://x.test/' }, before, {
      queued: undefined,
      running,
    });
    expect(statuses(step.runs)).toEqual([
      ['running', 'CANCELLED'],
      ['r9', 'QUEUED'],
    ]);
  });

  it('queues nothing while it is paused, but is due when it goes on', () => {
    const step = change({ url: 'https://example.com/x' }, { ...held, workerId: null, isPaused: true });
    expect(step.source).toMatchObject({ queuedRunId: null, nextRunAt: NOW });
    expect(step.runs ?? []).toEqual([]);
  });
});

describe('a run', () => {
  it('that begins takes the place of the queued one, and sets the next from its start', () => {
    const step = started(
      { ...busy, runningRunId: null },
      { run: waiting, former: undefined, startedAt: NOW - 5 },
      report('RUNNING'),
      NOW,
    );
    expect(step.source).toMatchObject({
      runningRunId: 'waiting',
      queuedRunId: null,
      nextRunAt: NOW - 5 + PERIOD_MS,
    });
    expect(step.runs).toMatchObject([{ status: 'RUNNING', startedAt: NOW - 5, finishedAt: null }]);
  });

  it('that the schedule began leaves the queued one waiting', () => {
    const scheduled = aRun('new', 's1', { trigger: 'SCHEDULE' });
    const requested = { ...busy, runningRunId: null };
    const step = started(
      requested,
      { run: scheduled, former: undefined, startedAt: NOW },
      report('RUNNING'),
      NOW,
    );
    expect(step.source).toMatchObject({ runningRunId: 'new', queuedRunId: 'waiting', lastRunId: 'new' });
  });

  it('that begins while another goes on ends that one', () => {
    const step = started(busy, { run: waiting, former: running, startedAt: NOW }, report('RUNNING'), NOW);
    expect(step.runs).toMatchObject([
      { id: 'running', status: 'FAILED', finishedAt: NOW, error: { code: 'WORKER_LOST' } },
      { id: 'waiting', status: 'RUNNING' },
    ]);
    expect(step.source.runningRunId).toBe('waiting');
  });

  const end = (status: RunStatus, before = busy, run = running) =>
    finished(before, run, report(status), { startedAt: NOW - 10, finishedAt: NOW }, NOW).source;

  it.each<[RunStatus, boolean, string]>([
    ['SUCCEEDED', true, 'ACTIVE'],
    ['PARTIAL', true, 'ACTIVE'],
    ['SUSPECT', true, 'FAILING'],
    ['CANCELLED', true, 'FAILING'],
    ['FAILED', false, 'FAILING'],
    ['SUSPECT', false, 'ACTIVE'],
    ['CANCELLED', false, 'ACTIVE'],
  ])('that ends %s leaves a source, failing before: %s, %s', (status, isFailing, state) => {
    expect(sourceState(end(status, { ...busy, isFailing }))).toBe(state);
  });

  it('that ends makes place for another, on schedule', () => {
    expect(end('FAILED')).toMatchObject({
      runningRunId: null,
      queuedRunId: 'waiting',
      nextRunAt: NOW - 10 + PERIOD_MS,
    });
  });

  it('that its worker broke off is made up for at once', () => {
    expect(end('CANCELLED').nextRunAt).toBe(NOW);
  });

  it('sets what to expect of the next only where it succeeded, by what is read now', () => {
    const before = { ...busy, readRevision: 2, baselineRecords: 7 };
    expect(end('SUCCEEDED', before, { ...running, revision: 2 }).baselineRecords).toBe(12);
    expect(end('SUCCEEDED', before, { ...running, revision: 1 }).baselineRecords).toBe(7);
    expect(end('PARTIAL', before, { ...running, revision: 2 }).baselineRecords).toBe(7);
  });

  it('that ends after another was asked for is not the last one', () => {
    const step = finished(busy, running, report('SUCCEEDED'), { startedAt: NOW, finishedAt: NOW }, NOW);
    expect(step.source.lastRunId).toBe('waiting');
  });

  it('keeps twenty of its quarantined records', () => {
    const quarantinedRecords = Array.from({ length: 30 }, (_, n) => ({
      page: `${n}`,
      field: null,
      reason: 'r',
      raw: null,
    }));
    const ended = report('PARTIAL', { quarantined: 30, quarantinedRecords });
    const { runs } = finished(busy, running, ended, { startedAt: NOW, finishedAt: NOW }, NOW);
    expect(runs?.[0]).toMatchObject({ quarantined: 30 });
    expect(runs?.[0]?.quarantinedRecords).toHaveLength(20);
  });

  it('whose worker fell silent has failed, and the source is due at once', () => {
    const step = workerLost(busy, running, false, NOW);
    expect(step.runs).toMatchObject([{ status: 'FAILED', finishedAt: NOW, error: { code: 'WORKER_LOST' } }]);
    expect(step.source).toMatchObject({
      workerId: null,
      runningRunId: null,
      queuedRunId: 'waiting',
      nextRunAt: NOW,
    });
    expect(sourceState(step.source)).toBe('FAILING');
  });

  it('whose worker stopped in order is cancelled, and says nothing against the source', () => {
    const step = workerLost(busy, running, true, NOW);
    expect(step.runs).toMatchObject([{ status: 'CANCELLED', error: null }]);
    expect(sourceState(step.source)).toBe('ACTIVE');
  });

  it('that is asked for waits, and the worker is told', () => {
    const step = queued(held, 'REQUESTED', 'r1', NOW);
    expect(step).toMatchObject({ source: { queuedRunId: 'r1', lastRunId: 'r1' }, tellsWorker: true });
  });
});
