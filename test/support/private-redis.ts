import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Closeable } from '../../platform/scope.ts';
import { freePort } from './free-ports.ts';

/** A Redis of a test's own, which keeps nothing on disk. */
export interface PrivateRedis extends Closeable {
  readonly url: string;
  /** Kills it: what it knew is lost. */
  stop(): Promise<void>;
  /** Starts it again, empty, where it was. */
  start(): Promise<void>;
  /** From here on it accepts connections and answers nobody. */
  freeze(): void;
  thaw(): void;
}

const PROGRAM = 'redis-server';

export const isRedisInstalled = spawnSync(PROGRAM, ['--version']).status === 0;

export async function openPrivateRedis(): Promise<PrivateRedis> {
  const port = await freePort();
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const started = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    server = started;
    for await (const line of createInterface({ input: started.stdout })) {
      if (line.includes('Ready to accept connections')) return;
    }
    throw new Error(`redis-server did not start on port ${port}`);
  }

  async function stop(): Promise<void> {
    const stopped = server;
    server = undefined;
    if (!stopped || stopped.exitCode !== null) return;
    stopped.kill('SIGKILL');
    await once(stopped, 'exit');
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    close: stop,
  };
}
