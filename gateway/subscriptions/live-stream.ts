import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Closeable } from '../../platform/scope.ts';
import { codedError, publicError } from '../execution/errors.ts';
import type { Executor } from '../execution/execute.ts';
import type { PreparedOperation } from '../execution/prepare.ts';
import type { Start, SubscriptionOperation } from './operation.ts';
import { RecentMessages } from './position.ts';
import type { Upstreams } from './upstreams.ts';

/** One subscriber's end of a stream. */
export interface Subscriber {
  /** @param payload A result as JSON, the same text for all subscribers of the stream. */
  deliver(payload: string): void;
  /** Nothing follows. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface StreamDeps {
  readonly upstreams: Upstreams;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The same operation on the current graph; undefined where it no longer fits. */
  readonly renew: (prepared: PreparedOperation) => PreparedOperation | undefined;
}

export interface StreamOptions {
  /** How long an upstream that is lost is tried again before its subscribers are told. */
  readonly resumeTimeoutMs: number;
}

/** What a stream is about: one operation with its variables. */
export interface StreamSubject {
  readonly prepared: PreparedOperation;
  readonly operation: SubscriptionOperation;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly start: Start;
}

/** Pause before a lost upstream is subscribed to again, doubled each time up to the maximum. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;

/** Kept for subscribers who join: enough for the few events between a snapshot and its reader's joining. */
const RECENT = { messagesMax: 64, charactersMax: 256 * 1024 };

/** Events that wait to be joined; beyond them the upstream is left and resumed later, where it sums changes up. */
const WAITING_MAX = 1_000;

/**
 * One upstream, one execution for each of its events, and one text for all its subscribers.
 *
 * Events are joined one after the other, so that what subscribers get is in the upstream's order. An upstream that
 * is lost is subscribed to again behind the last event that was delivered; where there is no such place, the
 * subscribers are told, since they would miss what happened meanwhile.
 */
export class LiveStream {
  readonly operation: SubscriptionOperation;
  readonly start: Start;
  readonly recent: RecentMessages;
  /** Whether all its events are new: it began now, or with a snapshot, not at a cursor of some time ago. */
  isCurrent: boolean;
  /** Whether a subscriber who joins now would miss something that others have got. */
  hasDelivered = false;

  readonly #deps: StreamDeps;
  readonly #options: StreamOptions;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #onMoved: (stream: LiveStream) => void;
  readonly #onClosed: (stream: LiveStream) => void;
  readonly #subscribers = new Set<Subscriber>();
  readonly #abort = new AbortController();
  readonly #waiting: (() => Promise<void> | void)[] = [];
  #prepared: PreparedOperation;
  #upstream: Closeable | undefined;
  #isWorking = false;
  #isClosed = false;
  #retry: Timer | undefined;
  #retryMs = RETRY_MS;
  #lostAtMs: number | undefined;

  /**
   * @param on.moved Called after each delivery.
   * @param on.closed Called once, when the last subscriber has left or been told of the end.
   */
  constructor(
    deps: StreamDeps,
    subject: StreamSubject,
    options: StreamOptions,
    on: { moved(stream: LiveStream): void; closed(stream: LiveStream): void },
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#prepared = subject.prepared;
    this.operation = subject.operation;
    this.#variables = subject.variables;
    this.start = subject.start;
    this.isCurrent = subject.start.from === 'now';
    this.recent = new RecentMessages(
      RECENT,
      subject.start.from === 'cursor' ? subject.start.cursor : undefined,
    );
    this.#onMoved = (stream) => on.moved(stream);
    this.#onClosed = (stream) => on.closed(stream);
    this.#connect(undefined);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** From here on the subscriber gets every event. */
  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  /** The last to leave closes the upstream. */
  remove(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.#close();
  }

  /** Hands all subscribers over, and closes. */
  moveTo(other: LiveStream, missed: readonly string[]): readonly Subscriber[] {
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    for (const subscriber of subscribers) {
      for (const message of missed) subscriber.deliver(message);
      other.add(subscriber);
    }
    this.#close();
    return subscribers;
  }

  /** Tells all subscribers, and closes. */
  end(errors?: readonly GraphQLFormattedError[]): void {
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    this.#close();
    for (const subscriber of subscribers) subscriber.end(errors);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry?.close();
    void this.#upstream?.close();
    this.#abort.abort();
    this.#onClosed(this);
  }

  #connect(after: string | undefined): void {
    const { subgraph } = this.operation;
    const request = this.operation.upstreamRequest(this.#variables, after);
    this.#upstream = this.#deps.upstreams.subscribe(subgraph, request, {
      onEvent: (event) => {
        if (this.#waiting.length >= WAITING_MAX) this.#overflow();
        else this.#enqueue(() => this.#handle(event));
      },
      onErrors: (errors) => this.#enqueue(() => this.end(errors.map((error) => this.#publicError(error)))),
      onComplete: () => this.#enqueue(() => this.end()),
      onLost: (reason) => this.#enqueue(() => this.#resume(reason)),
    });
  }

  #overflow(): void {
    void this.#upstream?.close();
    this.#enqueue(() => this.#resume(new Error('events came faster than they could be joined')));
  }

  /** Does one thing after the other: what the upstream said last never overtakes what it said before. */
  #enqueue(work: () => Promise<void> | void): void {
    this.#waiting.push(work);
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next && !this.#isClosed; next = this.#waiting.shift())
      await next();
    this.#isWorking = false;
  }

  async #handle(event: ExecutionResult): Promise<void> {
    this.#lostAtMs = undefined;
    this.#retryMs = RETRY_MS;
    this.#prepared = this.#deps.renew(this.#prepared) ?? this.#prepared;
    const result = await this.#deps.executor.executeEvent(
      this.#prepared,
      this.#variables,
      event,
      this.#abort.signal,
    );
    if (this.#isClosed) return;
    const message = JSON.stringify(result);
    this.hasDelivered = true;
    if (event.data) this.#move(this.operation.cursorOf(event), message);
    for (const subscriber of [...this.#subscribers]) subscriber.deliver(message);
    this.#onMoved(this);
  }

  #move(cursor: string | undefined, message: string): void {
    if (cursor === undefined) {
      this.recent.clear();
    } else {
      // The end of a snapshot is the present.
      if (this.recent.head === undefined) this.isCurrent = true;
      this.recent.push(cursor, message);
    }
  }

  #resume(reason: unknown): void {
    const { clock, logger } = this.#deps;
    const { head } = this.recent;
    const isUntouched = !this.hasDelivered && this.start.from === 'snapshot';
    this.#lostAtMs ??= clock.now();
    const isTooLong = clock.now() - this.#lostAtMs >= this.#options.resumeTimeoutMs;
    if ((head === undefined && !isUntouched) || isTooLong) {
      logger.warn({ err: reason, subscription: this.operation.rootField }, 'upstream lost, subscribers told');
      this.end([UPSTREAM_LOST]);
      return;
    }
    logger.info({ err: reason, subscription: this.operation.rootField }, 'upstream lost, resuming');
    this.#retry = clock.schedule(this.#retryMs, () => this.#connect(head));
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  #publicError(error: GraphQLFormattedError): GraphQLFormattedError {
    const { message, extensions } = error;
    const code = extensions?.code;
    return typeof code === 'string'
      ? { message, extensions: { code } }
      : publicError(new Error(message), this.#deps.logger);
  }
}

const UPSTREAM_LOST = codedError(
  'DATASOURCE_UNAVAILABLE',
  'The events were interrupted. Subscribe again; where you have a cursor, resume after it.',
).toJSON();
