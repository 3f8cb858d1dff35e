import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../platform/sdl.ts';
import { PlatformProcess, until } from '../harness.ts';
import { childrenOf, isAlive } from '../processes.ts';

/** Starts the platform where it must refuse to. @returns What it said, and how it ended. */
async function refusal(
  environment: Record<string, string>,
): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'deploy', 'local.js')], {
    env: { PATH: process.env.PATH ?? '', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'exit');
  return { code: code as number | null, lines: output.split('\n').filter((line) => line !== '') };
}

describe('starting', () => {
  it('says what listens where and what to try next', async () => {
    const platform = await new PlatformProcess().start();
    try {
      expect(platform.output).toContain(`${platform.url}/graphiql`);
      expect(platform.output).toContain('Three things to try next');
      expect((await fetch(`${platform.url}/readyz`)).status).toBe(200);
    } finally {
      await platform.dispose();
    }
  });

  it('refuses a busy port in one line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const folder = mkdtempSync(join(tmpdir(), 'tributary-'));
    try {
      const { code, lines } = await refusal({ PORT: String(port), DATA_DIR: folder });
      expect(code).toBe(1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(new RegExp(`^tributary: PORT: .*${port}`));
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses a data folder that cannot be written in one line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-'));
    // A file where the folder should be stops root as well; a mode would not.
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(folder, 0o500);
    try {
      const { code, lines } = await refusal({ DATA_DIR: join(file, 'data') });
      expect(code).toBe(1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^tributary: DATA_DIR: /);
    } finally {
      chmodSync(folder, 0o700);
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses a data folder that another platform holds', async () => {
    const platform = await new PlatformProcess().start();
    try {
      const { code, lines } = await refusal({ DATA_DIR: platform.dataFolder });
      expect(code).toBe(1);
      expect(lines).toEqual([
        expect.stringMatching(/^tributary: DATA_DIR: .* is in use by another Tributary/),
      ]);
    } finally {
      await platform.dispose();
    }
  });

  it('names every bad setting, one line each', async () => {
    const { code, lines } = await refusal({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      SCRAPER_ALLOW_NETWORKS: '10.0.0.0/99',
      DATA_DIR: join(tmpdir(), 'tributary-never-made'),
    });
    expect(code).toBe(1);
    expect(lines.map((line) => line.replace(/^tributary: (\w+): .*$/, '$1')).sort()).toEqual([
      'LOG_LEVEL',
      'PORT',
      'SCRAPER_ALLOW_NETWORKS',
    ]);
  });

  it('does not listen beyond this machine without credentials', async () => {
    const { code, lines } = await refusal({
      HOST: '0.0.0.0',
      DATA_DIR: join(tmpdir(), 'tributary-never-made'),
    });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^tributary: HOST: /)]);
  });
});

describe('stopping', () => {
  it('ends the workers with it at Ctrl-C, and exits with 0', async () => {
    const platform = await new PlatformProcess().start();
    try {
      const workers = await until('a worker to be there', async () => {
        const { cluster } = await platform.query('{ cluster { workers { id } } }');
        return cluster.workers.length > 0 && childrenOf(platform.pid);
      });
      expect(workers.length).toBeGreaterThan(0);
      expect(await platform.stop('SIGINT')).toBe(0);
      expect(workers.filter(isAlive)).toEqual([]);
    } finally {
      await platform.dispose();
    }
  });

  it('stops in order at a Ctrl-C that npm passes on a second time, and goes on at once', async () => {
    const platform = await new PlatformProcess().start();
    try {
      await until('a worker to be there', async () => {
        const { cluster } = await platform.query('{ cluster { workers { id } } }');
        return cluster.workers.length > 0;
      });
      process.kill(platform.pid, 'SIGINT');
      expect(await platform.stop('SIGINT')).toBe(0);
      const restartedAt = new Date().toISOString();
      await platform.start();
      // The former worker has given its leases back: nobody waits for their end.
      const { cluster } = await platform.query('{ cluster { workers { startedAt } } }');
      expect(
        cluster.workers.filter(({ startedAt }: { startedAt: string }) => startedAt < restartedAt),
      ).toEqual([]);
    } finally {
      await platform.dispose();
    }
  });

  it('leaves no worker behind when it is killed', async () => {
    const platform = await new PlatformProcess().start();
    try {
      const workers = await until('a worker to be there', async () => {
        const { cluster } = await platform.query('{ cluster { workers { id } } }');
        return cluster.workers.length > 0 && childrenOf(platform.pid);
      });
      await platform.kill();
      await until('the workers to end', () => workers.filter(isAlive).length === 0);
    } finally {
      await platform.dispose();
    }
  });
});
