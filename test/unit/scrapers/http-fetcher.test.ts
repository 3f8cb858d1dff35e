import type { LookupAddress } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryHostBudget } from '../../../platform/adapters/memory-host-budget.ts';
import { ManualClock, systemClock } from '../../../platform/clock.ts';
import type { SourceFormat } from '../../../platform/model/source-spec.ts';
import { createAddressGuard } from '../../../platform/network/address-guard.ts';
import type { Fetcher } from '../../../scrapers/fetchers/fetcher.ts';
import { type HttpFetcherOptions, openHttpFetcher } from '../../../scrapers/fetchers/http.ts';
import type { ResolveHost } from '../../../scrapers/fetchers/vetted-lookup.ts';
import { type Answer, type FixtureSite, json, openFixtureSite } from './fixture-site.ts';

const HTML = { 'content-type': 'text/html; charset=utf-8' };
const PAGE = '<!doctype html><title>Café</title>';

let site: FixtureSite;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  site = await openFixtureSite({ '/': PAGE });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await site.close();
});

interface FetcherOptions extends Partial<HttpFetcherOptions> {
  readonly allow?: string;
  readonly resolveHost?: ResolveHost;
  readonly clock?: ManualClock;
}

function openFetcher({
  allow = '127.0.0.1/32',
  resolveHost,
  clock,
  ...options
}: FetcherOptions = {}): Fetcher {
  const budget = new MemoryHostBudget({ clock: systemClock }, () => ({ concurrency: 10, intervalMs: 0 }));
  const fetcher = openHttpFetcher(
    {
      guard: createAddressGuard(allow),
      budget,
      clock: systemClock,
      steadyClock: clock ?? systemClock,
      ...(resolveHost ? { resolveHost } : {}),
    },
    { timeoutMs: 20_000, bodyBytesMax: 100_000, redirectsMax: 5, userAgent: 'Test/1', ...options },
  );
  closing.push(
    () => budget.close(),
    () => fetcher.close(),
  );
  return fetcher;
}

const never = new AbortController().signal;

function fetchPage(
  path: string,
  { format = 'HTML', ...options }: FetcherOptions & { format?: SourceFormat } = {},
) {
  return openFetcher(options).fetch({ url: new URL(path, site.url).href, format }, never);
}

/** Names that resolve as the test says, to the site's own port. */
function resolving(names: Readonly<Record<string, readonly string[]>>): ResolveHost {
  return (hostname, callback) => {
    const addresses = names[hostname];
    if (!addresses) return callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

const named = (hostname: string, path = '/') => `http://${hostname}:${new URL(site.url).port}${path}`;

function redirect(location: string, status = 302): Answer {
  return (response) => response.writeHead(status, { location }).end();
}

describe('redirects', () => {
  it('follows relative and absolute ones, and says where the page was found', async () => {
    site.on('/a', redirect('b/c', 301));
    site.on('/b/c', redirect(`${site.url}/d?x=1`, 307));
    site.on('/d?x=1', PAGE);
    const page = await fetchPage('/a');
    expect(page).toEqual({ url: `${site.url}/d?x=1`, text: PAGE, bytes: Buffer.byteLength(PAGE) });
  });

  it('notices a circle', async () => {
    site.on('/a', redirect('/b'));
    site.on('/b', redirect('/a'));
    await expect(fetchPage('/a')).rejects.toMatchObject({ code: 'TOO_MANY_REDIRECTS', retryable: false });
    expect(site.requests).toEqual(['/a', '/b']);
  });

  it('follows no more than it may', async () => {
    for (let count = 0; count < 10; count++) site.on(`/${count}`, redirect(`/${count + 1}`));
    await expect(fetchPage('/0', { redirectsMax: 3 })).rejects.toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
    expect(site.requests).toHaveLength(4);
  });

  it('shows credentials to the site they are for, and to no other', async () => {
    const seen: (string | undefined)[] = [];
    const record: Answer = (response, request) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: named('other.example', '/end') }).end();
    };
    site.on('/start', record);
    site.on('/end', (response, request) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, HTML).end(PAGE);
    });
    const url = named('home.example', '/start').replace('http://', 'http://me:secret@');
    const resolveHost = resolving({ 'home.example': ['127.0.0.1'], 'other.example': ['127.0.0.1'] });
    const page = await openFetcher({ resolveHost }).fetch({ url, format: 'HTML' }, never);
    expect(seen).toEqual([`Basic ${Buffer.from('me:secret').toString('base64')}`, undefined]);
    expect(page.url).toBe(named('other.example', '/end'));
  });
});

