import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Closeable } from '../../platform/scope.ts';

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** A Docker Engine that behaves as a test says. */
export interface FakeEngine extends Closeable {
  /** As RUNTIME_URL has it. */
  readonly url: string;
  /** Method and path of each request, in their order. */
  readonly asked: readonly string[];
  /** @param behaviour What it does from now on. */
  become(behaviour: Behaviour): void;
}

export const answers =
  (status: number, body: unknown): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

export const hangs: Behaviour = () => {};

/** @param socketPath Where it listens. @default any port of this machine */
export async function openFakeEngine(behaviour: Behaviour, socketPath?: string): Promise<FakeEngine> {
  let current = behaviour;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    current(request, response);
  });
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  const port = () => (server.address() as AddressInfo).port;
  return {
    url: socketPath === undefined ? `http://127.0.0.1:${port()}` : `unix://${socketPath}`,
    asked,
    become(next) {
      current = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
