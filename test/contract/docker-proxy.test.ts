import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerPolicy } from '../../orchestrator/docker-proxy/policy.ts';
import { type DockerProxy, openDockerProxy } from '../../orchestrator/docker-proxy/proxy.ts';
import { serviceSpec } from '../../platform/adapters/swarm-runtime/service-spec.ts';
import type { SwarmRuntimeOptions } from '../../platform/adapters/swarm-runtime.ts';
import { RuntimeRefusal } from '../../platform/errors.ts';
import { silentLogger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import { runtimeContract } from './runtime.ts';
import {
  DOCKER_HOST,
  GOOD_ARGS,
  openSwarmWorkers,
  type SwarmWorkers,
  WORKER_IMAGE,
} from './swarm-workers.ts';

const SOCKET = 'unix://';
const DEADLINE = { timeout: 30_000, interval: 20 };

const policyOf = (platform: string): WorkerPolicy => ({
  platform,
  images: [WORKER_IMAGE],
  args: GOOD_ARGS,
  networks: new Set([`${platform}-net`]),
  secrets: new Map([['SERVICE_TOKEN', `${platform}-token`]]),
  settings: new Set(['LOG_LEVEL', 'PORT', 'POOL', 'TASK_ID', 'SERVICE_TOKEN']),
  replicasMax: 5,
});

const openProxy = (platform: string): Promise<DockerProxy> =>
  openDockerProxy({ logger: silentLogger, metrics: new Metrics() }, policyOf(platform), {
    host: '127.0.0.1',
    port: 0,
    socketPath: (DOCKER_HOST ?? '').slice(SOCKET.length),
    timeoutMs: 20_000,
    bodyBytesMax: 64 * 1024,
  });

describe.skipIf(!DOCKER_HOST?.startsWith(SOCKET))('Behind docker-proxy, on a real swarm,', () => {
  const opened: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of opened) await close();
  });

  runtimeContract('the swarm runtime', async () => {
    const workers = await openSwarmWorkers();
    const proxy = await openProxy(workers.keyPrefix);
    opened.push(async () => {
      await workers.cleanUp();
      await proxy.close();
    });
    return { ...workers, runtime: await workers.open({ url: proxy.url }) };
  });
});