describe('addresses', () => {
  it.each([
    'http://127.0.0.1:1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
  ])('refuses %s', async (url) => {
    await expect(openFetcher({ allow: '' }).fetch({ url, format: 'HTML' }, never)).rejects.toMatchObject({
      code: 'ADDRESS_FORBIDDEN',
      retryable: false,
      message: expect.stringContaining('SCRAPER_ALLOW_NETWORKS'),
    });
  });

  it.each(['file:///etc/passwd', 'ftp://a.example/', 'nonsense', 'data:text/html,x'])(
    'refuses %s',
    async (url) => {
      await expect(openFetcher().fetch({ url, format: 'HTML' }, never)).rejects.toMatchObject({
        code: 'ADDRESS_FORBIDDEN',
      });
    },
  );

  it('refuses a name that leads to a private address', async () => {
    const resolveHost = resolving({ 'evil.example': ['10.0.0.1'], 'evil6.example': ['fd00::1', '::1'] });
    for (const host of ['evil.example', 'evil6.example', 'localhost']) {
      const fetching = openFetcher({
        allow: '',
        resolveHost: host === 'localhost' ? resolving({ localhost: ['127.0.0.1', '::1'] }) : resolveHost,
      }).fetch({ url: `http://${host}/`, format: 'HTML' }, never);
      await expect(fetching).rejects.toMatchObject({ code: 'ADDRESS_FORBIDDEN', url: `http://${host}/` });
    }
  });

  it('connects to the vetted one of several addresses only', async () => {
    const resolveHost = resolving({ 'mixed.example': ['10.255.255.1', '127.0.0.1', '169.254.169.254'] });
    const page = await openFetcher({ resolveHost }).fetch(
      { url: named('mixed.example'), format: 'HTML' },
      never,
    );
    expect(page.text).toBe(PAGE);
  });

  it('asks for the addresses anew at each connection, and is not fooled by the second answer', async () => {
    let asked = 0;
    const resolveHost: ResolveHost = (_, callback) =>
      callback(null, [{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
    site.on('/', (response) => response.writeHead(200, { ...HTML, connection: 'close' }).end(PAGE));
    const fetcher = openFetcher({ resolveHost });
    await fetcher.fetch({ url: named('rebind.example'), format: 'HTML' }, never);
    await expect(
      fetcher.fetch({ url: named('rebind.example'), format: 'HTML' }, never),
    ).rejects.toMatchObject({
      code: 'ADDRESS_FORBIDDEN',
    });
  });

  it('refuses a redirect to a private address, by number and by name', async () => {
    const resolveHost = resolving({ 'good.example': ['127.0.0.1'], 'inner.example': ['192.168.0.1'] });
    for (const target of ['http://192.168.0.1/', 'http://inner.example/', 'http://169.254.169.254/']) {
      site.on('/go', redirect(target));
      const fetching = openFetcher({ resolveHost }).fetch(
        { url: named('good.example', '/go'), format: 'HTML' },
        never,
      );
      await expect(fetching).rejects.toMatchObject({ code: 'ADDRESS_FORBIDDEN', url: target });
    }
  });
});

describe('bodies', () => {
  const bytes = Buffer.from(PAGE);
  it.each<[string, Buffer]>([
    ['gzip', gzipSync(bytes)],
    ['x-gzip', gzipSync(bytes)],
    ['br', brotliCompressSync(bytes)],
    ['deflate', deflateSync(bytes)],
    ['deflate', deflateRawSync(bytes)],
    ['identity', bytes],
    ['deflate, gzip', gzipSync(deflateSync(bytes))],
  ])('undoes content encoding %s', async (encoding, body) => {
    site.on('/z', (response) => response.writeHead(200, { ...HTML, 'content-encoding': encoding }).end(body));
    expect(await fetchPage('/z')).toMatchObject({ text: PAGE, bytes: bytes.length });
  });

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
    ['deflate', deflateSync(Buffer.alloc(50_000_000))],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(50_000_000)))],
  ])('does not let a bomb of %s go off', async (encoding, body) => {
    expect(body.length).toBeLessThan(100_000);
    site.on('/z', (response) => response.writeHead(200, { ...HTML, 'content-encoding': encoding }).end(body));
    await expect(fetchPage('/z')).rejects.toMatchObject({ code: 'TOO_LARGE', retryable: false });
  });

  it('stops reading a body that grows beyond the limit', async () => {
    let isClosed = false;
    site.on('/z', (response) => {
      response.writeHead(200, HTML);
      const chunk = Buffer.alloc(10_000, 'x');
      const write = () => {
        if (isClosed) return;
        if (response.write(chunk)) setImmediate(write);
        else response.once('drain', write);
      };
      response.on('close', () => {
        isClosed = true;
      });
      write();
    });
    await expect(fetchPage('/z')).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await vi.waitFor(() => expect(isClosed).toBe(true));
  });

  it.each<[string, Answer, code: string, retryable: boolean]>([
    [
      'ends before its length',
      (response) => {
        response.writeHead(200, { ...HTML, 'content-length': '1000' });
        response.write('<p>', () => response.destroy());
      },
      'CONNECTION_FAILED',
      true,
    ],
    [
      'breaks off between chunks',
      (response) => {
        response.writeHead(200, HTML);
        response.write('<p>', () => response.destroy());
      },
      'CONNECTION_FAILED',
      true,
    ],
    [
      'ends within its compressed data',
      (response) =>
        response
          .writeHead(200, { ...HTML, 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.from(PAGE.repeat(100))).subarray(0, 60)),
      'CONNECTION_FAILED',
      true,
    ],
    [
      'is not what its encoding says',
      (response) => response.writeHead(200, { ...HTML, 'content-encoding': 'gzip' }).end(PAGE),
      'BAD_CONTENT',
      false,
    ],
    [
      'is encoded as nobody knows',
      (response) => response.writeHead(200, { ...HTML, 'content-encoding': 'zstd' }).end(PAGE),
      'BAD_CONTENT',
      false,
    ],
    [
      'is encoded over and over',
      (response) => response.writeHead(200, { ...HTML, 'content-encoding': 'gzip,gzip,gzip' }).end(PAGE),
      'BAD_CONTENT',
      false,
    ],
  ])('does not take a body that %s', async (_, answer, code, retryable) => {
    site.on('/z', answer);
    await expect(fetchPage('/z')).rejects.toMatchObject({ code, retryable, url: `${site.url}/z` });
  });
});

