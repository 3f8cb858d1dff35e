import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Closeable } from '../../platform/scope.ts';

export interface ReadyServer extends Closeable {
  readonly origin: string;
  isReady: boolean;
}

/** What a registry asks of a service: whether it is ready. */
export async function openReadyServer(): Promise<ReadyServer> {
  const server = createServer((_, response) => {
    response.writeHead(ready.isReady ? 200 : 503).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ready = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isReady: true,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return ready;
}
