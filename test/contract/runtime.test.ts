import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { openProcessRuntime } from '../../platform/adapters/process-runtime.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { runtimeContract } from './runtime.ts';
import { isAlive, WORKER_PROGRAM, workersIn } from './runtime-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'runtime-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

runtimeContract('The process runtime', async () => {
  const own = mkdtempSync(join(folder, 'case-'));
  const runtime = await openProcessRuntime(
    { clock: systemClock, logger: silentLogger },
    { command: { file: process.execPath, args: [WORKER_PROGRAM] }, env: { FOLDER: own }, restartMs: 10 },
  );
  return {
    runtime,
    async crash({ id }) {
      const { pid } = await vi.waitUntil(() => workersIn(own).get(id), { timeout: 30_000 });
      process.kill(pid, 'SIGKILL');
    },
    async alive() {
      const alive = [...workersIn(own)].filter(([, worker]) => isAlive(worker.pid));
      return new Map(alive.map(([taskId, { pool }]) => [taskId, pool]));
    },
  };
});
