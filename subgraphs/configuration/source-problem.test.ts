import { describe, expect, it } from 'vitest';
import type { ObservedCluster, ObservedPool, ObservedTask, TaskState } from '../../platform/model/cluster.ts';
import type { Source } from '../../platform/model/source.ts';
import { aSource } from '../../test/contract/source-store-builders.ts';
import { sourceProblem } from './source-problem.ts';

const NOW = Date.UTC(2026, 5, 1);
const STALE_MS = 120_000;
const ago = (ms: number) => new Date(NOW - ms).toISOString();

/** One that waits for a worker, for an hour if not said otherwise. */
const source = (given: Partial<Source> = {}, spec: Partial<Source['spec']> = {}) =>
  aSource('s1', { updatedAt: NOW - 3_600_000, nextRunAt: NOW - 3_600_000, ...given }, spec);

const task = (state: TaskState, sinceMs = 60_000, error: string | null = null): ObservedTask => ({
  id: `${state}-${sinceMs}`,
  node: 'n1',
  state,
  since: ago(sinceMs),
  error,
});

const pool = (
  tasks: readonly ObservedTask[],
  problem: string | null = null,
  name = 'shared',
): ObservedPool => ({
  name,
  isolation: 'SHARED',
  render: 'HTTP',
  replicas: 1,
  tasks,
  update: null,
  problem,
});

const seen = (pools: readonly ObservedPool[], ageMs = 1_000): ObservedCluster => ({
  nodes: [],
  pools,
  observedAt: ago(ageMs),
});

const problemOf = (given: Source, cluster: ObservedCluster | undefined) =>
  sourceProblem(given, cluster, NOW, STALE_MS);

const REFUSED = 'No such image: tributary:9.';

describe('a source has no problem', () => {
  const broken = seen([pool([], REFUSED)]);
  const isNew = { updatedAt: NOW - 9_999 };
  it.each<[string, Source, ObservedCluster | undefined]>([
    ['while it is paused', source({ isPaused: true }), broken],
    ['once it is removed', source({ removed: 'KEEP' }), broken],
    ['while a worker holds it', source({ workerId: 'w1' }), broken],
    ['while a worker holds it that nobody looks after', source({ workerId: 'w1' }), undefined],
    ['just after it was added, before any report', source(isNew), undefined],
    ['just after it was added, before its pool is made', source(isNew), seen([])],
    ['where its pool was not asked for yet', source({ updatedAt: NOW - 20_000 }), seen([], 30_000)],
    ['just after it was added, before a worker runs', source(isNew), seen([pool([])])],
    ['while its worker starts', source(), seen([pool([task('STARTING', 9_999)])])],
    ['while its worker is replaced', source(), seen([pool([task('STOPPING', 9_999)])])],
    ['while one of two workers starts', source(), seen([pool([task('STARTING', 9_999), task('STOPPING')])])],
    [
      'that a worker which runs has had no time to take',
      source({ token: 3, nextRunAt: NOW - 59_999 }),
      seen([pool([task('RUNNING')])]),
    ],
    [
      'that is not due, where workers run',
      source({ token: 3, nextRunAt: NOW }),
      seen([pool([task('RUNNING')])]),
    ],
    [
      'just after it became due, where another worker cannot run',
      source({ token: 3, nextRunAt: NOW - 9_999 }),
      seen([pool([task('RUNNING'), task('PENDING')], 'No node has room for it.')]),
    ],
    [
      'by what befalls the pools of others',
      source({ token: 3, nextRunAt: NOW }),
      seen([pool([task('RUNNING')]), pool([], REFUSED, 'browser')]),
    ],
  ])('%s', (_, given, cluster) => {
    expect(problemOf(given, cluster)).toBeNull();
  });
});

describe('a source says that', () => {
  it.each<[string, Source, ObservedCluster | undefined, string]>([
    [
      'nobody has ever looked after workers',
      source({ updatedAt: NOW - 10_000 }),
      undefined,
      'Nobody has looked after the workers yet: is an orchestrator running?',
    ],
    [
      'nobody has for long, whatever was seen then',
      source(),
      seen([pool([task('RUNNING')], REFUSED)], STALE_MS),
      `Nobody has looked after the workers since ${ago(STALE_MS)}: is an orchestrator running?`,
    ],
    ['its pool was refused, at once', source({ updatedAt: NOW }), seen([pool([], REFUSED)]), REFUSED],
    [
      'its own pool was refused',
      source({}, { isolation: 'DEDICATED' }),
      seen([pool([task('RUNNING')]), pool([], REFUSED, 'source-s1')]),
      REFUSED,
    ],
    [
      'its pool of browsers was refused',
      source({}, { render: 'BROWSER' }),
      seen([pool([task('RUNNING')]), pool([task('FAILED', 0, 'exit 1')], REFUSED, 'browser')]),
      REFUSED,
    ],
    [
      'its pool is not there, although somebody has looked since',
      source({ updatedAt: NOW - 10_000 }, { isolation: 'DEDICATED' }),
      seen([pool([task('RUNNING')])]),
      'The worker that should read it has not been started: the log of the orchestrator says why.',
    ],
    [
      'no worker runs',
      source(),
      seen([pool([task('PENDING', 10_000), task('STOPPING', 0)])]),
      'No worker that could read it runs yet: `cluster` shows how far they are.',
    ],
    [
      'there is none at all',
      source({ updatedAt: NOW - 10_000 }),
      seen([pool([])]),
      'No worker that could read it runs yet: `cluster` shows how far they are.',
    ],
    [
      'its workers fail, by the last error, though the next one just starts',
      source(),
      seen([
        pool([
          task('FAILED', 9_000, 'exit 1'),
          task('STARTING', 100),
          task('FAILED', 5_000, 'out of memory. '),
        ]),
      ]),
      'No worker that could read it runs: out of memory.',
    ],
    [
      'too few workers run, once it was not taken',
      source({ updatedAt: NOW - 10_000 }),
      seen([pool([task('RUNNING')], 'POOL_REPLICAS_MAX (1) is too few.')]),
      'POOL_REPLICAS_MAX (1) is too few.',
    ],
    [
      'workers run and leave it alone, where it was never held',
      source({ updatedAt: NOW - 60_000, nextRunAt: NOW + 3_600_000 }),
      seen([pool([task('RUNNING')])]),
      'The workers that run have not taken it. They may be full (POOL_REPLICAS_MAX, WORKER_CAPACITY), or not reach configuration.',
    ],
    [
      'workers run and leave it alone, where it is overdue',
      source({ token: 3, nextRunAt: NOW - 60_000 }),
      seen([pool([task('RUNNING')])]),
      'The workers that run have not taken it. They may be full (POOL_REPLICAS_MAX, WORKER_CAPACITY), or not reach configuration.',
    ],
  ])('%s', (_, given, cluster, problem) => {
    expect(problemOf(given, cluster)).toBe(problem);
  });
});
