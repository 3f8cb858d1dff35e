import type { ContainerSpec, ContainerTaskSpec } from 'dockerode';
import { describe, expect, it } from 'vitest';
import type { PoolSpec } from '../../ports/runtime.ts';
import { serviceName } from './names.ts';
import type { SwarmRuntimeOptions } from './options.ts';
import { serviceSpec, specHash } from './service-spec.ts';

const shared: PoolSpec = { name: 'shared', isolation: 'SHARED', render: 'HTTP', replicas: 2 };
const browser: PoolSpec = { name: 'browser', isolation: 'SHARED', render: 'BROWSER', replicas: 1 };

const options: SwarmRuntimeOptions = {
  url: 'unix:///var/run/docker.sock',
  timeoutMs: 1_000,
  keyPrefix: 'tributary',
  image: 'tributary:1',
  browserImage: 'tributary-browser:1',
  environment: { REGISTRY_URL: 'static:a=http://a', LOG_LEVEL: 'info' },
  secrets: { SERVICE_TOKEN: 'service_token_v2' },
  networks: ['scraping'],
  resources: { cpus: 1, cpusReserved: 0.05, memoryBytes: 1e9, memoryReservedBytes: 1e8 },
  browserResources: { cpus: 2, cpusReserved: 0.5, memoryBytes: 2e9, memoryReservedBytes: 5e8 },
  constraints: ['node.role==worker'],
  spread: 'node.labels.zone',
  restartDelayMs: 1_000,
  stopGraceMs: 10_000,
  updateMonitorMs: 15_000,
  logSizeMax: '10m',
  stack: 'tributary',
};

const looked = {
  image: 'tributary:1@sha256:abc',
  secretIds: new Map([
    ['service_token_v2', 'id-2'],
    ['service_token_v21', 'id-21'],
  ]),
  changedAt: '2026-01-01T00:00:00.000Z',
};

const specOf = (pool: PoolSpec, changes: Partial<SwarmRuntimeOptions> = {}) =>
  serviceSpec(pool, { ...options, ...changes }, looked);
const taskOf = (pool: PoolSpec) =>
  specOf(pool).TaskTemplate as ContainerTaskSpec & { ContainerSpec: ContainerSpec };

