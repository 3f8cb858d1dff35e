import {
  type AddressInfo,
  connect,
  createServer,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net';

/** Stands between the services and a server they use, and fails as networks and servers do. */
export interface FaultProxy {
  readonly port: number;
  /** Connections break, and new ones are refused: the server is stopped. */
  stop(): Promise<void>;
  /** Takes connections again, at the same port. */
  restart(): Promise<void>;
  /** Connections break, and may come back at once. */
  cut(): void;
  /** Connections stay and come about, and nothing gets through: the server is frozen. */
  freeze(): void;
  thaw(): void;
  /** Everything takes so much longer, in each direction, in milliseconds. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export function openFaultProxy(host: string, port: number): Promise<FaultProxy> {
  return openFaultProxyTo({ host, port });
}

/**
 * @param target Where the server is: an address, or a socket's path.
 * @param at This machine's address at which it listens instead.
 */
export async function openFaultProxyTo(target: NetConnectOpts, at = '127.0.0.1'): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let thawed = Promise.resolve();
  let thaw = () => {};

  /** Chunks keep their order: each waits for the one before. */
  function forward(from: Socket, to: Socket): void {
    let last = Promise.resolve();
    from.on('data', (chunk) => {
      const due = delayMs === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, delayMs));
      last = Promise.all([last, thawed, due]).then(() => {
        if (!to.destroyed) to.write(chunk);
      });
    });
  }

  function accept(client: Socket): void {
    const upstream = connect(target);
    sockets.add(client);
    forward(client, upstream);
    forward(upstream, client);
    const end = () => {
      sockets.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const side of [client, upstream]) side.on('close', end).on('error', end);
  }

  const server: Server = createServer(accept);
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, at, resolve);
    });
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  };
  return {
    port: own,
    stop,
    restart: () => listen(own),
    cut,
    freeze() {
      thawed = new Promise((resolve) => {
        thaw = resolve;
      });
    },
    thaw: () => thaw(),
    delay(ms) {
      delayMs = ms;
    },
    async close() {
      thaw();
      await stop();
    },
  };
}
