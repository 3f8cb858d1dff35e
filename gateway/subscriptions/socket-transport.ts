import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import type { WebSocket } from 'ws';

/** Resolves when the message is on its way, or the socket is closing anyway. */
export function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(data, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * Pings the reader; one that has not answered by the next ping is taken for gone.
 *
 * @param onSilence Called where it is.
 * @returns Ends the pings.
 */
export function keepAlive(socket: WebSocket, intervalMs: number, onSilence: () => void): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const interval = setInterval(() => {
    if (!isAlive) {
      onSilence();
      return socket.terminate();
    }
    isAlive = false;
    socket.ping();
    return undefined;
  }, intervalMs);
  return () => clearInterval(interval);
}

export function refuseUpgrade(stream: Duplex, status: number, message: string): void {
  const body = JSON.stringify({ errors: [new GraphQLError(message)] });
  stream.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'connection: close',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
