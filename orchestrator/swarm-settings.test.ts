import { describe, expect, it } from 'vitest';
import { readConfig } from '../platform/config.ts';
import { swarmOptions, swarmSettings } from './swarm-settings.ts';

const enough = {
  WORKER_IMAGE: 'tributary:1',
  WORKER_ENVIRONMENT: 'REGISTRY_URL=static:configuration=http://configuration:4001/graphql',
  WORKER_SECRETS: 'SERVICE_TOKEN=service_token',
  WORKER_NETWORKS: 'scraping',
};

function optionsOf(environment: Readonly<Record<string, string>>) {
  const config = readConfig(swarmSettings, environment);
  return swarmOptions('unix:///var/run/docker.sock', { ...config, KEY_PREFIX: 'tributary' }, environment);
}

describe('The settings of workers in a swarm', () => {
  it('have defaults for all but what nobody can know', () => {
    expect(optionsOf(enough)).toEqual({
      url: 'unix:///var/run/docker.sock',
      certPath: undefined,
      timeoutMs: 10_000,
      keyPrefix: 'tributary',
      image: 'tributary:1',
      browserImage: undefined,
      environment: { REGISTRY_URL: 'static:configuration=http://configuration:4001/graphql' },
      secrets: { SERVICE_TOKEN: 'service_token' },
      networks: ['scraping'],
      resources: {
        cpus: 1,
        cpusReserved: 0.05,
        memoryBytes: 1024 ** 3,
        memoryReservedBytes: 128 * 1024 ** 2,
      },
      browserResources: {
        cpus: 1,
        cpusReserved: 0.05,
        memoryBytes: 2 * 1024 ** 3,
        memoryReservedBytes: 512 * 1024 ** 2,
      },
      constraints: [],
      spread: undefined,
      restartDelayMs: 1_000,
      stopGraceMs: 10_000,
      updateMonitorMs: 15_000,
      logSizeMax: '10m',
      stack: undefined,
    });
  });

  it('name every one that is missing at once', () => {
    expect(() => optionsOf({})).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: [
          'WORKER_SECRETS: must have SERVICE_TOKEN=<name of its secret in the swarm>',
          'WORKER_ENVIRONMENT: must have REGISTRY_URL=<where workers find the services>',
          'WORKER_NETWORKS: must name a network on which workers find the services',
          'WORKER_IMAGE: must be the image that workers are started from',
        ].join('\n'),
      }),
    );
  });

  it('hand on what scrapers are told, and nothing that leads anywhere', () => {
    const { environment } = optionsOf({
      ...enough,
      KEY_PREFIX: 'tributary',
      LOG_LEVEL: 'debug',
      HOST_INTERVAL: 'PT1S',
      WORKER_CAPACITY: '',
      USER_AGENT: 'Ours, with spaces',
      POOL: 'shared',
      TASK_ID: 'mine',
      BUS_URL: 'redis://:secret@redis',
      REGISTRY_URL: 'http://consul:8500',
      CONSUL_HTTP_TOKEN: 'secret',
      SERVICE_TOKEN: 'a-secret-of-16-characters',
      ADVERTISE_HOST: 'orchestrator.1',
      PORT: '4005',
    });
    expect(environment).toEqual({
      KEY_PREFIX: 'tributary',
      LOG_LEVEL: 'debug',
      HOST_INTERVAL: 'PT1S',
      USER_AGENT: 'Ours, with spaces',
      REGISTRY_URL: 'static:configuration=http://configuration:4001/graphql',
    });
  });

  it('take what is said of workers alone for more than what all are told', () => {
    const WORKER_ENVIRONMENT = `${enough.WORKER_ENVIRONMENT}\n  LOG_LEVEL=warn HOST_BUDGET_URL=redis://host-budget:6379`;
    expect(optionsOf({ ...enough, LOG_LEVEL: 'debug', WORKER_ENVIRONMENT }).environment).toMatchObject({
      LOG_LEVEL: 'warn',
      HOST_BUDGET_URL: 'redis://host-budget:6379',
    });
  });

  it('are each given once: what is a secret of the swarm is not told beside it', () => {
    const WORKER_SECRETS = `${enough.WORKER_SECRETS},USER_AGENT=agent`;
    expect(optionsOf({ ...enough, USER_AGENT: 'Ours', WORKER_SECRETS }).environment).toEqual({
      REGISTRY_URL: 'static:configuration=http://configuration:4001/graphql',
    });
    const WORKER_ENVIRONMENT = `${enough.WORKER_ENVIRONMENT} USER_AGENT=Ours`;
    expect(() => optionsOf({ ...enough, WORKER_ENVIRONMENT, WORKER_SECRETS })).toThrow(
      'WORKER_SECRETS: USER_AGENT is in WORKER_ENVIRONMENT too: leave one of them out',
    );
  });

  it('are lists with commas between, and amounts with units', () => {
    expect(
      optionsOf({
        ...enough,
        WORKER_SECRETS: 'SERVICE_TOKEN=service_token, CONSUL_HTTP_TOKEN=consul_token_v2',
        WORKER_NETWORKS: 'scraping, outside',
        WORKER_CONSTRAINTS: 'node.role==worker,node.labels.net!=slow',
        WORKER_MEMORY: '768M',
        WORKER_CPUS: '0.5',
      }),
    ).toMatchObject({
      secrets: { SERVICE_TOKEN: 'service_token', CONSUL_HTTP_TOKEN: 'consul_token_v2' },
      networks: ['scraping', 'outside'],
      constraints: ['node.role==worker', 'node.labels.net!=slow'],
      resources: { memoryBytes: 768 * 1024 ** 2, cpus: 0.5 },
    });
  });

  it.each([
    [
      'WORKER_ENVIRONMENT',
      `${enough.WORKER_ENVIRONMENT} NODE_OPTIONS=--inspect`,
      'NODE_OPTIONS is no setting',
    ],
    ['WORKER_ENVIRONMENT', `${enough.WORKER_ENVIRONMENT} hunter2`, 'takes NAME=value'],
    ['WORKER_ENVIRONMENT', `${enough.WORKER_ENVIRONMENT} POOL=mine`, 'POOL is set for each worker'],
    ['WORKER_ENVIRONMENT', `${enough.WORKER_ENVIRONMENT} SERVICE_TOKEN=hunter2`, 'set it by WORKER_SECRETS'],
    ['WORKER_SECRETS', 'SERVICE_TOKEN=a,NOTHING=hunter2', 'NOTHING is no setting'],
    ['WORKER_MEMORY', '512', 'must be an amount of memory'],
    ['WORKER_MEMORY', '5M', 'of at least 6M'],
    ['WORKER_MEMORY_RESERVED', '2G', 'must not be more than WORKER_MEMORY'],
    ['BROWSER_WORKER_MEMORY_RESERVED', '4G', 'must not be more than BROWSER_WORKER_MEMORY'],
    ['WORKER_CPUS', 'many', 'must be a number of processors'],
    ['WORKER_CPUS_RESERVED', '2', 'must not be more than WORKER_CPUS'],
    ['WORKER_LOG_SIZE_MAX', '10 MB', 'must be a size'],
    ['WORKER_STOP_GRACE', '10', 'must be an ISO 8601 duration'],
  ])('refuse a wrong %s, and never show its value: %s', (setting, value, reason) => {
    const read = () => optionsOf({ ...enough, [setting]: value });
    expect(read).toThrow(new RegExp(`^${setting}: .*${reason}`));
    expect(read).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }));
  });
});
