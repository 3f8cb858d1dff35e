/** A process that runs one worker until it is killed: for the test of what is left of the worker then. */

import { openProcessRuntime } from '../../platform/adapters/process-runtime.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { WORKER_PROGRAM } from './runtime-worker.ts';

const [, , folder = ''] = process.argv;
const runtime = await openProcessRuntime(
  { clock: systemClock, logger: silentLogger },
  { command: { file: process.execPath, args: [WORKER_PROGRAM] }, env: { FOLDER: folder } },
);
await runtime.apply({
  kind: 'ensurePool',
  pool: { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas: 1 },
});
