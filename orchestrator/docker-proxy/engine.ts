import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { messageOf, UnavailableError } from '../../platform/errors.ts';
import { linkAbort } from '../../platform/linked-abort.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { EngineCall } from './rules.ts';

export interface EngineOptions {
  readonly socketPath: string;
  readonly timeoutMs: number;
}

export interface EngineAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface EngineStream {
  readonly status: number;
  readonly body: Readable;
}

type Call = Pick<EngineCall, 'method' | 'path' | 'query' | 'body'>;

/** Calls at once: an orchestrator makes a few, and there is one of them that acts. Others wait within their deadline. */
const CONNECTIONS_MAX = 32;

/** Services and tasks of a swarm of some ten thousand workers fit; more would be held in memory several times. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** The engine behind its socket. It is asked what was decided, with nothing of the caller's own headers. */
export class Engine implements Closeable {
  readonly #pool: Pool;
  /** Events: not in the way of calls, nor held to their deadline. */
  readonly #streams: Pool;
  readonly #options: EngineOptions;

  /** Connects with the first call. */
  constructor(options: EngineOptions) {
    const { socketPath, timeoutMs } = options;
    this.#options = options;
    this.#pool = new Pool('http://docker', {
      socketPath,
      connections: CONNECTIONS_MAX,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    this.#streams = new Pool('http://docker', { socketPath, headersTimeout: timeoutMs, bodyTimeout: 0 });
  }

  /** @throws {UnavailableError} It does not answer in time, or answers too much. */
  async call(call: Call): Promise<EngineAnswer> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const { statusCode, headers, body } = await this.#pool.request(requestOf(call, signal));
      return {
        status: statusCode,
        contentType: String(headers['content-type'] ?? 'application/json'),
        body: await bytesOf(body),
      };
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /**
   * For an answer that goes on: the deadline is for its beginning, and the signal ends it.
   *
   * @throws {UnavailableError} It does not begin in time.
   */
  async stream(call: Call, signal: AbortSignal): Promise<EngineStream> {
    const abort = linkAbort(signal);
    const timer = setTimeout(
      () => abort.controller.abort(new Error(`not within ${this.#options.timeoutMs} ms`)),
      this.#options.timeoutMs,
    );
    try {
      const { statusCode, body } = await this.#streams.request(requestOf(call, abort.signal));
      body.once('close', abort.unlink);
      return { status: statusCode, body };
    } catch (error) {
      abort.unlink();
      throw this.#unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#streams.destroy()]);
  }

  #unavailable(error: unknown): UnavailableError {
    return new UnavailableError(
      `Docker does not answer at ${this.#options.socketPath}: ${messageOf(error)}`,
      error,
    );
  }
}

function requestOf({ method, path, query, body }: Call, signal: AbortSignal) {
  const search = query.size === 0 ? '' : `?${query}`;
  return {
    method,
    path: `${path}${search}`,
    signal,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  };
}

async function bytesOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`it says more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