describe('time', () => {
  it('gives up a page that does not come, and one that stops halfway', async () => {
    site.on('/silent', () => {});
    site.on('/half', (response) => {
      response.writeHead(200, HTML);
      response.write('<p>');
    });
    for (const path of ['/silent', '/half']) {
      const clock = new ManualClock();
      const fetching = fetchPage(path, { clock, timeoutMs: 5_000 });
      const outcome = expect(fetching).rejects.toMatchObject({
        code: 'TIMEOUT',
        retryable: true,
        message: expect.stringContaining('5 seconds'),
      });
      await vi.waitFor(() => expect(site.requests).toContain(path));
      clock.advance(5_000);
      await outcome;
    }
  });

  it('counts the redirects in', async () => {
    const clock = new ManualClock();
    site.on('/slow', (response) => {
      clock.advance(3_000);
      redirect('/silent')(response, undefined as never);
    });
    site.on('/silent', () => {});
    const fetching = fetchPage('/slow', { clock, timeoutMs: 5_000 });
    const outcome = expect(fetching).rejects.toMatchObject({ code: 'TIMEOUT', url: `${site.url}/silent` });
    await vi.waitFor(() => expect(site.requests).toContain('/silent'));
    clock.advance(2_000);
    await outcome;
  });

  it('stops at once when it is told to', async () => {
    site.on('/silent', () => {});
    const controller = new AbortController();
    const fetching = openFetcher().fetch({ url: `${site.url}/silent`, format: 'HTML' }, controller.signal);
    const outcome = expect(fetching).rejects.toThrow('enough');
    await vi.waitFor(() => expect(site.requests).toContain('/silent'));
    controller.abort(new Error('enough'));
    await outcome;
  });

  it('stops at once while it connects, too', async () => {
    let isConnecting = false;
    const resolveHost = () => {
      isConnecting = true;
    };
    const controller = new AbortController();
    const fetching = openFetcher({ resolveHost }).fetch(
      { url: named('nowhere.example'), format: 'HTML' },
      controller.signal,
    );
    const ended = expect(fetching).rejects.toThrow('enough');
    await expect.poll(() => isConnecting).toBe(true);
    controller.abort(new Error('enough'));
    await ended;
  });
});

