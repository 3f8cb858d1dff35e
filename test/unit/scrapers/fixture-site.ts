import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface FixtureSite {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Paths in the order in which they were asked for. */
  readonly requests: string[];
  /** Answers a path from now on. */
  on(path: string, answer: Answer | string): void;
  close(): Promise<void>;
}

/** A site on loopback whose every path answers as the test says; others are 404. */
export async function openFixtureSite(
  pages: Readonly<Record<string, Answer | string>> = {},
): Promise<FixtureSite> {
  const answers = new Map(Object.entries(pages));
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const answer = answers.get(path);
    if (typeof answer === 'function') answer(response, request);
    else if (answer === undefined) response.writeHead(404).end('nothing here');
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(answer);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    on: (path, answer) => void answers.set(path, answer),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function json(value: unknown): Answer {
  return (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** A shop's page: items of title, price and link, and the way to the next page. */
export function shopPage(items: readonly { title: string; price?: string }[], next?: string): string {
  const list = items.map(
    ({ title, price }) =>
      `<li class="item"><a href="/items/${encodeURIComponent(title)}">${title}</a>` +
      `${price === undefined ? '' : `<b class="price">${price}</b>`}</li>`,
  );
  const link = next === undefined ? '' : `<a class="next" href="${next}">next</a>`;
  return `<!doctype html><title>Shop</title><ul>${list.join('')}</ul>${link}`;
}