describe('The service of a pool', () => {
  it('says whose it is, what it is for and what it was made of', () => {
    expect(specOf(shared)).toMatchObject({
      Name: 'tributary-worker-shared',
      Labels: {
        'dev.tributary.platform': 'tributary',
        'dev.tributary.pool': 'shared',
        'dev.tributary.isolation': 'SHARED',
        'dev.tributary.render': 'HTTP',
        'dev.tributary.spec': specHash(shared, options),
        'dev.tributary.changed-at': '2026-01-01T00:00:00.000Z',
        'com.docker.stack.namespace': 'tributary',
      },
      Mode: { Replicated: { Replicas: 2 } },
      EndpointSpec: { Mode: 'dnsrr' },
    });
    expect(specOf(shared, { stack: undefined }).Labels).not.toHaveProperty('com.docker.stack.namespace');
  });

  it('runs a worker that knows its place, by the image of today', () => {
    expect(taskOf(shared).ContainerSpec).toMatchObject({
      Image: 'tributary:1@sha256:abc',
      Labels: { 'dev.tributary.platform': 'tributary', 'dev.tributary.pool': 'shared' },
      Args: ['scraper'],
      Hostname: '{{.Node.Hostname}}',
      Env: [
        'LOG_LEVEL=info',
        'POOL=shared',
        'PORT=4010',
        'REGISTRY_URL=static:a=http://a',
        'SERVICE_TOKEN_FILE=/run/secrets/SERVICE_TOKEN',
        'TASK_ID={{.Task.ID}}',
      ],
    });
  });

  it('gives a worker no more rights than it needs', () => {
    expect(taskOf(shared).ContainerSpec).toMatchObject({
      Init: true,
      ReadOnly: true,
      CapabilityDrop: ['ALL'],
      Privileges: { NoNewPrivileges: true },
      Mounts: [{ Type: 'tmpfs', Target: '/tmp', TmpfsOptions: { SizeBytes: 64 * 1024 ** 2 } }],
    });
  });

  it('gives a secret of exactly that name under the name of its setting', () => {
    expect(taskOf(shared).ContainerSpec.Secrets).toEqual([
      {
        SecretID: 'id-2',
        SecretName: 'service_token_v2',
        File: { Name: 'SERVICE_TOKEN', UID: '0', GID: '0', Mode: 0o444 },
      },
    ]);
    expect(() => specOf(shared, { secrets: { SERVICE_TOKEN: 'service_token' } })).toThrow(
      'No such secret: service_token,',
    );
  });

  it('bounds what workers use, and says what nodes must have for them', () => {
    expect(taskOf(shared).Resources).toEqual({
      Limits: { NanoCPUs: 1e9, MemoryBytes: 1e9, Pids: 128 },
      Reservations: { NanoCPUs: 5e7, MemoryBytes: 1e8 },
    });
    expect(taskOf(browser).Resources).toEqual({
      Limits: { NanoCPUs: 2e9, MemoryBytes: 2e9, Pids: 2_048 },
      Reservations: { NanoCPUs: 5e8, MemoryBytes: 5e8 },
    });
  });

  it('gives workers with a browser their image, and memory to share', () => {
    expect(taskOf(browser).ContainerSpec.Mounts?.map(({ Target }) => Target)).toEqual(['/tmp', '/dev/shm']);
    expect(() => specHash(browser, { ...options, browserImage: undefined })).toThrow(
      expect.objectContaining({
        code: 'RUNTIME_REFUSED',
        message: expect.stringContaining('BROWSER_WORKER_IMAGE'),
      }),
    );
  });

  it('starts workers again, places and replaces them as it was told, in nanoseconds', () => {
    expect(taskOf(shared)).toMatchObject({
      ContainerSpec: { StopGracePeriod: 10e9 },
      RestartPolicy: { Condition: 'any', Delay: 1e9 },
      Placement: {
        Constraints: ['node.role==worker'],
        Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.zone' } }],
      },
      Networks: [{ Target: 'scraping' }],
      LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '3' } },
    });
    const update = { Parallelism: 1, Monitor: 15e9, MaxFailureRatio: 0, Order: 'start-first' };
    expect(specOf(shared).UpdateConfig).toMatchObject({ ...update, FailureAction: 'rollback' });
    expect(specOf(shared).RollbackConfig).toMatchObject({ ...update, FailureAction: 'pause' });
  });
});

describe('The hash of what workers are', () => {
  const hash = specHash(shared, options);

  it('is the same for any number of them, and however their settings are ordered', () => {
    expect(specHash({ ...shared, replicas: 7 }, options)).toBe(hash);
    const environment = { LOG_LEVEL: 'info', REGISTRY_URL: 'static:a=http://a' };
    expect(specHash(shared, { ...options, environment })).toBe(hash);
  });

  it('is not of the way to the managers', () => {
    expect(specHash(shared, { ...options, url: 'http://docker-proxy:2375', timeoutMs: 1 })).toBe(hash);
  });

  it.each([
    ['image', { image: 'tributary:2' }],
    ['setting', { environment: { ...options.environment, LOG_LEVEL: 'debug' } }],
    ['secret', { secrets: { SERVICE_TOKEN: 'service_token_v21' } }],
    ['network', { networks: ['other'] }],
    ['resource', { resources: { ...options.resources, cpus: 0.5 } }],
    ['constraint', { constraints: [] }],
    ['grace', { stopGraceMs: 1 }],
    ['stack', { stack: 'other' }],
  ] as const)('is another for another %s', (_name, changes) => {
    expect(specHash(shared, { ...options, ...changes })).not.toBe(hash);
  });
});

describe('The name of a service', () => {
  it.each([
    ['shared', 'tributary-worker-shared'],
    ['source-aB_c-9', 'tributary-worker-source-aB_c-9'],
  ])('shows pool %s', (pool, name) => {
    expect(serviceName('tributary', pool)).toBe(name);
  });

  it.each(['source-a_', 'source-a-', `source-${'a'.repeat(80)}`])(
    'is one that Swarm takes for pool %s',
    (pool) => {
      const name = serviceName('tributary', pool);
      expect(name).toMatch(/^tributary-worker-source-a[\w-]*[a-z0-9]$/);
      expect(name.length).toBeLessThanOrEqual(63);
      expect(serviceName('tributary', `${pool}_`)).not.toBe(name);
    },
  );
});
