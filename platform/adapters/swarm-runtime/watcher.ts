import type { Clock, Timer } from '../../clock.ts';
import { createFailureLog, type FailureLog } from '../../failure-log.ts';
import type { Logger } from '../../logger.ts';
import type { Connection } from './endpoints.ts';
import type { SwarmEngine } from './engine.ts';
import type { EngineEvent } from './engine-types.ts';
import { LABELS, serviceNamePrefix } from './names.ts';

/** How long a connection that died without a word stays unnoticed: events that are lost so, the next one makes good. */
const STREAM_MS = 60_000;
/** After a stream that ended or did not come, doubled with each one that did not come, up to the maximum. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 5_000;
/** An event is some hundred bytes: what has no end is none. */
const LINE_LENGTH_MAX = 1024 * 1024;

/** Of a worker's container only what changes its task: health checks and shells are events, too. */
const FILTERS = {
  type: ['service', 'node', 'container'],
  event: ['create', 'update', 'remove', 'start', 'die', 'health_status'],
};

export interface WatcherDeps {
  readonly engine: SwarmEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: () => void;
}

/**
 * Follows what the engine says is happening: to services and nodes of the whole swarm, to containers only of the node
 * that is asked. What happens elsewhere is noticed by looking.
 */
export class EventWatcher {
  readonly #deps: WatcherDeps;
  readonly #keyPrefix: string;
  readonly #failureLog: FailureLog;
  #failures = 0;
  #timer: Timer | undefined;
  #connection: Connection | undefined;
  #isClosed = false;

  constructor(deps: WatcherDeps, keyPrefix: string) {
    this.#deps = deps;
    this.#keyPrefix = keyPrefix;
    this.#failureLog = createFailureLog(deps.logger, 'watching docker');
    void this.#follow();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.close();
    this.#connection?.close();
  }

  async #follow(): Promise<void> {
    try {
      const { answer, connection } = await this.#deps.engine.open((docker, abortSignal) =>
        docker.getEvents({ filters: JSON.stringify(FILTERS), abortSignal }),
      );
      if (this.#isClosed) return connection.close();
      this.#connection = connection;
      this.#failures = 0;
      this.#failureLog.succeeded();
      // Before it nobody listened.
      this.#deps.onChange();
      const end = () => this.#end(connection);
      this.#timer = this.#deps.clock.schedule(STREAM_MS, end);
      answer.on('data', this.#lines());
      for (const ended of ['end', 'error', 'close']) answer.once(ended, end);
    } catch (error) {
      if (this.#isClosed) return;
      this.#failureLog.failed(error);
      const pauseMs = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX);
      this.#timer = this.#deps.clock.schedule(pauseMs, () => void this.#follow());
    }
  }

  #end(connection: Connection): void {
    if (this.#connection !== connection || this.#isClosed) return;
    this.#connection = undefined;
    this.#timer?.close();
    connection.close();
    this.#timer = this.#deps.clock.schedule(RETRY_MS, () => void this.#follow());
  }

  /** Events are JSON, one on each line; a line may come in parts. */
  #lines(): (chunk: Buffer | string) => void {
    let rest = '';
    return (chunk) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()?.slice(0, LINE_LENGTH_MAX) ?? '';
      if (lines.some((line) => this.#concernsUs(line))) this.#deps.onChange();
    };
  }

  #concernsUs(line: string): boolean {
    if (line.trim() === '') return false;
    try {
      const { Type, Actor } = JSON.parse(line) as EngineEvent;
      const attributes = Actor?.Attributes ?? {};
      if (Type === 'service')
        return attributes.name?.startsWith(serviceNamePrefix(this.#keyPrefix)) !== false;
      return Type !== 'container' || attributes[LABELS.platform] === this.#keyPrefix;
    } catch {
      // Whatever it was, something has happened.
      return true;
    }
  }
}
