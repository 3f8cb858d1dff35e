import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Clock, Timer } from '../../platform/clock.ts';
import { createCatalogue } from './catalogue.ts';
import { page } from './layout.ts';
import { encodeWindows1252, picture } from './media.ts';
import { categoryPage, listPage, newsPage, outletPage, productPage } from './pages.ts';
import { reviewsJson } from './reviews.ts';

export interface ShopOptions {
  readonly clock: Clock;
  /** 0 takes any free port. @default 0 */
  readonly port?: number;
  /** Shops with the same seed sell the same. @default 1 */
  readonly seed?: number;
  /** Pause between two changes of the shop, in milliseconds; undefined: only `step` changes it. */
  readonly changeEveryMs?: number;
}

export interface Shop {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  /** A day of business: prices and stock change, products come and go, somebody writes a review. */
  step(): void;
  close(): Promise<void>;
}

interface Answer {
  readonly type: string;
  readonly body: string | Buffer;
}

/** Opens a shop on this machine: pages as shops have them, that change as shops do. */
export async function openShop({ clock, port = 0, seed = 1, changeEveryMs }: ShopOptions): Promise<Shop> {
  const catalogue = createCatalogue(seed);
  const server = createServer((request, response) => answer(request, response));

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://shop.invalid');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const found = find(url);
    const { type, body } = found ?? notFound();
    const bytes = Buffer.from(body as string);
    const isGzip = /\bgzip\b/.test(String(request.headers['accept-encoding']));
    const sent = isGzip ? gzipSync(bytes) : bytes;
    response.writeHead(found ? 200 : 404, {
      'content-type': type,
      'content-length': sent.length,
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : sent);
  }

  function find({ pathname, searchParams }: URL): Answer | undefined {
    const current = catalogue.current();
    const [, folder, name] = /^\/(?:(catalogue\/category|catalogue|media)\/)?([^/]*)$/.exec(pathname) ?? [];
    const slug = name?.replace(/\.(html|svg)$/, '') ?? '';
    switch (folder) {
      case 'catalogue/category':
        return html(categoryPage(current, slug));
      case 'catalogue':
        return html(
          slug.startsWith('page-') ? listPage(current, Number(slug.slice(5))) : productPage(current, slug),
        );
      case 'media':
        return { type: 'image/svg+xml', body: picture(slug) };
    }
    switch (pathname) {
      case '/':
        return html(listPage(current, 1));
      case '/outlet.html':
        return html(outletPage(current));
      case '/nouveautes.html':
        // The encoding stands in the page alone, as on many an old one.
        return { type: 'text/html', body: encodeWindows1252(newsPage(current)) };
      case '/api/reviews.json':
        return json(reviewsJson(current, Number(searchParams.get('page') ?? 1), shopUrl));
      case '/robots.txt':
        return { type: 'text/plain', body: 'User-agent: *\nAllow: /\n' };
      default:
        return undefined;
    }
  }

  function notFound(): Answer {
    const { stepCount } = catalogue.current();
    const body = page({ title: 'Not found', stepCount, body: '<h1>We do not have that</h1>' });
    return { type: 'text/html; charset=utf-8', body };
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let timer: Timer | undefined;
  function changeLater(): void {
    if (changeEveryMs === undefined) return;
    timer = clock.schedule(changeEveryMs, () => {
      catalogue.step();
      changeLater();
    });
  }
  changeLater();

  return {
    url: shopUrl,
    step: () => catalogue.step(),
    async close() {
      timer?.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function html(body: string | undefined): Answer | undefined {
  return body === undefined ? undefined : { type: 'text/html; charset=utf-8', body };
}

function json(value: unknown): Answer | undefined {
  return value === undefined
    ? undefined
    : { type: 'application/json', body: JSON.stringify(value, undefined, 2) };
}
