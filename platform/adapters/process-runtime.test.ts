import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isAlive, PARENT_PROGRAM, WORKER_PROGRAM, workersIn } from '../../test/contract/runtime-worker.ts';
import { ManualClock, systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { openProcessRuntime, type ProcessRuntimeOptions } from './process-runtime.ts';

// What every runtime promises is in test/contract/runtime.ts; here is what only processes do.

const DEADLINE = { timeout: 30_000, interval: 20 };

let folder: string;
let runtime: Runtime | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-runtime-'));
});
afterEach(async () => {
  await runtime?.close();
  runtime = undefined;
  rmSync(folder, { recursive: true });
});

async function open(options: Partial<ProcessRuntimeOptions> = {}, clock = systemClock): Promise<Runtime> {
  runtime = await openProcessRuntime(
    { clock, logger: silentLogger },
    {
      command: { file: process.execPath, args: [WORKER_PROGRAM] },
      ...options,
      env: { FOLDER: folder, ...options.env },
    },
  );
  return runtime;
}

const startOne = (of: Runtime) =>
  of.apply({
    kind: 'ensurePool',
    pool: { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas: 1 },
  });
const task = async (of: Runtime) => (await of.observe()).pools[0]?.tasks[0];
const firstWorker = () => vi.waitUntil(() => [...workersIn(folder).values()][0], DEADLINE);

it('gives a worker its own settings and nothing else of ours', async () => {
  vi.stubEnv('A_SECRET_OF_THE_PARENT', 'xyzzy');
  await startOne(await open({ env: { SERVICE_TOKEN: 'for-services-only' } }));
  vi.unstubAllEnvs();
  const { environment } = await firstWorker();
  expect(environment).toMatchObject({ SERVICE_TOKEN: 'for-services-only', POOL: 'shared' });
  expect(JSON.stringify(environment)).not.toContain('xyzzy');
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS'];
  const own = ['FOLDER', 'SERVICE_TOKEN', 'POOL', 'TASK_ID'];
  // The channel to us is node's own doing.
  const known = [...inherited, ...own, 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'];
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
});

it('kills a worker that does not stop when asked to', async () => {
  const opened = await open({ env: { BEHAVIOUR: 'stubborn' }, stopGraceMs: 50 });
  await startOne(opened);
  const { pid } = await firstWorker();
  await opened.close();
  expect(isAlive(pid)).toBe(false);
});

it('has stopped every worker when its close resolves, those of removed pools too', async () => {
  const opened = await open({ env: { BEHAVIOUR: 'stubborn' }, stopGraceMs: 50 });
  await startOne(opened);
  const { pid } = await firstWorker();
  await opened.apply({ kind: 'removePool', name: 'shared' });
  await opened.close();
  expect(isAlive(pid)).toBe(false);
});

it('shows a crash loop, and doubles the pause before each start up to a bound', async () => {
  const clock = new ManualClock();
  const opened = await open({ env: { BEHAVIOUR: 'crash' }, restartMs: 100, restartMsMax: 300 }, clock);
  await startOne(opened);
  const seen = new Set<string>();
  for (const [pauseMs, error] of [
    [100, 'The worker exited with code 7.'],
    [200, 'The worker exited with code 7 (2 times in a row).'],
    [300, 'The worker exited with code 7 (3 times in a row).'],
    [300, 'The worker exited with code 7 (4 times in a row).'],
  ] as const) {
    await expect.poll(() => task(opened), DEADLINE).toMatchObject({ state: 'FAILED', error });
    seen.add((await task(opened))?.id ?? '');
    clock.advance(pauseMs - 1);
    expect(await task(opened)).toMatchObject({ state: 'FAILED' });
    clock.advance(1);
    expect(await task(opened)).toMatchObject({ state: 'STARTING', error: null });
  }
  expect(seen.size).toBe(4);
});

it('forgets earlier crashes of a worker that has since run well', async () => {
  const clock = new ManualClock();
  const opened = await open({ restartMs: 100, stableMs: 1_000 }, clock);
  await startOne(opened);
  const crash = async (count: number) => {
    await expect.poll(() => workersIn(folder).size, DEADLINE).toBe(count);
    const current = (await task(opened))?.id ?? '';
    process.kill(workersIn(folder).get(current)?.pid ?? Number.NaN, 'SIGKILL');
    await expect.poll(() => task(opened), DEADLINE).toMatchObject({ state: 'FAILED' });
    return (await task(opened))?.error;
  };
  expect(await crash(1)).toBe('The worker was killed by SIGKILL.');
  clock.advance(100);
  expect(await crash(2)).toBe('The worker was killed by SIGKILL (2 times in a row).');
  clock.advance(200);
  await expect.poll(() => workersIn(folder).size, DEADLINE).toBe(3);
  clock.advance(1_000);
  expect(await crash(3)).toBe('The worker was killed by SIGKILL.');
});

it('shows a program that cannot be started as failed, and closes all the same', async () => {
  const opened = await open({ command: { file: join(folder, 'no-such-program'), args: [] } });
  await startOne(opened);
  await expect
    .poll(() => task(opened), DEADLINE)
    .toMatchObject({
      state: 'FAILED',
      error: expect.stringContaining('ENOENT'),
    });
  await opened.close();
});

it('leaves no worker behind when it is killed itself', async () => {
  const parent: ChildProcess = spawn(process.execPath, ['--import', 'tsx', PARENT_PROGRAM, folder], {
    stdio: 'ignore',
  });
  const { pid } = await firstWorker();
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await expect.poll(() => isAlive(pid), DEADLINE).toBe(false);
});
