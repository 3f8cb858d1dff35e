import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ServiceSpec } from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answers, type FakeEngine, openFakeEngine } from '../../../test/support/fake-engine.ts';
import { systemClock } from '../../clock.ts';
import { UnavailableError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import type { PoolSpec } from '../../ports/runtime.ts';
import { SwarmEngine } from './engine.ts';
import type { SwarmRuntimeOptions } from './options.ts';
import { SwarmPools } from './pools.ts';
import { Rollouts } from './rollouts.ts';

const resources = { cpus: 1, cpusReserved: 0.1, memoryBytes: 1e8, memoryReservedBytes: 1e7 };
const optionsOf = (url: string): SwarmRuntimeOptions => ({
  url,
  timeoutMs: 10_000,
  keyPrefix: 'tributary',
  // By digest: no registry is asked.
  image: 'tributary@sha256:abc',
  environment: {},
  secrets: {},
  networks: ['scraping'],
  resources,
  browserResources: resources,
  constraints: [],
  restartDelayMs: 1_000,
  stopGraceMs: 1_000,
  updateMonitorMs: 1_000,
  logSizeMax: '1m',
});

const pool = (replicas: number): PoolSpec => ({
  name: 'shared',
  isolation: 'SHARED',
  render: 'HTTP',
  replicas,
});

const NETWORK = { Id: 'net-1', Name: 'scraping' };

/** The one service that there is, kept as the engine keeps it: ids in place of the names of networks. */
class FakeSwarm {
  service:
    | { ID: string; Version: { Index: number }; CreatedAt: string; Spec: ServiceSpec; UpdateStatus?: object }
    | undefined;
  /** Calls that each say what goes before the next change, in their order. */
  readonly before: (() => { readonly status: number; readonly message: string } | undefined)[] = [];
  readonly specs: ServiceSpec[] = [];

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#answer(request, response);
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://docker');
    const reply = (status: number, body: unknown) => answers(status, body)(request, response);
    if (url.pathname.endsWith('/networks')) return reply(200, [NETWORK, { Id: 'net-2', Name: 'scraping-2' }]);
    if (request.method === 'GET')
      return this.service ? reply(200, this.service) : reply(404, { message: 'service not found' });
    if (request.method === 'DELETE') {
      const refused = this.before.shift()?.();
      if (refused) return reply(refused.status, { message: refused.message });
      this.service = undefined;
      return reply(200, {});
    }
    const { version: _version, ...spec } = JSON.parse(await text(request)) as ServiceSpec & {
      version?: number;
    };
    const refused = this.before.shift()?.();
    if (refused) return reply(refused.status, { message: refused.message });
    const isUpdate = url.pathname.endsWith('/update');
    if (isUpdate && Number(url.searchParams.get('version')) !== this.service?.Version.Index)
      return reply(500, { message: 'rpc error: code = Unknown desc = update out of sequence' });
    if (!isUpdate && this.service) return reply(409, { message: 'name conflicts with an existing object' });
    this.specs.push(spec);
    this.put(spec);
    return reply(isUpdate ? 200 : 201, { ID: 'service-1' });
  }

  put(spec: ServiceSpec): void {
    const kept = { ...spec, TaskTemplate: { ...spec.TaskTemplate, Networks: [{ Target: NETWORK.Id }] } };
    const Index = (this.service?.Version.Index ?? 0) + 1;
    this.service = { ID: 'service-1', Version: { Index }, CreatedAt: '2026-01-01T00:00:00Z', Spec: kept };
  }

  /** Somebody else changes it, or swarm itself. */
  touch(changes: object = {}): void {
    if (this.service)
      this.service = { ...this.service, ...changes, Version: { Index: this.service.Version.Index + 1 } };
  }
}

let swarm: FakeSwarm;
let fake: FakeEngine;
let engine: SwarmEngine;
let rollouts: Rollouts;
let pools: SwarmPools;

const openPools = (changes: Partial<SwarmRuntimeOptions> = {}) => {
  rollouts = new Rollouts();
  return new SwarmPools({ engine, clock: systemClock, rollouts }, { ...optionsOf(fake.url), ...changes });
};

beforeEach(async () => {
  swarm = new FakeSwarm();
  fake = await openFakeEngine(swarm.handle);
  engine = new SwarmEngine({ clock: systemClock, logger: silentLogger }, optionsOf(fake.url));
  pools = openPools();
});
afterEach(async () => {
  engine.close();
  await fake.close();
});

const replicas = () => swarm.service?.Spec.Mode?.Replicated?.Replicas;

