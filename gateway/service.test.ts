import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MemoryBus } from '../platform/adapters/memory-bus.ts';
import { MemoryRegistry } from '../platform/adapters/memory-registry.ts';
import { systemClock } from '../platform/clock.ts';
import { readConfig } from '../platform/config.ts';
import { silentLogger } from '../platform/logger.ts';
import { gatewaySettings } from './config.ts';
import { openGateway } from './service.ts';

const deps = () => ({
  registry: new MemoryRegistry(),
  bus: new MemoryBus(silentLogger),
  clock: systemClock,
  logger: silentLogger,
});

describe('openGateway', () => {
  it('says in one line that its port is taken, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const config = readConfig(gatewaySettings, { PORT: String(port) });
    await expect(openGateway(deps(), config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `PORT: ${port} is in use on 127.0.0.1: stop what listens there, or set another PORT`,
    });
    other.close();
  });

  it('does not listen beyond this machine without credentials', async () => {
    expect(() => readConfig(gatewaySettings, { HOST: '0.0.0.0' })).toThrow(
      /^HOST: must be a loopback address/,
    );
    const config = { ...readConfig(gatewaySettings, {}), HOST: '192.168.1.10' };
    await expect(openGateway(deps(), config)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    for (const HOST of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      expect(readConfig(gatewaySettings, { HOST }).HOST).toBe(HOST);
    }
  });

  it('reads lists and durations, and names each setting that is wrong', () => {
    const config = readConfig(gatewaySettings, { CORS_ORIGINS: 'https://a.example, https://b.example,' });
    expect(config.CORS_ORIGINS).toEqual(['https://a.example', 'https://b.example']);
    expect(config).toMatchObject({ HOST: '127.0.0.1', PORT: 4000, REQUEST_TIMEOUT: 60_000 });
    expect(() => readConfig(gatewaySettings, { PORT: '65536', QUERY_DEPTH_MAX: '-1' })).toThrow(
      /PORT: .*\nQUERY_DEPTH_MAX: /,
    );
  });
});
