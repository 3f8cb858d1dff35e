import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '../metrics.ts';
import { Scope } from '../scope.ts';
import { openProbeServer, type ProbeServer } from './probe-server.ts';

const serviceToken = 'a token of services only';

describe('the probe server', () => {
  let scope: Scope;
  let isReady: boolean;
  beforeEach(() => {
    scope = new Scope();
    isReady = true;
  });
  afterEach(() => scope.close());

  const open = async (host: string) =>
    scope.use(
      await openProbeServer(
        { metrics: new Metrics(), isReady: () => isReady },
        { host, port: 0, serviceToken },
      ),
    );
  const ask = async ({ url }: ProbeServer, path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, url.replace('0.0.0.0', '127.0.0.1')), { headers });
    return { status: response.status, text: await response.text() };
  };

  it('lives in any case, and is ready until it is not, or is to stop', async () => {
    const server = await open('127.0.0.1');
    expect((await ask(server, '/readyz')).status).toBe(200);
    isReady = false;
    expect((await ask(server, '/readyz')).status).toBe(503);
    isReady = true;
    server.drain();
    expect((await ask(server, '/readyz')).status).toBe(503);
    expect((await ask(server, '/healthz')).status).toBe(200);
  });

  it('shows its metrics to this machine, and beyond it to services only', async () => {
    expect((await ask(await open('127.0.0.1'), '/metrics')).status).toBe(200);
    const everywhere = await open('0.0.0.0');
    expect((await ask(everywhere, '/metrics')).status).toBe(401);
    const authorization = `Bearer ${serviceToken}`;
    expect((await ask(everywhere, '/metrics', { authorization })).status).toBe(200);
  });
});