describe.skipIf(!DOCKER_HOST?.startsWith(SOCKET))('docker-proxy, on a real swarm,', () => {
  let workers: SwarmWorkers;
  let proxy: DockerProxy;
  let prefix: string;
  beforeEach(async () => {
    workers = await openSwarmWorkers();
    prefix = workers.keyPrefix;
    proxy = await openProxy(prefix);
  });
  afterEach(async () => {
    await workers.cleanUp();
    await proxy.close();
  });

  const POOL = { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas: 1 } as const;
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${proxy.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, json: JSON.parse(text.startsWith('{') ? text : '{}') };
  };
  /** A service that somebody else made, by the engine itself. */
  const foreignService = (name: string) =>
    workers.docker.createService({
      Name: name,
      TaskTemplate: { ContainerSpec: { Image: WORKER_IMAGE, Env: ['PASSWORD=hunter2'] } },
      Mode: { Replicated: { Replicas: 0 } },
    });
  const specOf = (changes: Partial<SwarmRuntimeOptions>, secretIds = new Map<string, string>()) => {
    const resources = { cpus: 1, cpusReserved: 0.01, memoryBytes: 256e6, memoryReservedBytes: 16e6 };
    const options: SwarmRuntimeOptions = {
      url: proxy.url,
      timeoutMs: 20_000,
      keyPrefix: prefix,
      image: WORKER_IMAGE,
      args: GOOD_ARGS,
      environment: {},
      secrets: {},
      networks: [],
      resources,
      browserResources: resources,
      constraints: [],
      restartDelayMs: 50,
      stopGraceMs: 5_000,
      updateMonitorMs: 2_000,
      logSizeMax: '1m',
      ...changes,
    };
    const looked = { image: WORKER_IMAGE, secretIds, changedAt: new Date(0).toISOString() };
    return serviceSpec({ ...POOL, replicas: 0 }, options, looked);
  };

  it('neither shows the environment of a service of others, nor changes or removes it', async () => {
    const service = await foreignService(`${prefix}-database`);
    const { Version } = await service.inspect();
    for (const id of [service.id, `${prefix}-database`]) {
      expect((await ask('GET', `/services/${id}`)).status).toBe(403);
      expect((await ask('DELETE', `/services/${id}`)).status).toBe(403);
      const update = await ask('POST', `/services/${id}/update?version=${Version.Index}`, specOf({}));
      expect(update.status).toBe(403);
    }
    for (const path of ['/services', '/tasks']) {
      const shown = await ask('GET', path);
      expect(shown).toMatchObject({ status: 200, text: expect.not.stringContaining('hunter2') });
    }
    expect((await service.inspect()).Version).toEqual(Version);
  });

  it('shows that somebody has a name of ours, and lets the runtime say so', async () => {
    const service = await foreignService(`${prefix}-worker-shared`);
    const runtime = await workers.open({ url: proxy.url });
    const { pools } = await runtime.observe();
    expect(pools).toMatchObject([{ name: 'shared', isOwned: false }]);
    await expect(runtime.apply({ kind: 'ensurePool', pool: POOL })).rejects.toThrow(RuntimeRefusal);
    expect((await ask('GET', `/services/${service.id}`)).text).not.toContain('hunter2');
    expect((await ask('DELETE', `/services/${service.id}`)).status).toBe(403);
  });

  it('makes what it found good, whatever version the caller speaks', async () => {
    const { json, status } = await ask('POST', '/v1.24/services/create', specOf({}));
    expect(status).toBe(201);
    const { Spec } = await workers.docker.getService(json.ID).inspect();
    expect(Spec.TaskTemplate.ContainerSpec).toMatchObject({
      Privileges: { NoNewPrivileges: true },
      CapabilityDrop: ['ALL'],
      ReadOnly: true,
    });
  });

  it('takes a service back as the engine wrote it down, with its secret and its network', async () => {
    const { docker } = workers;
    const secret = await docker.createSecret({ Name: `${prefix}-token`, Data: 'eA==', Labels: {} });
    const network = await docker.createNetwork({ Name: `${prefix}-net`, Driver: 'overlay' });
    try {
      const wanted = specOf(
        { secrets: { SERVICE_TOKEN: `${prefix}-token` }, networks: [`${prefix}-net`] },
        new Map([[`${prefix}-token`, secret.id]]),
      );
      expect((await ask('POST', '/services/create', wanted)).status).toBe(201);
      const path = `/services/${prefix}-worker-shared`;
      const { Spec, Version } = (await ask('GET', path)).json;
      expect(Spec.TaskTemplate.Networks).toEqual([{ Target: network.id }]);
      const updated = await ask('POST', `${path}/update?version=${Version.Index}`, Spec);
      expect(updated).toMatchObject({ status: 200 });
      const other = { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, Networks: [{ Target: 'host' }] } };
      expect((await ask('POST', `${path}/update?version=${Version.Index}`, other)).status).toBe(403);
    } finally {
      await workers.cleanUp();
      await docker.getSecret(secret.id).remove();
      // The network is in use until the last trace of the service is gone.
      await expect.poll(() => network.remove().then(() => true, String), DEADLINE).toBe(true);
    }
  });

  it("leaves it to the engine to refuse another secret under our secret's name", async () => {
    const { docker } = workers;
    const secret = await docker.createSecret({ Name: `${prefix}-other`, Data: 'eA==', Labels: {} });
    try {
      const wanted = specOf(
        { secrets: { SERVICE_TOKEN: `${prefix}-token` } },
        new Map([[`${prefix}-token`, secret.id]]),
      );
      const created = await ask('POST', '/services/create', wanted);
      expect(created.status).toBe(400);
      expect(created.json.message).toContain('secret not found');
    } finally {
      await docker.getSecret(secret.id).remove();
    }
  });

  it('wakes the runtime when something happens', async () => {
    const runtime = await workers.open({ url: proxy.url });
    let calls = 0;
    runtime.watch(() => {
      calls += 1;
    });
    await expect.poll(() => calls, DEADLINE).toBeGreaterThan(0);
    const before = calls;
    await foreignService(`${prefix}-worker-browser`);
    await expect.poll(() => calls, DEADLINE).toBeGreaterThan(before);
  });
});
