import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UnavailableError } from '../../platform/errors.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { Engine } from './engine.ts';
import { eventLines } from './event-lines.ts';
import { shownEvent } from './filters.ts';
import type { WorkerPolicy } from './policy.ts';
import type { EngineCall } from './rules.ts';

/** Each holds a connection here and one at the engine for as long as it is read; an orchestrator has one. */
const STREAMS_MAX = 32;

/**
 * Streams of the engine's events, each on its way to one caller. One ends when the engine ends it, when the caller goes,
 * or when we close, and its other end with it; a caller who reads slowly makes the engine wait.
 */
export class EventStreams implements Closeable {
  readonly #engine: Engine;
  readonly #policy: WorkerPolicy;
  readonly #open = new Set<AbortController>();

  constructor(engine: Engine, policy: WorkerPolicy) {
    this.#engine = engine;
    this.#policy = policy;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Begins one. Resolves when the caller has its head; events follow for as long as both ends are there.
   *
   * @returns The status that the caller was told.
   * @throws {UnavailableError} The engine has no events for us, or there are too many who listen: nobody was told anything.
   */
  async tell(response: ServerResponse, call: EngineCall): Promise<number> {
    if (this.#open.size >= STREAMS_MAX) throw new UnavailableError('Too many listen to events already.');
    const abort = new AbortController();
    const end = () => {
      this.#open.delete(abort);
      abort.abort();
    };
    this.#open.add(abort);
    response.once('close', end);
    try {
      const { status, body } = await this.#engine.stream(call, abort.signal);
      response.writeHead(status, { 'content-type': 'application/json' });
      // Nothing may happen for long, and until then the caller would not know that it is heard.
      response.flushHeaders();
      // What the engine says instead of events is no event.
      const isWell = status < 400;
      const lines = isWell ? eventLines((line) => shownEvent(line, this.#policy)) : new PassThrough();
      // Whichever end goes first, or breaks, takes the other with it: that is all there is to say of it.
      void pipeline(body, lines, response)
        .catch(() => {})
        .finally(end);
      return status;
    } catch (error) {
      response.off('close', end);
      end();
      throw error;
    }
  }

  close(): void {
    for (const abort of this.#open) abort.abort();
  }
}
