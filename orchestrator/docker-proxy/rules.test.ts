import type { ServiceSpec } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LABELS, serviceName } from '../../platform/adapters/swarm-runtime/names.ts';
import { serviceSpec } from '../../platform/adapters/swarm-runtime/service-spec.ts';
import { readConfig } from '../../platform/config.ts';
import { BROWSER_POOL, dedicatedPool, SHARED_POOL } from '../../platform/model/cluster.ts';
import { connectionSettings } from '../../platform/process/settings.ts';
import { swarmOptions, swarmSettings } from '../swarm-settings.ts';
import { dockerProxySettings, workerPolicy } from './config.ts';
import { PLATFORM_LABEL } from './policy.ts';
import { createRules } from './rules.ts';

/** What the orchestrator and the proxy are told alike. */
const TOLD = {
  KEY_PREFIX: 'shop',
  WORKER_IMAGE: 'registry.example:5000/tributary:1.2',
  BROWSER_WORKER_IMAGE: 'registry.example:5000/tributary-browser:1.2',
  WORKER_NETWORKS: 'shop_scraping, shop_out',
  WORKER_SECRETS: 'SERVICE_TOKEN=shop_service_token',
  WORKER_ENVIRONMENT:
    'REGISTRY_URL=static:configuration=http://c:4001/graphql HOST_BUDGET_URL=redis://budget:6379',
  WORKER_CONSTRAINTS: 'node.role==worker',
  WORKER_SPREAD: 'node.labels.zone',
  WORKER_STACK: 'shop',
  PAGE_TIMEOUT: 'PT20S',
};
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const orchestratorSettings = z.object({
  ...swarmSettings.shape,
  KEY_PREFIX: connectionSettings.shape.KEY_PREFIX,
});
const options = swarmOptions('http://docker-proxy:2375', readConfig(orchestratorSettings, TOLD), TOLD);
const decide = createRules(workerPolicy(readConfig(dockerProxySettings, TOLD)));

const SHARED = { name: SHARED_POOL, isolation: 'SHARED', render: 'HTTP', replicas: 3 } as const;
const BROWSER = { name: BROWSER_POOL, isolation: 'SHARED', render: 'BROWSER', replicas: 1 } as const;
const DEDICATED = {
  name: dedicatedPool('k8Zq0JtY3nW5rB7dF1mXo', 'HTTP'),
  isolation: 'DEDICATED',
  render: 'HTTP',
  replicas: 1,
} as const;

const specOf = (pool: typeof SHARED | typeof BROWSER | typeof DEDICATED, image: string) =>
  serviceSpec(pool, options, {
    image,
    secretIds: new Map([['shop_service_token', 'i'.repeat(25)]]),
    changedAt: '2026-11-20T12:00:00.000Z',
  });
const good = () => specOf(SHARED, TOLD.WORKER_IMAGE);
const ask = (method: string, url: string, body?: unknown) =>
  decide({ method, url, body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)) });
const create = (spec: unknown) => ask('POST', '/v1.44/services/create', spec);
const reasonOf = (decision: ReturnType<typeof decide>) => {
  if (decision.kind === 'refusal') return decision.reason;
  // It may still be a change of the number alone, which is told by what the service is; nothing of it is handed on.
  if (decision.resize && decision.body === undefined) return decision.resize.otherwise.reason;
  return `let through: ${decision.path}`;
};

