import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../platform/sdl.ts';
import { until } from '../e2e/harness.ts';

export interface Demo {
  /** The gateway's, without a path. */
  readonly url: string;
  close(): Promise<void>;
}

/** `npm run demo`, as built, on a port and a data folder of its own. */
export async function openDemo(): Promise<Demo> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tributary-demo-'));
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'deploy', 'demo.js')], {
    cwd: packageRoot,
    env: { PATH: process.env.PATH ?? '', PORT: '0', DATA_DIR: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  async function close(): Promise<void> {
    if (child.exitCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGINT');
      await exited;
    }
    await rm(dataFolder, { recursive: true, force: true });
  }
  try {
    const url = await until(
      'the demo to print its URL',
      () => {
        if (child.exitCode !== null) throw new Error(`The demo ended with ${child.exitCode}:\n${output}`);
        return /GraphiQL\s+(http:\/\/127\.0\.0\.1:\d+)\/graphiql/.exec(output)?.[1];
      },
      () => output,
    );
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
