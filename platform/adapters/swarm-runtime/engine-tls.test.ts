import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { SwarmEngine } from './engine.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate for `name`, signed by the authority of that folder; without a name, the authority itself. */
function makeCertificate(folder: string, file: string, name?: string): void {
  const at = (suffix: string) => join(folder, `${file}${suffix}`);
  const run = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    at('-key.pem'),
  ];
  if (name === undefined)
    return void run('req', '-x509', ...key, '-subj', '/CN=authority', '-out', at('.pem'));
  writeFileSync(at('.ext'), `subjectAltName=DNS:${name}`);
  run('req', ...key, '-subj', `/CN=${name}`, '-out', at('.csr'));
  const authority = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca-key.pem'), '-CAcreateserial'];
  run('x509', '-req', '-in', at('.csr'), ...authority, '-extfile', at('.ext'), '-out', at('.pem'));
}

describe.skipIf(!hasOpenssl)('The engine behind TLS', () => {
  let folder: string;
  let port: number;
  let server: ReturnType<typeof createServer>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'engine-tls-'));
    makeCertificate(folder, 'ca');
    makeCertificate(folder, 'server', 'manager.example');
    makeCertificate(folder, 'cert', 'orchestrator');
    writeFileSync(join(folder, 'key.pem'), readFileSync(join(folder, 'cert-key.pem')));
    const pem = (file: string) => readFileSync(join(folder, file));
    const options = {
      ca: pem('ca.pem'),
      cert: pem('server.pem'),
      key: pem('server-key.pem'),
      requestCert: true,
    };
    server = createServer(options, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify([{ ID: subject.CN }]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function callerSeenBy(name: string): Promise<string> {
    const engine = new SwarmEngine(
      { clock: systemClock, logger: silentLogger, resolve: async () => ['127.0.0.1'] },
      { url: `https://${name}:${port}`, certPath: folder, timeoutMs: 20_000 },
    );
    try {
      return await engine.call(
        async (docker, abortSignal) => (await docker.listNodes({ abortSignal }))[0].ID,
      );
    } finally {
      engine.close();
    }
  }

  it('sees who we are, and is held to its name at whatever address that leads to', async () => {
    expect(await callerSeenBy('manager.example')).toBe('orchestrator');
    await expect(callerSeenBy('other.example')).rejects.toMatchObject({
      code: 'DATASOURCE_UNAVAILABLE',
      message: expect.stringContaining('does not match certificate'),
    });
  });
});
