import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a worker of `runtime-worker.mjs` says of itself. */
export interface WorkerTrace {
  readonly pid: number;
  readonly pool: string;
  readonly environment: Readonly<Record<string, string>>;
}

export const WORKER_PROGRAM = join(import.meta.dirname, 'runtime-worker.mjs');
/** Takes the workers' folder, runs one worker, and goes on until it is killed. */
export const PARENT_PROGRAM = join(import.meta.dirname, 'runtime-parent.ts');

/** All workers that ever came up with this `FOLDER`, by task. */
export function workersIn(folder: string): ReadonlyMap<string, WorkerTrace> {
  const taskIds = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return new Map(
    taskIds.map((id) => [id, JSON.parse(readFileSync(join(folder, id), 'utf8')) as WorkerTrace]),
  );
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
