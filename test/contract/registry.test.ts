import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsulRegistry } from '../../platform/adapters/consul-registry.ts';
import { MemoryRegistry } from '../../platform/adapters/memory-registry.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { ServiceInstance } from '../../platform/ports/registry.ts';
import { sharedConsulUrl, uniquePrefix } from '../support/consul-agent.ts';
import { openReadyServer, type ReadyServer } from '../support/ready-server.ts';
import { registryContract } from './registry.ts';

registryContract('The registry in memory', async () => new MemoryRegistry([], silentLogger));

describe('The registry in memory', () => {
  it('lists the instances it was made with', () => {
    const known: ServiceInstance[] = [
      { id: 'c1', service: 'configuration', url: 'http://127.0.0.1:41001/graphql' },
      { id: 'e1', service: 'endpoint', url: 'http://127.0.0.1:41002/graphql' },
    ];
    const registry = new MemoryRegistry(known, silentLogger);
    expect(registry.instances('configuration')).toEqual([known[0]]);
    expect(registry.instances('endpoint')).toEqual([known[1]]);
  });
});

describe.skipIf(sharedConsulUrl === undefined)('With Consul', () => {
  let server: ReadyServer;
  beforeAll(async () => {
    server = await openReadyServer();
  });
  afterAll(() => server.close());

  registryContract(
    'the registry of Consul',
    () =>
      openConsulRegistry(
        sharedConsulUrl ?? '',
        { clock: systemClock, logger: silentLogger },
        { keyPrefix: uniquePrefix() },
      ),
    () => server.origin,
  );
});
