import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '../../platform/metrics.ts';
import { Scope } from '../../platform/scope.ts';
import { createLogLines } from '../../test/support/log-lines.ts';
import { shownMetrics } from '../../test/support/shown-metrics.ts';
import { shownEvent } from './filters.ts';
import type { WorkerPolicy } from './policy.ts';
import { type DockerProxy, openDockerProxy } from './proxy.ts';

const policy: WorkerPolicy = {
  platform: 'shop',
  images: ['tributary:1'],
  args: ['scraper'],
  networks: new Set(['shop_scraping']),
  secrets: new Map(),
  settings: new Set(['POOL']),
  replicasMax: 10,
};
const LABELS = { 'dev.tributary.platform': 'shop' };
const SPEC = {
  Name: 'shop-worker-shared',
  Labels: LABELS,
  TaskTemplate: {
    ContainerSpec: {
      Image: 'tributary:1',
      Labels: LABELS,
      Args: ['scraper'],
      ReadOnly: true,
      Privileges: { NoNewPrivileges: true },
      CapabilityDrop: ['ALL'],
    },
  },
  Mode: { Replicated: { Replicas: 1 } },
};
const OURS = { ID: 'ours', Version: { Index: 5 }, Spec: SPEC };
const FOREIGN = { ID: 'foreign', Version: { Index: 5 }, Spec: { ...SPEC, Name: 'database' } };
const NETWORK_ID = 'n'.repeat(25);
const DEADLINE = { timeout: 20_000, interval: 5 };

interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('the proxy before Docker', () => {
  let scope: Scope;
  let folder: string;
  let asked: Asked[];
  /** What the engine says to a request of that line, beside what it says of the services there are. */
  let answers: Map<string, (response: ServerResponse) => void>;
  let metrics: Metrics;
  let log: ReturnType<typeof createLogLines>;
  let proxy: DockerProxy;

  const json =
    (body: unknown, status = 200) =>
    (response: ServerResponse) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };

  beforeEach(async () => {
    scope = new Scope();
    folder = mkdtempSync(join(tmpdir(), 'docker-proxy-'));
    scope.defer(() => rmSync(folder, { recursive: true }));
    asked = [];
    answers = new Map([
      ['GET /v1.44/_ping', (response: ServerResponse) => void response.end('OK')],
      ['GET /v1.44/services/shop-worker-shared', json(OURS)],
      ['GET /v1.44/services/ours', json(OURS)],
      ['GET /v1.44/services/database', json(FOREIGN)],
      ['GET /v1.44/services/foreign', json(FOREIGN)],
    ]);
    const engine = createServer(async (incoming, response) => {
      const chunks = await incoming.toArray();
      const line = `${incoming.method} ${incoming.url}`;
      asked.push({ line, headers: incoming.headers, body: Buffer.concat(chunks).toString() });
      (answers.get(line) ?? json({ message: `unknown: ${line}` }, 404))(response);
    });
    const socketPath = join(folder, 'docker.sock');
    await new Promise<void>((resolve) => engine.listen(socketPath, resolve));
    scope.defer(() => {
      engine.closeAllConnections();
      return new Promise((resolve) => engine.close(() => resolve()));
    });
    metrics = new Metrics();
    log = createLogLines();
    proxy = scope.use(await open(socketPath));
  });
  afterEach(() => scope.close());

  const open = (socketPath: string, timeoutMs = 20_000) =>
    openDockerProxy({ logger: log.logger, metrics }, policy, {
      host: '127.0.0.1',
      port: 0,
      socketPath,
      timeoutMs,
      bodyBytesMax: 16 * 1024,
    });
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${proxy.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
  const lines = () => asked.map(({ line }) => line);

  it('asks the engine in a version of its own, and hands on nothing but what was understood', async () => {
    answers.set('POST /v1.44/services/create', json({ ID: 'new' }, 201));
    const headers = { 'x-registry-auth': 'secret', 'content-type': 'text/plain' };
    const answer = await ask('POST', '/v1.24/services/create', SPEC, headers);
    expect(answer).toEqual({ status: 201, text: '{"ID":"new"}' });
    expect(lines()).toEqual(['POST /v1.44/services/create']);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual(SPEC);
    expect(asked[0]?.headers).not.toHaveProperty('x-registry-auth');
    expect(asked[0]?.headers['content-type']).toBe('application/json');
  });

  it('changes and removes a service of ours, by its id', async () => {
    answers.set('POST /v1.44/services/ours/update?version=5', json({ Warnings: null }));
    answers.set('DELETE /v1.44/services/ours', (response) => void response.writeHead(200).end());
    const name = SPEC.Name;
    expect((await ask('POST', `/v1.44/services/${name}/update?version=5`, SPEC)).status).toBe(200);
    expect((await ask('DELETE', `/v1.44/services/${name}`)).status).toBe(200);
    expect(lines()).toEqual([
      `GET /v1.44/services/${name}`,
      'POST /v1.44/services/ours/update?version=5',
      `GET /v1.44/services/${name}`,
      'DELETE /v1.44/services/ours',
    ]);
  });

  it('changes the number of workers that the swarm went back to, and nothing else of them', async () => {
    answers.set('POST /v1.44/services/ours/update?version=5', json({ Warnings: null }));
    const older = {
      ...SPEC,
      Labels: { ...LABELS, 'dev.tributary.changed-at': '2026-11-20T12:00:00.000Z' },
      TaskTemplate: {
        ...SPEC.TaskTemplate,
        ContainerSpec: { ...SPEC.TaskTemplate.ContainerSpec, Image: 'tributary:0', Env: ['OLD=1'] },
        Networks: [{ Target: NETWORK_ID }],
      },
    };
    answers.set('GET /v1.44/services/ours', json({ ...OURS, Spec: older }));
    const resized = {
      ...older,
      Labels: { ...LABELS, 'dev.tributary.changed-at': '2026-11-20T13:00:00.000Z' },
      TaskTemplate: { ...older.TaskTemplate, Networks: [{ Target: 'shop_scraping' }] },
      Mode: { Replicated: { Replicas: 2 } },
    };
    const update = (spec: unknown) => ask('POST', '/v1.44/services/ours/update?version=5', spec);
    expect((await update(resized)).status).toBe(200);
    const told = JSON.parse(asked.at(-1)?.body ?? '');
    expect(told).toEqual({ ...resized, TaskTemplate: older.TaskTemplate });
    const container = older.TaskTemplate.ContainerSpec;
    for (const wrong of [
      { ...resized, Mode: { Replicated: { Replicas: 11 } } },
      { ...resized, Mode: { Global: {} } },
      { ...resized, Labels: { ...resized.Labels, 'traefik.enable': 'true' } },
      { ...resized, mode: { Global: {} } },
      { ...resized, Networks: [{ Target: 'shop_data' }] },
      { ...resized, TaskTemplate: { ...older.TaskTemplate, ContainerSpec: { ...container, Image: 'x:0' } } },
      { ...resized, TaskTemplate: { ...older.TaskTemplate, ContainerSpec: { ...container, User: '0' } } },
    ])
      expect((await update(wrong)).status).toBe(403);
    expect(lines().filter((line) => line.startsWith('POST'))).toHaveLength(1);
    // What is no time of ours stays out.
    const label = { ...resized, Labels: { ...LABELS, 'dev.tributary.changed-at': 'x' } };
    expect((await update(label)).status).toBe(200);
    expect(JSON.parse(asked.at(-1)?.body ?? '').Labels).toEqual(older.Labels);
  });

  it('neither changes nor removes nor shows a service of others', async () => {
    for (const service of ['database', 'foreign']) {
      expect((await ask('POST', `/services/${service}/update?version=5`, SPEC)).status).toBe(403);
      expect((await ask('DELETE', `/services/${service}`)).status).toBe(403);
      const shown = await ask('GET', `/services/${service}`);
      expect(shown).toEqual({ status: 403, text: expect.stringContaining('nothing of this platform') });
    }
    expect(lines().filter((line) => !line.startsWith('GET '))).toEqual([]);
  });

  it('takes the id of a network only where that is a network of workers', async () => {
    answers.set('POST /v1.44/services/create', json({ ID: 'new' }, 201));
    const spec = {
      ...SPEC,
      TaskTemplate: { ...SPEC.TaskTemplate, Networks: [{ Target: NETWORK_ID }] },
    };
    const create = async () => (await ask('POST', '/services/create', spec)).status;
    expect(await create()).toBe(403);
    answers.set(`GET /v1.44/networks/${NETWORK_ID}`, json({ Id: NETWORK_ID, Name: 'shop_data' }));
    expect(await create()).toBe(403);
    // A network may be named like an id.
    answers.set(`GET /v1.44/networks/${NETWORK_ID}`, json({ Id: 'another', Name: 'shop_scraping' }));
    expect(await create()).toBe(403);
    expect(lines().filter((line) => line.startsWith('POST'))).toEqual([]);
    answers.set(`GET /v1.44/networks/${NETWORK_ID}`, json({ Id: NETWORK_ID, Name: 'shop_scraping' }));
    expect(await create()).toBe(201);
  });

  it('tells an error of the engine as it is', async () => {
    const message = 'rpc error: code = Unknown desc = update out of sequence';
    answers.set('POST /v1.44/services/ours/update?version=4', json({ message }, 500));
    const answer = await ask('POST', '/services/ours/update?version=4', SPEC);
    expect(answer).toEqual({ status: 500, text: JSON.stringify({ message }) });
    expect((await ask('DELETE', '/services/gone')).status).toBe(404);
  });

  it('does not ask the engine what it refuses, says so once, and counts it', async () => {
    for (let time = 0; time < 3; time++) {
      const refused = await ask('GET', '/v1.44/containers/json');
      expect(refused.status).toBe(403);
      expect(JSON.parse(refused.text).message).toContain('GET /v1.44/containers/json');
    }
    expect((await ask('POST', '/services/create', { ...SPEC, Extra: 1 })).status).toBe(403);
    expect(asked).toEqual([]);
    expect(log.messages()).toEqual(['call refused', 'call refused']);
    const shown = shownMetrics(await metrics.text());
    expect(shown.value('tributary_docker_proxy_refusals_total', 'call="unknown"')).toBe(3);
    expect(shown.value('tributary_docker_proxy_refusals_total', 'call="createService"')).toBe(1);
  });

  it('refuses methods that no server of ours knows, and bodies that are too large', async () => {
    expect((await ask('PROPFIND', '/v1.44/services')).status).toBe(403);
    expect((await ask('PATCH', '/v1.44/services')).status).toBe(403);
    expect((await ask('POST', '/services/create', { ...SPEC, Extra: 'x'.repeat(20_000) })).status).toBe(413);
    expect(asked).toEqual([]);
  });

  it('says that the engine does not answer, as a manager without a leader does', async () => {
    const stuck = scope.use(await open(join(folder, 'docker.sock'), 50));
    answers.set('GET /v1.44/info', () => {});
    const response = await fetch(`${stuck.url}/info`);
    expect(response.status).toBe(503);
    // One that goes on and on answers no more than one that is silent.
    answers.set('GET /v1.44/version', (response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.once('close', () => clearInterval(drip));
    });
    expect((await fetch(`${stuck.url}/version`)).status).toBe(503);
    const nobody = scope.use(await open(join(folder, 'nobody.sock')));
    expect((await fetch(`${nobody.url}/services`)).status).toBe(503);
    expect((await fetch(`${nobody.url}/healthz`)).status).toBe(503);
  });

  it('is well while the engine answers, and ready until it is to stop', async () => {
    expect((await ask('GET', '/healthz')).status).toBe(200);
    expect((await ask('GET', '/readyz')).status).toBe(200);
    proxy.drain();
    expect((await ask('GET', '/readyz')).status).toBe(503);
    expect((await ask('GET', '/healthz')).status).toBe(200);
    expect((await ask('GET', '/metrics')).text).toContain('tributary_docker_proxy_event_streams 0');
  });

  describe('of events', () => {
    const EVENTS = `GET /v1.44/events?filters=${encodeURIComponent('{"type":["service","node","container"]}')}`;
    let engineSide: ServerResponse | undefined;
    let engineClosed: boolean;
    beforeEach(() => {
      engineSide = undefined;
      engineClosed = false;
      answers.set(EVENTS, (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        response.once('close', () => {
          engineClosed = true;
        });
        engineSide = response;
      });
    });

    const listen = async () => {
      const received: string[] = [];
      const state = { isEnded: false };
      const outgoing = request(`${proxy.url}/v1.44/events`);
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve).once('error', reject).end();
      });
      response.on('data', (chunk) => received.push(String(chunk)));
      response.on('error', () => {});
      response.once('close', () => {
        state.isEnded = true;
      });
      return { response, received, state };
    };
    const event = (name: string) =>
      JSON.stringify({ Type: 'service', Action: 'update', Actor: { ID: 'a', Attributes: { name } } });

    it('begins at once, and tells those of ours as they come, in whatever parts', async () => {
      const { response, received } = await listen();
      expect(response.statusCode).toBe(200);
      const text = `${event('database')}\n${event('shop-worker-shared')}\n`;
      engineSide?.write(text.slice(0, 100));
      engineSide?.write(text.slice(100));
      await expect.poll(() => received.join(''), DEADLINE).toMatch(/^\{.*"shop-worker-shared".*\}\n$/);
      expect(received.join('')).not.toContain('database');
      response.destroy();
    });

    it('lets go of the engine when the caller goes', async () => {
      const { response } = await listen();
      response.destroy();
      await expect.poll(() => engineClosed, DEADLINE).toBe(true);
      await expect.poll(streams, DEADLINE).toBe(0);
    });

    it('lets go of the engine when the caller goes before there is an answer', async () => {
      let isAsked = false;
      answers.set(EVENTS, (response) => {
        isAsked = true;
        response.once('close', () => {
          engineClosed = true;
        });
      });
      const outgoing = request(`${proxy.url}/v1.44/events`).on('error', () => {});
      outgoing.end();
      await expect.poll(() => isAsked, DEADLINE).toBe(true);
      outgoing.destroy();
      await expect.poll(() => engineClosed, { ...DEADLINE, timeout: 10_000 }).toBe(true);
    });

    it('lets go of the caller when the engine goes, or ends', async () => {
      const first = await listen();
      engineSide?.destroy();
      await expect.poll(() => first.state.isEnded, DEADLINE).toBe(true);
      const second = await listen();
      engineSide?.end();
      await expect.poll(() => second.state.isEnded, DEADLINE).toBe(true);
      await expect.poll(streams, DEADLINE).toBe(0);
    });

    it('ends both when it closes, and what is being answered comes to its end before', async () => {
      const { state } = await listen();
      let answerInfo: (() => void) | undefined;
      answers.set('GET /v1.44/info', (response) => {
        answerInfo = () => json({ Name: 'one' })(response);
      });
      const info = ask('GET', '/info');
      await expect.poll(() => answerInfo, DEADLINE).toBeDefined();
      const closed = proxy.close();
      await expect.poll(() => state.isEnded && engineClosed, DEADLINE).toBe(true);
      answerInfo?.();
      expect((await info).status).toBe(200);
      await closed;
    });

    it('makes the engine wait while the caller does not read', async () => {
      const { response, received } = await listen();
      response.pause();
      // Far more than all the buffers on the way hold.
      const line = `${event('shop-worker-shared').replace('"a"', `"${'a'.repeat(64 * 1024)}"`)}\n`;
      const lineCount = 1_000;
      let written = 0;
      const all = Readable.from(
        (function* () {
          for (; written < lineCount; written++) yield line;
        })(),
      );
      if (engineSide) all.pipe(engineSide);
      let last = -1;
      let unchanged = 0;
      const standstill = () => {
        unchanged = written === last ? unchanged + 1 : 0;
        last = written;
        return unchanged;
      };
      await expect.poll(standstill, DEADLINE).toBeGreaterThan(100);
      expect(written).toBeGreaterThan(0);
      expect(written).toBeLessThan(lineCount);
      response.resume();
      const lineLength = shownEvent(line, policy)?.length ?? 0;
      const characters = () => received.reduce((sum, chunk) => sum + chunk.length, 0);
      await expect.poll(characters, DEADLINE).toBe(lineCount * (lineLength + 1));
    });

    it('hands on what the engine says instead', async () => {
      answers.set(EVENTS, json({ message: 'invalid filter' }, 400));
      expect(await ask('GET', '/events')).toEqual({ status: 400, text: '{"message":"invalid filter"}' });
    });

    const streams = async () =>
      shownMetrics(await metrics.text()).value('tributary_docker_proxy_event_streams');
  });
});
