import dns from 'node:dns';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../test/support/free-ports.ts';
import { createLogLines } from '../../test/support/log-lines.ts';
import { createTestSubgraph, type TestSubgraph } from '../../test/support/subgraph.ts';
import { MemoryRegistry } from '../adapters/memory-registry.ts';
import { TributaryError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { type Closeable, Scope } from '../scope.ts';
import { openServiceClient, type ServiceClient } from './service-client.ts';
import { openSubgraphServer, type SubgraphServer } from './subgraph-server.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };
const TOKEN = 'a-token-for-services';

let scope: Scope;
let subgraph: TestSubgraph;
let registry: MemoryRegistry;
let client: ServiceClient;

beforeEach(() => {
  scope = new Scope();
  subgraph = createTestSubgraph();
  registry = scope.use(new MemoryRegistry([], silentLogger));
  client = openClient();
});
afterEach(() => scope.close());

function openClient(token = TOKEN): ServiceClient {
  return scope.use(openServiceClient({ registry, logger: silentLogger }, 'endpoint', token));
}

async function register(url: string, id = url) {
  return registry.register({ id, service: 'endpoint', url });
}

/** Serves the subgraph until it is stopped. */
async function serve(schema = subgraph.schema) {
  const server: SubgraphServer = scope.use(
    await openSubgraphServer(
      { schema: () => schema, logger: silentLogger },
      { service: 'endpoint', serviceToken: TOKEN },
    ),
  );
  const registration = await register(server.url);
  return {
    url: server.url,
    async stop() {
      await registration.close();
      await server.close();
    },
  };
}

/** Something that listens and is no subgraph. @returns Its port. */
async function listenRaw(handler: Parameters<typeof createServer>[1], host = '127.0.0.1'): Promise<number> {
  const server: Server = createServer(handler as never);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serveRaw(handler: Parameters<typeof createServer>[1]): Promise<void> {
  await register(`http://127.0.0.1:${await listenRaw(handler)}/graphql`);
}

/** Takes connections and says nothing, as what is frozen or cut off. */
async function serveSilence(): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await register(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`);
}

/** Has a name lead to addresses of this machine, in their order. */
function resolveTo(name: string, addresses: readonly string[]): void {
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
    hostname: string,
    _options: unknown,
    done: (error: null, found: { address: string; family: number }[]) => void,
  ) => {
    expect(hostname).toBe(name);
    done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  }) as never);
  scope.defer(() => lookup.mockRestore());
}

const ECHO = 'query Echo($text: String!) { echo(text: $text) }';

describe('A request to a service', () => {
  it('gives the data of the answer', async () => {
    await serve();
    expect(await client.request(ECHO, { text: 'hello' })).toEqual({ echo: 'hello' });
  });

  it('fails with the service’s own code, and is not to be repeated', async () => {
    await serve();
    await expect(client.request('{ stale }')).rejects.toMatchObject({
      code: 'STALE_TOKEN',
      retryable: false,
      message: 'The lease 7 on source s1 has ended.',
    });
  });

  it('is to be repeated where the service failed unexpectedly', async () => {
    await serve();
    await expect(client.request('{ broken }')).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      retryable: true,
    });
  });

  it('is refused with another token', async () => {
    await serve();
    await expect(openClient('another').request('{ stale }')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('is to be repeated where nobody serves', async () => {
    const unavailable = { code: 'DATASOURCE_UNAVAILABLE', retryable: true };
    await expect(client.request('{ open }')).rejects.toMatchObject(unavailable);
    const server = await serve();
    await server.stop();
    await register(server.url);
    await expect(client.request('{ open }')).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['that is no JSON', 200, '<html>', { code: 'DATASOURCE_UNAVAILABLE', retryable: true }],
    ['with neither data nor errors', 502, '{}', { code: 'INTERNAL_SERVER_ERROR', retryable: true }],
    ['that blames the request', 404, '{"message":"Not found"}', { retryable: false }],
  ])('fails for an answer %s', async (_what, status, body, error) => {
    await serveRaw((_request, response) => void response.writeHead(status).end(body));
    await expect(client.request('{ open }')).rejects.toMatchObject(error);
  });

  it('fails where the answer takes too long', async () => {
    await serve();
    await expect(client.request('{ slow }', {}, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'DATASOURCE_UNAVAILABLE',
      retryable: true,
    });
  });

  it('ends when its caller gives up, with the caller’s reason', async () => {
    await serve();
    const controller = new AbortController();
    const request = client.request('{ slow }', {}, { signal: controller.signal });
    const ended = expect(request).rejects.toThrow('no longer wanted');
    await expect.poll(() => subgraph.waiting(), DEADLINE).toBe(1);
    controller.abort(new Error('no longer wanted'));
    await ended;
  });

  it('takes no longer than it may, and ends when its caller gives up, while it connects, too', async () => {
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation((() => {}) as never);
    scope.defer(() => lookup.mockRestore());
    await register('http://endpoint.example/graphql');
    await expect(client.request('{ open }', {}, { timeoutMs: 50 })).rejects.toMatchObject({
      message: 'endpoint does not answer: no answer in 50 ms',
      retryable: true,
    });
    const controller = new AbortController();
    const ended = expect(client.request('{ open }', {}, { signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    await expect.poll(() => lookup.mock.calls.length, DEADLINE).toBe(2);
    controller.abort(new Error('enough'));
    await ended;
  });

  it('fails where the service closes meanwhile', async () => {
    const server = await serve();
    const request = client.request('{ slow }');
    const ended = expect(request).rejects.toMatchObject({ retryable: true });
    await expect.poll(() => subgraph.waiting(), DEADLINE).toBe(1);
    await server.stop();
    await ended;
  });

  it('takes the instances of a service in turn', async () => {
    const names = ['first', 'second', 'third'];
    for (const name of names) {
      await serveRaw((_request, response) => void response.end(JSON.stringify({ data: { name } })));
    }
    const seen: unknown[] = [];
    for (let count = 0; count < 6; count++)
      seen.push((await client.request<{ name: string }>('{ name }')).name);
    expect(seen).toEqual([...names, ...names]);
  });

  it('finds a replica by a name that leads to one that is gone first, and to a new one with its next connection', async () => {
    const answer = (name: string) => (_request: unknown, response: { end(text: string): void }) =>
      response.end(JSON.stringify({ data: { name } }));
    const port = await listenRaw(answer('second') as never, '127.0.0.3');
    // As Docker names its tasks.
    const name = 'tributary_endpoint.1.x7k2';
    await register(`http://${name}:${port}/graphql`);
    resolveTo(name, ['127.0.0.2', '127.0.0.3']);
    expect(await client.request('{ name }')).toEqual({ name: 'second' });
  });

  it('connects anew after one that was not answered: the other connections may lead nowhere, too', async () => {
    const connections = new Set<unknown>();
    const gone = new Set<unknown>();
    const waiting: (() => void)[] = [];
    await serveRaw(({ socket }, response) => {
      connections.add(socket);
      if (gone.has(socket)) return;
      waiting.push(() => response.end(JSON.stringify({ data: { connections: connections.size } })));
      if (connections.size >= 3) for (const send of waiting.splice(0)) send();
    });
    const atOnce = await Promise.all([1, 2, 3].map(() => client.request('{ connections }')));
    expect(atOnce).toEqual(Array(3).fill({ connections: 3 }));
    for (const connection of connections) gone.add(connection);
    // Those that are not free again yet are not taken, and one more is opened instead.
    const isAnswered = () =>
      client.request('{ connections }', {}, { timeoutMs: 500 }).then(
        () => true,
        () => false,
      );
    await expect.poll(isAnswered, DEADLINE).toBe(false);
    expect(await isAnswered()).toBe(true);
  });

  it('is refused by a closed client, and ends where the client is closed meanwhile', async () => {
    await serve();
    const request = client.request('{ slow }');
    const ended = expect(request).rejects.toBeInstanceOf(TributaryError);
    await expect.poll(() => subgraph.waiting(), DEADLINE).toBe(1);
    await client.close();
    await client.close();
    await ended;
    await expect(client.request('{ open }')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('A subscription to a service', () => {
  function follow(of = client, document = 'subscription { events }') {
    const seen = { events: [] as number[], gaps: 0 };
    const handle = of.subscribe<{ events: number }>(
      document,
      {},
      {
        onEvent: ({ events }) => seen.events.push(events),
        onGap: () => seen.gaps++,
      },
    );
    return Object.assign(handle, { seen });
  }
  const subscribed = (count = 1) => expect.poll(() => subgraph.subscribers.size, DEADLINE).toBe(count);

  it('gives every event in order, after a first gap', async () => {
    await serve();
    const { seen } = follow();
    await expect.poll(() => seen, DEADLINE).toEqual({ events: [], gaps: 1 });
    for (let event = 1; event <= 50; event++) subgraph.emit(event);
    await expect
      .poll(() => seen.events, DEADLINE)
      .toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('is followed again at another instance when its own goes, and says that there was a gap', async () => {
    const first = await serve();
    const { seen } = follow();
    await subscribed();
    await first.stop();
    await subscribed(0);
    await serve();
    await expect.poll(() => seen.gaps, DEADLINE).toBe(2);
    subgraph.emit(7);
    await expect.poll(() => seen.events, DEADLINE).toEqual([7]);
  });

  it('goes on to another instance where one takes the connection and says nothing', async () => {
    await serveSilence();
    await serve();
    const { seen } = follow();
    await expect.poll(() => seen.gaps, DEADLINE).toBe(1);
    subgraph.emit(5);
    await expect.poll(() => seen.events, DEADLINE).toEqual([5]);
  });

  it('is tried on where nobody listens, and says why it does not come about', async () => {
    const { logger, lines, messages } = createLogLines();
    const port = await freePort();
    await register(`http://127.0.0.1:${port}/graphql`);
    follow(scope.use(openServiceClient({ registry, logger }, 'endpoint', TOKEN)));
    await expect.poll(messages, DEADLINE).toEqual(['a subscription keeps ending, trying on']);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      peer: 'endpoint',
      reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  it('begins as soon as somebody serves', async () => {
    const { seen } = follow();
    await serve();
    await expect.poll(() => seen.gaps, DEADLINE).toBe(1);
  });

  it('has begun by the time it says that there was a gap, so that nothing falls in between', async () => {
    await serve();
    for (let count = 0; count < 20; count++) {
      const before = subgraph.subscribers.size;
      const handle = await new Promise<Closeable>((resolve) => {
        const opened = client.subscribe(
          'subscription { events }',
          {},
          {
            onEvent: () => {},
            onGap: () => resolve(opened),
          },
        );
      });
      expect(subgraph.subscribers.size).toBe(before + 1);
      await handle.close();
      await subscribed(before);
    }
  });

  it('is followed again when the service completes it', async () => {
    await serve();
    const { seen } = follow();
    await subscribed();
    for (const subscriber of subgraph.subscribers) void subscriber.return();
    await expect.poll(() => seen.gaps, DEADLINE).toBe(2);
    await subscribed();
    subgraph.emit(3);
    await expect.poll(() => seen.events, DEADLINE).toEqual([3]);
  });

  it('is tried again when the service refuses it', async () => {
    await serve();
    const { seen } = follow(client, 'subscription { refused }');
    await expect.poll(() => seen.gaps, DEADLINE).toBeGreaterThan(1);
    expect(seen.events).toEqual([]);
  });

  it('is let go of by the service when it is closed, and gives nothing more', async () => {
    await serve();
    const left = follow();
    const stayed = follow();
    await subscribed(2);
    await left.close();
    await subscribed(1);
    subgraph.emit(1);
    await expect.poll(() => stayed.seen.events, DEADLINE).toEqual([1]);
    expect(left.seen.events).toEqual([]);
  });

  it('ends with its client', async () => {
    await serve();
    follow();
    follow();
    await subscribed(2);
    await client.close();
    await subscribed(0);
    expect(() => follow()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });

  it('can be closed while it connects, while it waits to, and twice', async () => {
    const waiting = follow();
    await waiting.close();
    await waiting.close();
    await serve();
    const connecting = follow();
    await connecting.close();
    const other = follow();
    await subscribed();
    expect(connecting.seen).toEqual({ events: [], gaps: 0 });
    expect(waiting.seen).toEqual({ events: [], gaps: 0 });
    await other.close();
  });
});
