import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const DEADLINE = { timeout: 30_000, interval: 20 };

describe('docker-proxy as a process', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  const start = (environment: Record<string, string>) => {
    const printed = { text: '' };
    child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'main.ts')], {
      env: { PATH: process.env.PATH ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        printed.text += String(chunk);
      });
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { child, printed, ended };
  };

  it('says what is wrong with its settings, and ends', async () => {
    const { printed, ended } = start({ WORKER_SECRETS: 'hunter2', KEY_PREFIX: 'Shop' });
    expect(await ended).toBe(1);
    expect(printed.text).toContain('docker-proxy: WORKER_IMAGE: must be');
    expect(printed.text).toContain('docker-proxy: WORKER_SECRETS: must be SETTING=');
    expect(printed.text).toContain('docker-proxy: KEY_PREFIX: must be');
    expect(printed.text).not.toContain('hunter2');
  });

  it('serves without an engine until there is one, and ends when it is asked to', async () => {
    const {
      child: process,
      printed,
      ended,
    } = start({
      WORKER_IMAGE: 'tributary:1',
      DOCKER_SOCKET: '/nowhere/docker.sock',
      PORT: '0',
    });
    await expect.poll(() => printed.text, DEADLINE).toContain('service ready');
    const url = /"url":"([^"]+)"/.exec(printed.text)?.[1];
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/v1.44/services`)).status).toBe(503);
    expect((await fetch(`${url}/v1.44/containers/json`)).status).toBe(403);
    process.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
