import type { GraphQLFormattedError } from 'graphql';
import type { WebSocket } from 'ws';
import { PushIterator } from '../../platform/push-iterator.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Subscriber } from './live-stream.ts';

/** The close code for readers that are too slow: beside those of graphql-ws, clients connect again after it. */
const TOO_SLOW = 4413;

/** Ends a subscription with what its client is told. */
export class StreamEndedError extends Error {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors.map(({ message }) => message).join('\n'));
    this.name = 'StreamEndedError';
    this.errors = errors;
  }
}

/**
 * A subscriber at the other end of a socket. Events are written here as text that all subscribers of a stream share,
 * with only the operation's id around it; graphql-ws sees the beginning and the end.
 */
export class SocketSubscriber implements Subscriber {
  readonly #socket: WebSocket;
  readonly #prefix: string;
  readonly #bufferBytesMax: number;
  readonly #limits: GatewayMetrics['limits'];
  #written = Promise.resolve();
  #ended: readonly GraphQLFormattedError[] | undefined;
  #iterator: PushIterator<never> | undefined;

  constructor(
    { socket, limits }: { socket: WebSocket; limits: GatewayMetrics['limits'] },
    id: string,
    { bufferBytesMax }: { bufferBytesMax: number },
  ) {
    this.#socket = socket;
    this.#prefix = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    this.#bufferBytesMax = bufferBytesMax;
    this.#limits = limits;
  }

  /**
   * Waiting bytes are counted before a message is added: one that alone is larger still reaches a reader who keeps up.
   * A reader of a closing socket leaves at once: a socket whose other end does not read takes half a minute to close.
   */
  deliver(payload: string): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return void this.#iterator?.return();
    if (socket.bufferedAmount > this.#bufferBytesMax) {
      this.#limits.inc({ limit: 'SUBSCRIBER_BUFFER_BYTES_MAX' });
      socket.close(TOO_SLOW, 'Too slow: connect again and resume after your last cursor');
      return void this.#iterator?.return();
    }
    this.#written = new Promise((resolve) => socket.send(`${this.#prefix}${payload}}`, () => resolve()));
  }

  written(): Promise<void> {
    return this.#written;
  }

  end(errors: readonly GraphQLFormattedError[] = []): void {
    this.#ended = errors;
    if (!this.#iterator) return;
    if (errors.length > 0) this.#iterator.fail(new StreamEndedError(errors));
    else this.#iterator.end();
  }

  /** @returns What graphql-ws waits for: yields nothing, ends with the stream. */
  until(onReturn: () => void): PushIterator<never> {
    this.#iterator = new PushIterator({ onReturn });
    if (this.#ended) this.end(this.#ended);
    return this.#iterator;
  }
}