describe('the rules before Docker let through', () => {
  it.each([
    ['GET', '/_ping', '/v1.44/_ping'],
    ['HEAD', '/_ping', '/v1.44/_ping'],
    ['GET', '/v1.45/version', '/v1.44/version'],
    ['GET', '/v1.44/info', '/v1.44/info'],
    ['GET', '/v1.44/nodes', '/v1.44/nodes'],
    ['GET', '/v1.44/services', '/v1.44/services'],
    ['GET', '/v1.44/services/shop-worker-shared', '/v1.44/services/:service'],
    ['GET', '/v1.44/tasks', '/v1.44/tasks'],
    ['GET', '/v1.44/secrets', '/v1.44/secrets'],
    ['GET', '/v1.44/networks', '/v1.44/networks'],
    ['GET', '/v1.44/networks/shop_scraping', '/v1.44/networks/shop_scraping'],
    ['GET', '/v1.44/events', '/v1.44/events'],
    ['DELETE', '/v1.44/services/abc', '/v1.44/services/:service'],
    [
      'GET',
      '/v1.44/distribution/registry.example%3A5000/tributary:1.2/json',
      '/v1.44/distribution/registry.example:5000/tributary:1.2/json',
    ],
  ])('%s %s, which the engine is asked in a version of ours', (method, url, path) => {
    expect(ask(method, url)).toMatchObject({ kind: 'call', path });
  });

  it.each([
    ['the shared pool', SHARED, TOLD.WORKER_IMAGE],
    ['the pool of browsers', BROWSER, TOLD.BROWSER_WORKER_IMAGE],
    ['a pool of its own', DEDICATED, TOLD.WORKER_IMAGE],
    ['a pool whose image is pinned', SHARED, `${TOLD.WORKER_IMAGE}@${DIGEST}`],
  ])('%s as the runtime makes it, word for word', (_what, pool, image) => {
    const spec = specOf(pool, image);
    const decision = create(spec);
    expect(reasonOf(decision)).toBe('let through: /v1.44/services/create');
    expect(JSON.parse((decision.kind === 'call' && decision.body) || '{}')).toEqual(spec);
  });

  it('a pool as the engine writes it down, with its networks by their ids, which are to be looked at', () => {
    const spec = good();
    const id = 'n'.repeat(25);
    const written = {
      ...spec,
      TaskTemplate: {
        ...spec.TaskTemplate,
        ContainerSpec: {
          ...(spec.TaskTemplate as { ContainerSpec: object }).ContainerSpec,
          Privileges: { CredentialSpec: null, SELinuxContext: null, NoNewPrivileges: true },
          Isolation: 'default',
          DNSConfig: {},
        },
        Networks: [{ Target: id }],
        ForceUpdate: 0,
        Runtime: 'container',
      },
    };
    expect(ask('POST', '/v1.44/services/abc/update?version=12', written)).toMatchObject({
      kind: 'call',
      service: 'abc',
      networkIds: [id],
    });
  });

  it('of events those that tell of workers, whatever more was asked for', () => {
    const typesOf = (filters: string) => {
      const decision = ask('GET', `/events?filters=${encodeURIComponent(filters)}`);
      return decision.kind === 'call'
        ? JSON.parse(decision.query.get('filters') ?? '').type
        : decision.status;
    };
    expect(typesOf('')).toEqual(['service', 'node', 'container']);
    expect(typesOf('{"type":["service","secret","image"]}')).toEqual(['service']);
    expect(typesOf('{"type":{"node":true}}')).toEqual(['node']);
    expect(typesOf('{"type":["secret"]}')).toBe(403);
    expect(typesOf('[]')).toBe(400);
    expect(typesOf('{')).toBe(400);
  });
});