describe('A pool', () => {
  it('is made, resized and left alone', async () => {
    await pools.ensure(pool(1));
    await pools.ensure(pool(1));
    expect(swarm.specs).toHaveLength(1);
    await pools.ensure(pool(2));
    expect(replicas()).toBe(2);
    // By name, as it was made: who is between us and the engine knows no ids.
    expect(swarm.specs[1]?.TaskTemplate?.Networks).toEqual([{ Target: 'scraping' }]);
  });

  it('of a stack is not made anew at once where somebody else removed it, since the whole stack may be going', async () => {
    pools = openPools({ stack: 's' });
    await pools.ensure(pool(1));
    pools.noteSeen(['shared']);
    swarm.service = undefined;
    pools.noteSeen([]);
    await expect(pools.ensure(pool(1))).rejects.toThrow(UnavailableError);
    expect(swarm.specs).toHaveLength(1);
    // Of no stack, nobody removes all of it.
    pools = openPools();
    pools.noteSeen(['shared']);
    pools.noteSeen([]);
    await pools.ensure(pool(1));
    expect(swarm.specs).toHaveLength(2);
  });

  it('that somebody else made meanwhile is brought to what it should be', async () => {
    await openPools().ensure(pool(1));
    const made = swarm.service;
    swarm.service = undefined;
    swarm.before.push(() => {
      swarm.service = made;
      return undefined;
    });
    await pools.ensure(pool(3));
    expect(replicas()).toBe(3);
  });

  it('that changed since it was read is read again', async () => {
    await pools.ensure(pool(1));
    swarm.before.push(
      () => void swarm.touch(),
      () => void swarm.touch(),
    );
    await pools.ensure(pool(2));
    expect(replicas()).toBe(2);
  });

  it('that changes without an end is given up for now', async () => {
    await pools.ensure(pool(1));
    for (let count = 0; count < 20; count++) swarm.before.push(() => void swarm.touch());
    await expect(pools.ensure(pool(2))).rejects.toMatchObject({ code: 'DATASOURCE_UNAVAILABLE' });
  });

  it('that was removed since it was read is made', async () => {
    await pools.ensure(pool(1));
    swarm.before.push(() => {
      swarm.service = undefined;
      return { status: 404, message: 'service not found' };
    });
    await pools.ensure(pool(2));
    expect(replicas()).toBe(2);
  });

  it('is refused where what it names is not there', async () => {
    await pools.ensure(pool(1));
    swarm.before.push(() => ({ status: 404, message: 'network scraping not found' }));
    await expect(pools.ensure(pool(2))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      message: 'network scraping not found',
    });
  });

  it('is replaced, and keeps the time of its size, where its workers should be others', async () => {
    await pools.ensure(pool(2));
    const changedAt = swarm.service?.Spec.Labels?.['dev.tributary.changed-at'];
    await openPools({ image: 'tributary@sha256:def' }).ensure(pool(2));
    expect(swarm.service?.Spec.Labels?.['dev.tributary.changed-at']).toBe(changedAt);
    expect(swarm.specs[1]?.TaskTemplate).toMatchObject({ ContainerSpec: { Image: 'tributary@sha256:def' } });
  });

  it.each(['updating', 'rollback_started'])('keeps its number while it is %s', async (State) => {
    await pools.ensure(pool(1));
    const StartedAt = new Date(systemClock.now() - 60_000).toISOString();
    swarm.touch({ UpdateStatus: { State, StartedAt } });
    await pools.ensure(pool(2));
    expect(replicas()).toBe(1);
    swarm.touch({ UpdateStatus: { State: 'completed', StartedAt } });
    await pools.ensure(pool(2));
    expect(replicas()).toBe(2);
  });

  it('is resized in the end where its update never ends, as for want of a node', async () => {
    await pools.ensure(pool(1));
    const StartedAt = new Date(systemClock.now() - 130_000).toISOString();
    swarm.touch({ UpdateStatus: { State: 'updating', StartedAt } });
    await pools.ensure(pool(2));
    expect(replicas()).toBe(2);
  });

  it('gets other workers at once though it is being updated: those may be what hangs', async () => {
    await pools.ensure(pool(1));
    swarm.touch({ UpdateStatus: { State: 'updating', StartedAt: '2026-01-01T00:00:00Z' } });
    await openPools({ image: 'tributary@sha256:def' }).ensure(pool(1));
    expect(swarm.specs).toHaveLength(2);
  });

  it('is resized with the workers it has, where newer ones were taken back', async () => {
    await pools.ensure(pool(1));
    const old = swarm.service?.Spec;
    const newer = openPools({ image: 'tributary@sha256:def' });
    await newer.ensure(pool(1));
    swarm.touch({
      Spec: old,
      UpdateStatus: { State: 'rollback_completed', StartedAt: '2026-01-01T00:00:00Z' },
    });
    await newer.ensure(pool(1));
    expect(swarm.specs).toHaveLength(2);
    await newer.ensure(pool(2));
    expect(swarm.specs[2]?.TaskTemplate).toMatchObject({ ContainerSpec: { Image: 'tributary@sha256:abc' } });
  });

  it('is removed, and gone is removed', async () => {
    await pools.ensure(pool(1));
    swarm.before.push(() => {
      swarm.service = undefined;
      return { status: 404, message: 'service not found' };
    });
    await pools.remove('shared');
    await pools.remove('shared');
    expect(swarm.service).toBeUndefined();
  });

  it('of somebody else is neither changed nor removed', async () => {
    swarm.put({ Name: 'tributary-worker-shared', Labels: {}, Mode: { Replicated: { Replicas: 1 } } });
    await expect(pools.ensure(pool(2))).rejects.toMatchObject({ code: 'RUNTIME_REFUSED' });
    await pools.remove('shared');
    expect(swarm.service?.Version.Index).toBe(1);
  });
});
