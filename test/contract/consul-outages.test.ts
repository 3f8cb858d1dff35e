import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConsulLiveSettings } from '../../platform/adapters/consul-live-settings.ts';
import { openConsulRegistry } from '../../platform/adapters/consul-registry.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { LiveValues } from '../../platform/ports/live-settings.ts';
import type { Registry, ServiceInstance } from '../../platform/ports/registry.ts';
import { Scope } from '../../platform/scope.ts';
import { ConsulAgent, consulProgram } from '../support/consul-agent.ts';
import { openReadyServer, type ReadyServer } from '../support/ready-server.ts';

/** What follows from an outage takes some checks and retries; machines are busy. In milliseconds. */
const DEADLINE = { timeout: 30_000, interval: 5 };
/** Long enough for whoever is there to register again, short enough to wait for. */
const GRACE_MS = 8_000;

/** A question that waits for Consul is given up at once, one that it should answer at once after a while. */
const CLOSE_DEADLINE = { timeout: 15_000, interval: 5 };

const deps = { clock: systemClock, logger: silentLogger };

describe.skipIf(consulProgram === undefined)('While Consul is away', () => {
  let scope: Scope;
  let agent: ConsulAgent;
  let server: ReadyServer;
  beforeEach(async () => {
    scope = new Scope();
    agent = scope.use(await ConsulAgent.open());
    server = scope.use(await openReadyServer());
  });
  afterEach(() => scope.close());

  const openRegistry = async (): Promise<Registry> =>
    scope.use(await openConsulRegistry(agent.url, deps, { keyPrefix: 'test', graceMs: GRACE_MS }));
  const instance = (id: string): ServiceInstance => ({
    id,
    service: 'endpoint',
    url: `${server.origin}/graphql`,
  });

  function watch(registry: Registry): string[] {
    const seen: string[] = [];
    registry.watch('endpoint', (instances) => seen.push(instances.map(({ id }) => id).join(' ')));
    return seen;
  }

  describe('the registry', () => {
    it('keeps what it knew, and knows everybody again when Consul is back empty', async () => {
      const [watching, staying, dying] = [await openRegistry(), await openRegistry(), await openRegistry()];
      const seen = watch(watching);
      await staying.register(instance('e1'));
      await expect.poll(() => seen.at(-1), DEADLINE).toBe('e1');
      await dying.register(instance('e2'));
      await expect.poll(() => seen.at(-1), DEADLINE).toBe('e1 e2');
      await agent.stop();
      // It has nobody to tell that it goes.
      await dying.close();
      await agent.start();
      await watching.register(instance('e3'));
      await expect.poll(() => seen, DEADLINE).toEqual(['', 'e1', 'e1 e2', 'e1 e2 e3', 'e1 e3']);
      await staying.close();
      await expect.poll(() => seen.at(-1), DEADLINE).toBe('e3');
    });

    it('registers, once Consul is there, what was registered before', async () => {
      await agent.stop();
      const registry = await openRegistry();
      await registry.register(instance('e1'));
      await agent.start();
      await expect.poll(() => registry.instances('endpoint'), DEADLINE).toEqual([instance('e1')]);
    });

    it('goes on where Consul was frozen', async () => {
      const registry = await openRegistry();
      const seen = watch(registry);
      await registry.register(instance('e1'));
      await expect.poll(() => seen.at(-1), DEADLINE).toBe('e1');
      await agent.freeze();
      await registry.register(instance('e2'));
      expect(seen).toEqual(['', 'e1']);
      agent.thaw();
      await expect.poll(() => seen, DEADLINE).toEqual(['', 'e1', 'e1 e2']);
    });

    it('closes all the same', async () => {
      const registry = await openRegistry();
      const registration = await registry.register(instance('e1'));
      watch(registry);
      await agent.freeze();
      let isClosed = false;
      const closing = Promise.resolve(registration.close())
        .then(() => registry.close())
        .then(() => {
          isClosed = true;
        });
      await expect.poll(() => isClosed, CLOSE_DEADLINE).toBe(true);
      await closing;
      expect(registry.instances('endpoint')).toEqual([]);
    });
  });

  it('an instance that the agent forgot is registered again, and one that is ill is not offered', async () => {
    const registry = await openRegistry();
    await registry.register(instance('e1'));
    const ids = () => registry.instances('endpoint').map(({ id }) => id);
    await expect.poll(ids, DEADLINE).toEqual(['e1']);
    await fetch(`${agent.url}/v1/agent/service/deregister/test-endpoint-e1`, { method: 'PUT' });
    await expect.poll(ids, DEADLINE).toEqual([]);
    await expect.poll(ids, DEADLINE).toEqual(['e1']);
    server.isReady = false;
    await expect.poll(ids, DEADLINE).toEqual([]);
    server.isReady = true;
    await expect.poll(ids, DEADLINE).toEqual(['e1']);
  });

  it('live settings stay as they are, and follow one that is back empty after a grace', async () => {
    await agent.put('test/settings/WORKER_CAPACITY', '20');
    await agent.put('test/settings/LOG_LEVEL', 'debug');
    const settings = scope.use(
      await openConsulLiveSettings(agent.url, deps, { keyPrefix: 'test', graceMs: GRACE_MS }),
    );
    const seen: LiveValues[] = [];
    settings.watch((values) => seen.push(values));
    await agent.stop();
    await agent.start();
    await agent.put('test/settings/WORKER_CAPACITY', '30');
    await expect
      .poll(() => seen, DEADLINE)
      .toEqual([
        { WORKER_CAPACITY: '20', LOG_LEVEL: 'debug' },
        { WORKER_CAPACITY: '30', LOG_LEVEL: 'debug' },
        { WORKER_CAPACITY: '30' },
      ]);
  });
});
