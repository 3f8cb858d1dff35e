import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MemoryBus } from '../platform/adapters/memory-bus.ts';
import { MemoryRegistry } from '../platform/adapters/memory-registry.ts';
import { systemClock } from '../platform/clock.ts';
import { type Environment, readConfig } from '../platform/config.ts';
import { silentLogger } from '../platform/logger.ts';
import { gatewaySettings } from './config.ts';
import { openGateway } from './service.ts';

const deps = () => ({
  registry: new MemoryRegistry(),
  bus: new MemoryBus(silentLogger),
  clock: systemClock,
  logger: silentLogger,
});

const configOf = (environment: Environment) => ({
  ...readConfig(gatewaySettings, environment),
  serviceToken: 'service-token-of-tests',
});

describe('openGateway', () => {
  it('says in one line that its port is taken, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(openGateway(deps(), configOf({ PORT: String(port) }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `PORT: ${port} is in use on 127.0.0.1: stop what listens there, or set another PORT`,
    });
    other.close();
  });

  it('does not listen beyond this machine without keys, and says how to get there', async () => {
    for (const HOST of ['0.0.0.0', '::', '192.168.1.10', 'graph.example', '127.0.0.1.example']) {
      await expect(openGateway(deps(), configOf({ HOST }))).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^HOST: beyond loopback .* set API_KEYS_FILE .*npm run key/),
      });
    }
  });

  it('names the file of keys that it cannot use', async () => {
    const config = configOf({ HOST: '0.0.0.0', API_KEYS_FILE: '/nowhere/keys.json' });
    await expect(openGateway(deps(), config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'API_KEYS_FILE: /nowhere/keys.json cannot be read: there is no such file or folder',
    });
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