describe('what a site answers', () => {
  it.each([
    [404, false],
    [403, false],
    [429, true],
    [500, true],
    [304, false],
  ])('says that it answered %i', async (status, retryable) => {
    site.on('/z', (response) => response.writeHead(status, { 'retry-after': '7' }).end());
    await expect(fetchPage('/z')).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      retryable,
      retryAfterMs: 7_000,
      message: expect.stringContaining(String(status)),
    });
  });

  it.each<[string, SourceFormat, string, string]>([
    ['HTML where JSON was wanted', 'JSON', 'text/html', 'HTML'],
    ['JSON where HTML was wanted', 'HTML', 'application/json', 'JSON'],
    ['a picture', 'HTML', 'image/png', 'image/png'],
    ['a PDF', 'HTML', 'application/pdf', 'application/pdf'],
  ])('refuses %s', async (_, format, type, named) => {
    site.on('/z', (response) => response.writeHead(200, { 'content-type': type }).end('x'));
    await expect(fetchPage('/z', { format })).rejects.toMatchObject({
      code: 'BAD_CONTENT',
      message: expect.stringContaining(named),
    });
  });

  it('reads JSON with a byte order mark', async () => {
    site.on('/z', (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('\ufeff{"a":"é"}'),
    );
    expect(JSON.parse((await fetchPage('/z', { format: 'JSON' })).text)).toEqual({ a: 'é' });
    site.on('/j', json({ a: 1 }));
    expect((await fetchPage('/j', { format: 'JSON' })).text).toBe('{"a":1}');
  });

  it('says what is wrong with a connection', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const fetcher = openFetcher({ resolveHost: resolving({}) });
    await expect(
      fetcher.fetch({ url: `http://127.0.0.1:${port}/`, format: 'HTML' }, never),
    ).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      retryable: true,
    });
    await expect(
      fetcher.fetch({ url: 'http://unknown.example/', format: 'HTML' }, never),
    ).rejects.toMatchObject({
      code: 'DNS_FAILED',
      message: expect.stringContaining('unknown.example'),
    });
    const { hostname, port: plainPort } = new URL(site.url);
    await expect(
      fetcher.fetch({ url: `https://${hostname}:${plainPort}/`, format: 'HTML' }, never),
    ).rejects.toMatchObject({ code: 'TLS_FAILED', retryable: false });
  });

  it('says of a server that speaks another protocol that it does', async () => {
    const server: Server = createServer((socket) => socket.resume().end('220 mail.example ESMTP\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(openFetcher().fetch({ url, format: 'HTML' }, never)).rejects.toMatchObject({
      code: 'BAD_CONTENT',
    });
  });

  it('says who asks', async () => {
    let agent: string | undefined;
    site.on('/z', (response, request) => {
      agent = request.headers['user-agent'];
      response.writeHead(200, HTML).end(PAGE);
    });
    await fetchPage('/z');
    expect(agent).toBe('Test/1');
  });
});
