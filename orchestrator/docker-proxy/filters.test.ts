import { describe, expect, it } from 'vitest';
import { shownAnswer, shownEvent } from './filters.ts';
import type { WorkerPolicy } from './policy.ts';

const policy: WorkerPolicy = {
  platform: 'shop',
  images: ['tributary:1'],
  args: ['scraper'],
  networks: new Set(['shop_scraping']),
  secrets: new Map([['SERVICE_TOKEN', 'shop_service_token']]),
  settings: new Set(),
  replicasMax: 10,
};
const PASSWORD = 'PASSWORD=hunter2';

const service = (name: string, labels: Record<string, string> | null) => ({
  ID: `id-of-${name}`,
  Version: { Index: 7 },
  CreatedAt: '2026-11-20T12:00:00Z',
  Spec: {
    Name: name,
    Labels: labels,
    Mode: { Replicated: { Replicas: 2 } },
    TaskTemplate: { ContainerSpec: { Env: [PASSWORD] } },
  },
  PreviousSpec: { TaskTemplate: { ContainerSpec: { Env: [PASSWORD] } } },
});
const ours = service('shop-worker-shared', { 'dev.tributary.platform': 'shop' });
const taken = service('shop-worker-browser', { 'dev.tributary.pool': 'browser', secret: 'hunter2' });
const foreign = service('database', { 'dev.tributary.platform': 'shop' });
const unlabelled = service('mail', null);

describe('what is shown of services', () => {
  it('is all of ours, the name and our labels of one that has a name of ours, and nothing of others', () => {
    expect(shownAnswer('services', [ours, taken, foreign, unlabelled], policy)).toEqual([
      ours,
      {
        ID: taken.ID,
        Version: { Index: 7 },
        CreatedAt: taken.CreatedAt,
        Spec: {
          Name: 'shop-worker-browser',
          Labels: { 'dev.tributary.pool': 'browser' },
          Mode: taken.Spec.Mode,
          TaskTemplate: {},
        },
      },
    ]);
  });

  it('is the same of one', () => {
    expect(shownAnswer('service', ours, policy)).toEqual(ours);
    expect(JSON.stringify(shownAnswer('service', taken, policy))).not.toContain('hunter2');
    expect(shownAnswer('service', foreign, policy)).toBeUndefined();
    expect(shownAnswer('service', { message: 'no' }, policy)).toBeUndefined();
  });
});

describe('what is shown of the rest', () => {
  it('of tasks: ours, without what they run', () => {
    const task = (platform: string) => ({
      ID: `of-${platform}`,
      ServiceID: 's',
      Slot: 1,
      NodeID: 'n',
      DesiredState: 'running',
      Spec: { ContainerSpec: { Labels: { 'dev.tributary.platform': platform }, Env: [PASSWORD] } },
      Status: {
        Timestamp: 't',
        State: 'failed',
        Err: 'no such image',
        ContainerStatus: { ContainerID: 'c', PID: 1, ExitCode: 2 },
      },
    });
    expect(shownAnswer('tasks', [task('shop'), task('other'), { ID: 'bare' }], policy)).toEqual([
      {
        ID: 'of-shop',
        ServiceID: 's',
        Slot: 1,
        NodeID: 'n',
        DesiredState: 'running',
        Status: {
          Timestamp: 't',
          State: 'failed',
          Err: 'no such image',
          ContainerStatus: { ContainerID: 'c', ExitCode: 2 },
        },
      },
    ]);
  });

  it('of nodes: what they are, without their certificates, addresses and labels', () => {
    const node = {
      ID: 'n',
      Spec: { Role: 'manager', Availability: 'active', Labels: { a: 'b' } },
      Description: {
        Hostname: 'one',
        Resources: { NanoCPUs: 1, MemoryBytes: 2 },
        TLSInfo: { TrustRoot: 'x' },
        Engine: { Plugins: [] },
      },
      Status: { State: 'ready', Addr: '10.0.0.1' },
      ManagerStatus: { Addr: '10.0.0.1:2377' },
    };
    expect(shownAnswer('nodes', [node], policy)).toEqual([
      {
        ID: 'n',
        Spec: { Role: 'manager', Availability: 'active' },
        Description: { Hostname: 'one', Resources: { NanoCPUs: 1, MemoryBytes: 2 } },
        Status: { State: 'ready' },
      },
    ]);
  });

  it('of secrets and networks: the ids and names of those that workers have', () => {
    const secret = (name: string) => ({ ID: name, Spec: { Name: name, Labels: { a: 'b' } } });
    expect(
      shownAnswer('secrets', [secret('shop_service_token'), secret('shop_service_token_2')], policy),
    ).toEqual([{ ID: 'shop_service_token', Spec: { Name: 'shop_service_token' } }]);
    const network = (name: string) => ({ Id: name, Name: name, IPAM: { Config: [] }, Scope: 'swarm' });
    const shown = { Id: 'shop_scraping', Name: 'shop_scraping', Scope: 'swarm' };
    expect(shownAnswer('networks', [network('shop_scraping'), network('host')], policy)).toEqual([shown]);
    expect(shownAnswer('network', network('shop_scraping'), policy)).toEqual(shown);
    expect(shownAnswer('network', network('host'), policy)).toBeUndefined();
  });

  it('of the engine: whether it is a manager', () => {
    const info = {
      Name: 'one',
      HttpProxy: 'http://user:hunter2@proxy',
      Swarm: { ControlAvailable: true, RemoteManagers: [{ Addr: '10.0.0.1' }], Cluster: { ID: 'c' } },
    };
    expect(shownAnswer('info', info, policy)).toEqual({ Name: 'one', Swarm: { ControlAvailable: true } });
  });
});

describe('what is shown of an event', () => {
  const event = (type: string, attributes: Record<string, string>, action = 'update') =>
    shownEvent(
      JSON.stringify({ Type: type, Action: action, Actor: { ID: 'a', Attributes: attributes }, time: 1 }),
      policy,
    );
  const shown = (type: string, attributes: Record<string, string>, action = 'update') =>
    JSON.stringify({ Type: type, time: 1, Action: action, Actor: { ID: 'a', Attributes: attributes } });

  it('is whom it is about, where that is a node, a service of ours or a container of ours', () => {
    expect(event('node', { name: 'one', 'state.new': 'down' })).toBe(shown('node', { name: 'one' }));
    const name = 'shop-worker-shared';
    expect(event('service', { name, 'image.new': 'x' })).toBe(shown('service', { name }));
    const label = { 'dev.tributary.platform': 'shop' };
    expect(event('container', { ...label, other: 'hunter2' }, 'exec_start: login hunter2')).toBe(
      shown('container', label, 'exec_start'),
    );
  });

  it('is nothing of all others', () => {
    expect(event('service', { name: 'database' })).toBeUndefined();
    expect(event('container', { 'dev.tributary.platform': 'other' })).toBeUndefined();
    expect(event('secret', { name: 'shop-worker-x' })).toBeUndefined();
    expect(shownEvent('no json', policy)).toBeUndefined();
    expect(shownEvent('', policy)).toBeUndefined();
  });
});
