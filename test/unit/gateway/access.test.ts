import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as rawRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { hashOf } from '../../../gateway/access/key-file.ts';
import { FakeGraph, SERVICE_TOKEN } from './fake-graph.ts';
import { connect, Follower, until } from './follower.ts';

const KEYS = { reader: 'READ', writer: 'WRITE', admin: 'ADMIN' } as const;
type Name = keyof typeof KEYS;

const READ = '{ source(id: "s1") { name } }';
const WRITE = 'mutation { touchSource(id: "s1") { touches } }';
const DESTROY = 'mutation { removeSource(id: "s1", data: DELETE) { id } }';
const FOLLOW = 'subscription { sourceChanged { id touches } }';
const LEGACY = 'application/json';
const MODERN = 'application/graphql-response+json';

const bearer = (name: string) => ({ authorization: `Bearer key-of-${name}` });

describe('The graph under keys', () => {
  let folder: string;
  let graph: FakeGraph;

  const writeKeys = (keys: Record<string, string>) =>
    writeFile(
      join(folder, 'keys.json'),
      JSON.stringify({
        keys: Object.entries(keys).map(([name, role]) => ({ name, role, sha256: hashOf(`key-of-${name}`) })),
      }),
    );

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
    await writeKeys(KEYS);
    graph = await FakeGraph.open({
      HOST: '0.0.0.0',
      API_KEYS_FILE: join(folder, 'keys.json'),
      API_KEYS_RELOAD: 'PT0.01S',
      CORS_ORIGINS: 'https://app.example',
    });
  });
  afterEach(async () => {
    await graph.close();
    await rm(folder, { recursive: true });
  });

  async function post(query: string, headers: Record<string, string> = {}) {
    const response = await fetch(graph.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  }
  const codesOf = (body: { errors?: { extensions: { code: string } }[] }) =>
    body.errors?.map(({ extensions }) => extensions.code);
  const clientOf = (name: Name) =>
    createClient({
      url: graph.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: bearer(name),
    });

  describe('over HTTP', () => {
    it('is there for who shows a key, as far as its role goes', async () => {
      for (const [query, allowed] of [
        [READ, ['reader', 'writer', 'admin']],
        ['{ __schema { queryType { name } } }', ['reader', 'writer', 'admin']],
        [WRITE, ['writer', 'admin']],
        [DESTROY, ['admin']],
      ] as const) {
        for (const name of Object.keys(KEYS) as Name[]) {
          const { body } = await post(query, bearer(name));
          const isAllowed = (allowed as readonly Name[]).includes(name);
          expect([query, name, codesOf(body)]).toEqual([query, name, isAllowed ? undefined : ['FORBIDDEN']]);
        }
      }
      expect(graph.touches.get('s1')).toBe(2);
      expect(graph.removals).toEqual(['s1 DELETE']);
    });

    it('says which role is wanted, in the status where that is read', async () => {
      const refused = await post(DESTROY, { ...bearer('writer'), accept: MODERN });
      expect(refused.status).toBe(403);
      expect(refused.body).toEqual({
        errors: [
          {
            message: `removeSource with "data: DELETE" wants a key with role ADMIN; this one's is WRITE.`,
            extensions: { code: 'FORBIDDEN' },
          },
        ],
      });
      expect((await post(WRITE, { ...bearer('reader'), accept: MODERN })).body.errors[0].message).toContain(
        'role WRITE',
      );
      expect((await post(WRITE, { ...bearer('reader'), accept: LEGACY })).status).toBe(200);
      expect((await post(READ, { ...bearer('reader'), accept: MODERN })).status).toBe(200);
    });

    it('refuses all of an operation that wants more in one place, and sends none of it on', async () => {
      const query = `mutation { a: touchSource(id: "s1") { id } ...B }
        fragment B on Mutation { b: removeSource(id: "s1", data: DELETE) { id } }`;
      expect(codesOf((await post(query, bearer('writer'))).body)).toEqual(['FORBIDDEN']);
      expect([graph.touches.size, graph.removals]).toEqual([0, []]);
    });

    it('is closed to all others, whatever they send', async () => {
      const asked = graph.endpointRequests;
      for (const headers of [{}, bearer('nobody'), { authorization: 'Basic a2V5' }, { authorization: '' }]) {
        for (const query of [READ, WRITE, '{ __typename }', '{ books { nodes { id } } }', '{ nope }', '{']) {
          const { status, headers: answered, body } = await post(query, headers as Record<string, string>);
          expect([query, status, codesOf(body)]).toEqual([query, 401, ['UNAUTHENTICATED']]);
          expect(answered.get('www-authenticate')).toBe('Bearer');
          expect(body).not.toHaveProperty('data');
        }
      }
      const get = await fetch(`${graph.url}?query=${encodeURIComponent(READ)}`);
      expect(get.status).toBe(401);
      const malformed = await fetch(graph.url, { method: 'POST', headers: { 'content-type': 'text/plain' } });
      expect(malformed.status).toBe(401);
      expect([graph.touches.size, graph.endpointRequests]).toEqual([0, asked]);
    });

    it('can be asked by pages of other sites that show a key, and tells them when they do not', async () => {
      const origin = 'https://app.example';
      const preflight = await fetch(graph.url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-headers': 'authorization,content-type' },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
      const refused = await post(READ, { origin });
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
      expect((await post(READ, { origin, ...bearer('reader') })).status).toBe(200);
    });

    it('knows new keys and forgets old ones while it runs', async () => {
      await writeKeys({ writer: 'READ', newcomer: 'ADMIN' });
      await until(async () => (await post(READ, bearer('newcomer'))).status === 200);
      expect((await post(READ, bearer('reader'))).status).toBe(401);
      expect(codesOf((await post(WRITE, bearer('writer'))).body)).toEqual(['FORBIDDEN']);
    });

    it('says to all who ask that it lives, and its metrics to services only', async () => {
      const statusOf = (path: string, headers: Record<string, string>) =>
        new Promise<number | undefined>((resolve, reject) => {
          const { port } = new URL(graph.url);
          rawRequest({ port, host: '127.0.0.1', path, headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .on('error', reject)
            .end();
        });
      expect(await statusOf('/healthz', {})).toBe(200);
      // As a probe asks that knows us by another address.
      expect(await statusOf('/readyz', { host: '10.0.0.7:4000' })).toBe(200);
      expect(await statusOf('/metrics', {})).toBe(401);
      expect(await statusOf('/metrics', bearer('admin'))).toBe(401);
      const asService = { authorization: `Bearer ${SERVICE_TOKEN}` };
      expect(await statusOf('/metrics', { ...asService, host: '10.0.0.7:4000' })).toBe(200);
    });

    it('is there under any name for who shows a key, unless its names are told', async () => {
      const statusOf = (headers: Record<string, string>) =>
        new Promise<number | undefined>((resolve, reject) => {
          const { port } = new URL(graph.url);
          const path = '/graphql?query={__typename}';
          rawRequest({ port, host: '127.0.0.1', path, headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .on('error', reject)
            .end();
        });
      const byNode = { host: 'node-one:4000' };
      expect(await statusOf({ ...bearer('reader'), ...byNode })).toBe(200);
      expect(await statusOf(byNode)).toBe(401);
      await graph.close();
      graph = await FakeGraph.open({
        API_KEYS_FILE: join(folder, 'keys.json'),
        ALLOWED_HOSTS: 'graph.example',
      });
      expect(await statusOf({ ...bearer('reader'), ...byNode })).toBe(403);
      expect(await statusOf({ ...bearer('reader'), host: 'graph.example' })).toBe(200);
    });
  });

  describe('over WebSocket', () => {
    it('is there for who shows a key in the first message, or in the request', async () => {
      const inMessage = new Follower(graph.socketUrl, FOLLOW, {}, clientOf('reader'));
      const inRequest = new Follower(
        graph.socketUrl,
        FOLLOW,
        {},
        createClient({
          url: graph.socketUrl,
          retryAttempts: 0,
          webSocketImpl: class extends WebSocket {
            constructor(url: string, protocols: string) {
              super(url, protocols, { headers: bearer('reader') });
            }
          },
        }),
      );
      const inCapitals = new Follower(
        graph.socketUrl,
        FOLLOW,
        {},
        createClient({
          url: graph.socketUrl,
          webSocketImpl: WebSocket,
          retryAttempts: 0,
          connectionParams: { Authorization: 'Bearer key-of-reader' },
        }),
      );
      const all = [inMessage, inRequest, inCapitals];
      await until(() => {
        graph.touch('s1');
        return all.every(({ results }) => results.length > 0);
      });
      for (const { leave } of all) leave();
    });

    it('goes as far as the key’s role, operation by operation', async () => {
      const client = clientOf('reader');
      const reading = new Follower(graph.socketUrl, READ, {}, client);
      const writing = new Follower(graph.socketUrl, WRITE, {}, client);
      await until(() => reading.isOver && writing.isOver);
      expect(reading.results).toEqual([{ data: { source: { name: 'Source s1' } } }]);
      expect(writing.failureCodes).toEqual(['FORBIDDEN']);
      expect(graph.touches.size).toBe(0);
      const admin = new Follower(graph.socketUrl, DESTROY, {}, clientOf('admin'));
      await until(() => admin.isComplete);
      expect(graph.removals).toEqual(['s1 DELETE']);
    });

    it('is closed to all others before they can ask', async () => {
      for (const connectionParams of [
        undefined,
        bearer('nobody'),
        { authorization: ['Bearer key-of-admin'] },
      ]) {
        const client = createClient({
          url: graph.socketUrl,
          webSocketImpl: WebSocket,
          retryAttempts: 0,
          ...(connectionParams ? { connectionParams } : {}),
        });
        const follower = new Follower(graph.socketUrl, WRITE, {}, client);
        await until(() => follower.isOver);
        expect(follower.failure).toMatchObject({ code: 4403, reason: 'Forbidden' });
      }
      expect(graph.touches.size).toBe(0);
    });

    it('closes the sockets of keys that are gone or open something else, and no others', async () => {
      const followers = Object.fromEntries(
        (Object.keys(KEYS) as Name[]).map((name) => [
          name,
          new Follower(graph.socketUrl, FOLLOW, {}, clientOf(name)),
        ]),
      ) as Record<Name, Follower>;
      await until(() => {
        graph.touch('s1');
        return Object.values(followers).every(({ results }) => results.length > 0);
      });
      await writeKeys({ writer: 'READ', admin: 'ADMIN' });
      await until(() => followers.reader.isOver && followers.writer.isOver);
      for (const name of ['reader', 'writer'] as const)
        expect(followers[name].failure).toMatchObject({ code: 4403, reason: 'Forbidden' });
      const { length } = followers.admin.results;
      graph.touch('s1');
      await followers.admin.count(length + 1);
      expect(followers.admin.isOver).toBe(false);
    });

    it('takes nothing more from a key that is gone, also where its socket does not agree to close', async () => {
      const socket = new WebSocket(graph.socketUrl, 'graphql-transport-ws');
      const types: string[] = [];
      socket.on('message', (data) => types.push(JSON.parse(String(data)).type));
      await until(() => socket.readyState === WebSocket.OPEN);
      socket.send(JSON.stringify({ type: 'connection_init', payload: bearer('writer') }));
      await until(() => types.includes('connection_ack'));
      // From here on it does not read that it should close.
      socket.pause();
      await writeKeys({ newcomer: 'READ' });
      await until(async () => (await post(READ, bearer('newcomer'))).status === 200);
      const sent = new Promise((resolve) =>
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: WRITE } }), resolve),
      );
      await sent;
      // What was sent before it has been taken by the time that another's operation is answered.
      for (let n = 0; n < 20; n++) await post(READ, bearer('newcomer'));
      expect(graph.touches.size).toBe(0);
      socket.terminate();
    });
  });
});

describe('The graph on loopback without keys', () => {
  it('is everybody’s who can come, with or without a key', async () => {
    const graph = await FakeGraph.open();
    expect(await graph.ask(DESTROY)).toEqual({ data: { removeSource: { id: 's1' } } });
    const follower = new Follower(graph.socketUrl, WRITE, {}, connect(graph.socketUrl));
    await until(() => follower.isComplete);
    expect(follower.results).toEqual([{ data: { touchSource: { touches: 1 } } }]);
    await graph.close();
  });
});