describe('the rules before Docker refuse', () => {
  it.each([
    ['GET', '/v1.44/containers/json'],
    ['POST', '/v1.44/containers/create'],
    ['POST', '/v1.44/containers/abc/exec'],
    ['GET', '/v1.44/containers/abc/logs'],
    ['GET', '/v1.44/services/abc/logs'],
    ['GET', '/v1.44/tasks/abc'],
    ['GET', '/v1.44/tasks/abc/logs'],
    ['POST', '/v1.44/images/create'],
    ['POST', '/v1.44/build'],
    ['GET', '/v1.44/secrets/abc'],
    ['POST', '/v1.44/secrets/create'],
    ['DELETE', '/v1.44/secrets/abc'],
    ['GET', '/v1.44/configs'],
    ['GET', '/v1.44/volumes'],
    ['POST', '/v1.44/networks/create'],
    ['DELETE', '/v1.44/networks/abc'],
    ['GET', '/v1.44/swarm'],
    ['GET', '/v1.44/swarm/unlockkey'],
    ['POST', '/v1.44/swarm/update'],
    ['POST', '/v1.44/nodes/abc/update'],
    ['DELETE', '/v1.44/nodes/abc'],
    ['POST', '/session'],
    ['POST', '/grpc'],
    ['GET', '/plugins'],
    ['PUT', '/v1.44/services/create'],
    ['HEAD', '/v1.44/info'],
    // Paths that somebody could read in another way than we do.
    ['GET', '/v1.44/services/../containers/json'],
    ['GET', '/v1.44/services/..%2fcontainers%2fjson'],
    ['GET', '/v1.44//services'],
    ['GET', '//v1.44/services'],
    ['GET', '/v1.44/services/'],
    ['GET', '/v1.44/services/a%20b'],
    ['GET', '/v1.44/services\r\n'],
    ['GET', '/v2.0/services'],
    ['GET', 'http://elsewhere/v1.44/services'],
    ['GET', '/v1.44/distribution/elsewhere.example/tributary:1.2/json'],
    ['GET', '/v1.44/distribution/registry.example:5000/tributary:1.2/../../../info/json'],
    ['GET', '/v1.44/distribution/%/json'],
    ['GET', '/v1.44/distribution/registry.example:5000/tributary:1.2%40sha256:00/json'],
    // Parameters that no orchestrator has.
    ['GET', '/v1.44/services?verbose=1'],
    ['GET', '/v1.44/services?filters={}&filters={}'],
    ['POST', '/v1.44/services/create?registryAuthFrom=spec'],
    ['POST', '/v1.44/services/abc/update?version=1&rollback=previous'],
    ['POST', '/v1.44/services/abc/update?version=1%26rollback'],
    ['POST', '/v1.44/services/abc/update'],
    ['DELETE', '/v1.44/services/abc?force=1'],
  ])('%s %s', (method, url) => {
    expect(ask(method, url, good()).kind).toBe('refusal');
  });

  type Container = Record<string, unknown>;
  const withContainer = (change: Container): ServiceSpec => {
    const spec = structuredClone(good()) as { TaskTemplate: { ContainerSpec: Container } } & ServiceSpec;
    Object.assign(spec.TaskTemplate.ContainerSpec, change);
    return spec;
  };
  const withTask = (change: Container): ServiceSpec => {
    const spec = structuredClone(good()) as { TaskTemplate: Container } & ServiceSpec;
    Object.assign(spec.TaskTemplate, change);
    return spec;
  };
  const withSpec = (change: Container): ServiceSpec => Object.assign(structuredClone(good()), change);
  const without = (name: string): ServiceSpec => {
    const spec = withContainer({});
    delete (spec as { TaskTemplate: { ContainerSpec: Container } }).TaskTemplate.ContainerSpec[name];
    return spec;
  };
  const labels = (more: Record<string, string>) => ({ ...good().Labels, ...more });
  const secret = (change: Container) => ({
    SecretID: 'i'.repeat(25),
    SecretName: 'shop_service_token',
    File: { Name: 'SERVICE_TOKEN', UID: '0', GID: '0', Mode: 0o444 },
    ...change,
  });
  const bind = { Type: 'bind', Source: '/', Target: '/tmp' };

  it.each<[what: string, spec: unknown, reason: RegExp]>([
    // Whose it is.
    ['a name of others', withSpec({ Name: 'other-worker-shared' }), /Name: must begin with shop-worker-/],
    ['a name that only begins so', withSpec({ Name: 'shop-worker-a.b' }), /Name/],
    ['no label', withSpec({ Labels: {} }), /Labels: must have dev\.tributary\.platform/],
    ['the label of another platform', withSpec({ Labels: labels({ [PLATFORM_LABEL]: 'x' }) }), /Labels/],
    ['a label that a router reads', withSpec({ Labels: labels({ 'traefik.enable': 'true' }) }), /traefik/],
    ['such a label on the container', withContainer({ Labels: labels({ 'traefik.enable': '1' }) }), /Labels/],
    ['no label on the container', without('Labels'), /ContainerSpec\.Labels/],
    // What runs.
    ['another image', withContainer({ Image: 'evil:1' }), /Image: is neither WORKER_IMAGE/],
    ['an image whose name only begins so', withContainer({ Image: `${TOLD.WORKER_IMAGE}.evil` }), /Image/],
    ['an image with half a digest', withContainer({ Image: `${TOLD.WORKER_IMAGE}@sha256:00` }), /Image/],
    ['another program', withContainer({ Args: ['gateway'] }), /Args: must be scraper/],
    ['more arguments', withContainer({ Args: ['scraper', '--inspect'] }), /Args/],
    ['no arguments', without('Args'), /Args/],
    ['a command', withContainer({ Command: ['sh', '-c', 'id'] }), /Command/],
    [
      'a health check, which is a command',
      withContainer({ HealthCheck: { Test: ['CMD', 'id'] } }),
      /HealthCheck/,
    ],
    ['a user', withContainer({ User: 'root' }), /User/],
    ['groups', withContainer({ Groups: ['0'] }), /Groups/],
    ['a working directory', withContainer({ Dir: '/proc' }), /Dir/],
    ['a terminal', withContainer({ TTY: true }), /TTY/],
    ['a plugin', withTask({ Runtime: 'plugin', PluginSpec: { Remote: 'evil' } }), /Runtime|PluginSpec/],
    ['an attachment', withTask({ NetworkAttachmentSpec: { ContainerID: 'a' } }), /NetworkAttachmentSpec/],
    // What it may touch.
    ['a path of the node', withContainer({ Mounts: [bind] }), /Mounts\.0/],
    ['the engine', withContainer({ Mounts: [{ ...bind, Source: '/var/run/docker.sock' }] }), /Mounts\.0/],
    [
      'a volume',
      withContainer({ Mounts: [{ Type: 'volume', Source: 'v', Target: '/tmp' }] }),
      /Mounts\.0\.Type/,
    ],
    [
      'memory over a program',
      withContainer({ Mounts: [{ Type: 'tmpfs', Target: '/app' }] }),
      /Mounts\.0\.Target/,
    ],
    [
      'memory from somewhere',
      withContainer({ Mounts: [{ Type: 'tmpfs', Source: '/', Target: '/tmp' }] }),
      /Source/,
    ],
    [
      'a path beside memory',
      withContainer({ Mounts: [{ Type: 'tmpfs', Target: '/tmp', BindOptions: { Propagation: 'shared' } }] }),
      /BindOptions/,
    ],
    ['a root that can be written', withContainer({ ReadOnly: false }), /ReadOnly/],
    ['a root of which nothing is said', without('ReadOnly'), /ReadOnly/],
    ['more capabilities', withContainer({ CapabilityAdd: ['CAP_SYS_ADMIN'] }), /CapabilityAdd/],
    ['capabilities that are kept', withContainer({ CapabilityDrop: [] }), /CapabilityDrop/],
    ['capabilities of which nothing is said', without('CapabilityDrop'), /CapabilityDrop/],
    ['some capabilities dropped', withContainer({ CapabilityDrop: ['CAP_CHOWN'] }), /CapabilityDrop/],
    ['new privileges', withContainer({ Privileges: { NoNewPrivileges: false } }), /NoNewPrivileges/],
    ['privileges of which nothing is said', without('Privileges'), /Privileges/],
    [
      'system calls without a filter',
      withContainer({ Privileges: { NoNewPrivileges: true, Seccomp: { Mode: 'unconfined' } } }),
      /Seccomp/,
    ],
    [
      'no AppArmor',
      withContainer({ Privileges: { NoNewPrivileges: true, AppArmor: { Mode: 'disabled' } } }),
      /AppArmor/,
    ],
    [
      'no SELinux',
      withContainer({ Privileges: { NoNewPrivileges: true, SELinuxContext: { Disable: true } } }),
      /SELinuxContext/,
    ],
    [
      'credentials',
      withContainer({ Privileges: { NoNewPrivileges: true, CredentialSpec: { File: 'x' } } }),
      /CredentialSpec/,
    ],
    ['settings of the kernel', withContainer({ Sysctls: { 'net.ipv4.ip_forward': '1' } }), /Sysctls/],
    ['limits of users', withContainer({ Ulimits: [{ Name: 'nproc', Soft: 1e6, Hard: 1e6 }] }), /Ulimits/],
    ['an isolation', withContainer({ Isolation: 'process' }), /Isolation/],
    [
      'a device',
      withTask({
        Resources: { Reservations: { GenericResources: [{ NamedResourceSpec: { Kind: 'gpu' } }] } },
      }),
      /GenericResources/,
    ],
    // What it is told.
    [
      'a secret of others',
      withContainer({ Secrets: [secret({ SecretName: 'database_password' })] }),
      /WORKER_SECRETS/,
    ],
    [
      'a secret under another name',
      withContainer({ Secrets: [secret({ File: { Name: '../x', UID: '0', GID: '0', Mode: 1 } })] }),
      /WORKER_SECRETS/,
    ],
    ['a config', withContainer({ Configs: [{ ConfigID: 'c', ConfigName: 'c' }] }), /Configs/],
    [
      'a setting that is none',
      withContainer({ Env: ['NODE_OPTIONS=--require=/tmp/x'] }),
      /"NODE_OPTIONS" is no setting/,
    ],
    ['a variable without a name', withContainer({ Env: ['=x'] }), /Env\.0/],
    // Whom it reaches, and who reaches it.
    [
      'another network',
      withTask({ Networks: [{ Target: 'shop_data' }] }),
      /Networks\.0\.Target: is none of WORKER_NETWORKS/,
    ],
    ["the node's network", withTask({ Networks: [{ Target: 'host' }] }), /Networks\.0/],
    [
      'another name on its network',
      withTask({ Networks: [{ Target: 'shop_out', Aliases: ['gateway'] }] }),
      /Aliases/,
    ],
    ['options of a network', withTask({ Networks: [{ Target: 'shop_out', DriverOpts: {} }] }), /DriverOpts/],
    ['a network again and again', withTask({ Networks: Array(3).fill({ Target: 'shop_out' }) }), /Networks/],
    ['networks of old', withSpec({ Networks: [{ Target: 'host' }] }), /Networks/],
    ['other names of hosts', withContainer({ Hosts: ['10.0.0.1 configuration'] }), /Hosts/],
    ['other name servers', withContainer({ DNSConfig: { Nameservers: ['10.0.0.1'] } }), /Nameservers/],
    ['a name of its own', withContainer({ Hostname: 'gateway' }), /Hostname/],
    [
      'a port',
      withSpec({ EndpointSpec: { Mode: 'dnsrr', Ports: [{ TargetPort: 4010, PublishedPort: 22 }] } }),
      /EndpointSpec.*Ports/,
    ],
    ['a log that goes elsewhere', withTask({ LogDriver: { Name: 'syslog' } }), /LogDriver\.Name/],
    [
      'a log with more in it',
      withTask({ LogDriver: { Name: 'json-file', Options: { env: 'X' } } }),
      /LogDriver\.Options/,
    ],
    // How many there are.
    ['too many', withSpec({ Mode: { Replicated: { Replicas: 1_001 } } }), /WORKER_REPLICAS_MAX \(1000\)/],
    ['fewer than none', withSpec({ Mode: { Replicated: { Replicas: -1 } } }), /Replicas/],
    ['one on each node', withSpec({ Mode: { Global: {} } }), /Mode/],
    ['a job', withSpec({ Mode: { ReplicatedJob: { TotalCompletions: 1 } } }), /Mode/],
    ['a field that nobody knows', withSpec({ Extra: 1 }), /Extra/],
    ['a field in another case, which the engine knows', withContainer({ mounts: [bind] }), /mounts/],
    ['no service', [], /the service/],
    ['nothing', null, /the service/],
  ])('a service with %s', (_what, spec, reason) => {
    expect(reasonOf(create(spec))).toMatch(reason);
    expect(reasonOf(ask('POST', '/v1.44/services/abc/update?version=1', spec))).toMatch(reason);
  });

  it('what is no JSON, as a mistake of the caller', () => {
    const request = { method: 'POST', url: '/services/create' };
    expect(decide({ ...request, body: Buffer.from('{') })).toMatchObject({ kind: 'refusal', status: 400 });
    expect(decide({ ...request, body: undefined })).toMatchObject({ kind: 'refusal', status: 400 });
  });

  it('without repeating a value of an environment', () => {
    const decisions = [
      create(withContainer({ Env: ['DATABASE_PASSWORD=hunter2'] })),
      create(withContainer({ Env: ['hunter2'] })),
      create(withContainer({ Env: 'hunter2' })),
    ];
    for (const decision of decisions) expect(JSON.stringify(decision)).not.toContain('hunter2');
  });
});

describe('a service that is let through', () => {
  it('is what was understood: of two fields of one name the engine is told one', () => {
    const text = JSON.stringify(good()).replace('"ReadOnly":true', '"ReadOnly":false,"ReadOnly":true');
    const decision = decide({ method: 'POST', url: '/services/create', body: Buffer.from(text) });
    expect(decision.kind === 'call' && decision.body?.match(/"ReadOnly"/g)).toHaveLength(1);
  });

  it('has the labels and the name that the runtime goes by', () => {
    expect(PLATFORM_LABEL).toBe(LABELS.platform);
    expect(good().Name).toBe(serviceName('shop', SHARED_POOL));
  });
});
