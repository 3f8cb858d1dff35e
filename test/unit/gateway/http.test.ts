import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as rawRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphiqlPolicy } from '../../../gateway/graphiql-policy.ts';
import { FakeGraph } from './fake-graph.ts';
import { until } from './follower.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('GraphQL over HTTP', () => {
  let graph: FakeGraph;
  let graphiqlFolder: string;
  beforeAll(async () => {
    graphiqlFolder = await mkdtemp(join(tmpdir(), 'graphiql-'));
    await mkdir(join(graphiqlFolder, 'assets'));
    await writeFile(join(graphiqlFolder, 'index.html'), '<title>GraphiQL</title>');
    await writeFile(join(graphiqlFolder, 'assets', 'main-abc.js'), 'export {}');
    graph = await FakeGraph.open(
      {
        SUBGRAPH_TIMEOUT: 'PT60S',
        REQUEST_BYTES_MAX: '2048',
        CORS_ORIGINS: 'https://app.example',
        ALLOWED_HOSTS: 'graph.example',
      },
      { graphiqlFolder },
    );
  });
  afterAll(async () => {
    await graph.close();
    await rm(graphiqlFolder, { recursive: true });
  });

  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${graph.url}?query=${encodeURIComponent(query)}`, { headers });
  const post = (body: unknown, headers: Record<string, string> = JSON_TYPE) =>
    fetch(graph.url, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const codeOf = async (response: Response) => {
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    return errors.map(({ extensions }) => extensions.code);
  };

  describe('passes every audit of the specification', () => {
    for (const audit of serverAudits({ url: () => graph.url, fetchFn: fetch })) {
      it(audit.name, async () => {
        const result = await audit.fn();
        expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok');
      });
    }
  });

  it('answers in the media type that is asked for, by weight', async () => {
    const typeFor = async (accept: string) =>
      (await get('{ __typename }', { accept })).headers.get('content-type');
    const modern = 'application/graphql-response+json; charset=utf-8';
    const legacy = 'application/json; charset=utf-8';
    expect(await typeFor('application/graphql-response+json, application/json;q=0.9')).toBe(modern);
    expect(await typeFor('application/json, application/graphql-response+json;q=0.5')).toBe(legacy);
    expect(await typeFor('text/html, */*;q=0.1')).toBe(legacy);
    expect((await get('{ __typename }', { accept: 'text/html' })).status).toBe(406);
    expect((await get('{ __typename }', { accept: 'application/json;q=0' })).status).toBe(406);
  });

  it('says 405 to other methods, and to a mutation by GET, which it does not run', async () => {
    const put = await fetch(graph.url, { method: 'PUT', headers: JSON_TYPE, body: '{}' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const mutation = await get('mutation { touchSource(id: "by-get") { id } }');
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST']);
    expect(graph.touches.has('by-get')).toBe(false);
  });

  it('says 415 to bodies that are not JSON in UTF-8', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
    ]) {
      const response = await post('{"query":"{ __typename }"}', { 'content-type': type });
      expect([type, response.status]).toEqual([type, 415]);
    }
    expect(
      (await post({ query: '{ __typename }' }, { 'content-type': 'application/json;charset=UTF-8' })).status,
    ).toBe(200);
  });

  it('says 413 to a body that is too large, and 400 to one that is no request', async () => {
    expect((await post({ query: `{ __typename } # ${'x'.repeat(3000)}` })).status).toBe(413);
    for (const body of ['', '[]', '{"query":1}', '{"query":"{ __typename }","variables":[]}', '{']) {
      const response = await post(body);
      expect([body, response.status]).toEqual([body, 400]);
      expect(await codeOf(response)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('tells subscribers the way', async () => {
    const response = await post(
      { query: 'subscription { sourceChanged { id } }' },
      { ...JSON_TYPE, accept: 'application/graphql-response+json' },
    );
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('WebSocket');
  });

  it('refuses pages of other sites, whichever request they send', async () => {
    const query = '{ __typename }';
    const refused: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
    ];
    for (const headers of refused) {
      const responses = [await get(query, headers), await post({ query }, { ...JSON_TYPE, ...headers })];
      for (const response of responses) {
        expect([headers, response.status]).toEqual([headers, 403]);
        expect(await codeOf(response)).toEqual(['FORBIDDEN']);
      }
    }
    const preflight = await fetch(graph.url, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([405, null]);
    const own = new URL(graph.url).origin;
    for (const headers of [
      { origin: own },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ]) {
      expect((await get(query, headers as Record<string, string>)).status).toBe(200);
    }
  });

  it('refuses names that are not its own, so that no foreign name can lead here', async () => {
    const { port } = new URL(graph.url);
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        rawRequest(
          { port, host: '127.0.0.1', path: '/graphql?query={__typename}', headers: { host } },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        )
          .on('error', reject)
          .end();
      });
    expect(await statusFor('rebound.example')).toBe(403);
    expect(await statusFor(`127.0.0.1.rebound.example:${port}`)).toBe(403);
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    expect(await statusFor(`[::1]:${port}`)).toBe(200);
    expect(await statusFor('graph.example')).toBe(200);
  });

  it('lets pages of CORS_ORIGINS read answers, and no others', async () => {
    const preflight = (origin: string) =>
      fetch(graph.url, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
    const allowed = await preflight('https://app.example');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-allow-headers')).toBe('content-type');
    const answered = await post({ query: '{ __typename }' }, { ...JSON_TYPE, origin: 'https://app.example' });
    expect(answered.headers.get('access-control-allow-origin')).toBe('https://app.example');

    const refused = await preflight('https://evil.example');
    expect(refused.ok).toBe(false);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('sends headers that keep answers from being anything but answers', async () => {
    const { headers } = await get('{ __typename }');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('says that it is alive and ready', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(new URL(path, graph.url));
      expect([path, response.status, await response.json()]).toEqual([path, 200, { status: 'ok' }]);
    }
    expect((await fetch(new URL('/nowhere', graph.url))).status).toBe(404);
  });

  it('serves the GraphiQL page under its policy, and leads browsers there', async () => {
    const root = await fetch(new URL('/', graph.url), { redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphiql']);
    for (const path of ['/graphiql', '/graphiql/']) {
      // As by a link on another site: that page learns nothing of this one.
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
      const page = await fetch(new URL(path, graph.url), { headers });
      expect(await page.text()).toContain('<title>GraphiQL');
      expect(page.headers.get('content-security-policy')).toBe(graphiqlPolicy);
      expect(page.headers.get('cache-control')).toBe('no-cache');
    }
    const asset = await fetch(new URL('/graphiql/assets/main-abc.js', graph.url));
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(new URL('/graphiql/../package.json', graph.url))).status).toBe(404);
  });

  it('stops asking subgraphs once the client has gone', async () => {
    const proxy = await graph.proxy('configuration');
    const abort = new AbortController();
    const asking = fetch(graph.url, {
      method: 'POST',
      headers: JSON_TYPE,
      body: '{"query":"{ slow }"}',
      signal: abort.signal,
    });
    const failed = expect(asking).rejects.toThrow();
    await until(() => graph.slowCalls.length === 1);
    const open = [...proxy.sockets];
    abort.abort();
    await failed;
    await until(() => open.some((connection) => connection.destroyed));
  });
});
