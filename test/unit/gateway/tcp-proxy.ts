import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Closeable } from '../../../platform/scope.ts';

export interface TcpProxy extends Closeable {
  readonly url: string;
  /** Connections that clients hold open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Cuts all connections, as a network or a process does that fails. */
  cut(): void;
  /** From here on nothing comes through the connections there are, in either direction; they stay open. */
  hold(): void;
}

/** Stands between a service and its clients. */
export async function openProxy(target: string): Promise<TcpProxy> {
  const { hostname, port, pathname } = new URL(target);
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    sockets.add(socket);
    socket.on('data', (data) => !held.has(socket) && upstream.write(data));
    upstream.on('data', (data) => !held.has(socket) && socket.write(data));
    const end = () => {
      sockets.delete(socket);
      socket.destroy();
      upstream.destroy();
    };
    for (const side of [socket, upstream]) side.on('close', end).on('error', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    sockets,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    hold() {
      for (const socket of sockets) held.add(socket);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
