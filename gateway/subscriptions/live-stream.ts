import { type ExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Closeable } from '../../platform/scope.ts';
import { codedError, publicError } from '../execution/errors.ts';
import type { Executor } from '../execution/execute.ts';
import type { PreparedOperation } from '../execution/prepare.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Start, SubscriptionOperation } from './operation.ts';
import { isPlace, RecentMessages } from './recent-messages.ts';
import type { Upstreams } from './upstreams.ts';

/** One subscriber's end of a stream. */
export interface Subscriber {
  /** @param payload A result as JSON, the same text for all subscribers of the stream. */
  deliver(payload: string): void;
  /** Resolves once what was delivered is on its way, or never will be. */
  written(): Promise<void>;
  /** Nothing follows. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface StreamDeps {
  readonly upstreams: Upstreams;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  /** The same operation on the current graph; as it was, where it no longer fits. */
  readonly renew: (prepared: PreparedOperation) => PreparedOperation;
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

/** An upstream that was lost later than this had been there: an attempt to connect fails earlier. */
const STABLE_MS = 30_000;

/** Kept for subscribers who join: enough for the few events between a snapshot and its reader's joining. */
const RECENT = { messagesMax: 64, charactersMax: 256 * 1024 };

/** Events that wait to be joined. Beyond them the upstream is left, and resumed later, when it sums the changes up. */
const WAITING_MAX = 100;
/** The same where it cannot be resumed, and leaving it ends the subscriptions. */
const WAITING_MAX_UNRESUMABLE = 10_000;

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
  readonly recent = new RecentMessages(RECENT);
  /** Whether all its events are new: it began now, or has caught up. */
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
  /** Since when it has been tried in vain. */
  #lostAtMs: number | undefined;
  #connectedAtMs = 0;
  /** Of a state that is told: the last event, until its turn comes. */
  #state: { readonly event: ExecutionResult; readonly end: () => void } | undefined;
  /** Where the upstream goes on behind the last event delivered. */
  #cursor: string | undefined;

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
    this.#cursor = subject.start.from === 'cursor' ? subject.start.cursor : undefined;
    this.#onMoved = (stream) => on.moved(stream);
    this.#onClosed = (stream) => on.closed(stream);
    this.#connect(undefined);
  }

  /** On the graph of the last event. */
  get prepared(): PreparedOperation {
    return this.#prepared;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get subscriberCount(): number {
    return this.#subscribers.size;
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
    const { subgraph, isResumable } = this.operation;
    const waitingMax = isResumable ? WAITING_MAX : WAITING_MAX_UNRESUMABLE;
    const request = this.operation.upstreamRequest(this.#variables, after);
    this.#connectedAtMs = this.#deps.clock.now();
    this.#upstream = this.#deps.upstreams.subscribe(subgraph, request, {
      onEvent: (event) => {
        if (this.operation.tellsState) return this.#tellState(event);
        if (this.#waiting.length >= waitingMax) return this.#overflow();
        const end = this.#deps.metrics.eventDuration.startTimer();
        return this.#enqueue(() => this.#handle(event, end));
      },
      onErrors: (errors) => this.#enqueue(() => this.end(errors.map((error) => this.#publicError(error)))),
      onComplete: () => this.#enqueue(() => this.end()),
      onLost: (reason) => this.#enqueue(() => this.#resume(reason)),
    });
  }

  /** What a slow reader has not got by then, it need not get any more: it gets the last, and nothing piles up. */
  #tellState(event: ExecutionResult): void {
    const isWaiting = this.#state !== undefined;
    this.#state = { event, end: this.#deps.metrics.eventDuration.startTimer() };
    if (isWaiting) return;
    this.#enqueue(() => {
      const state = this.#state;
      this.#state = undefined;
      return state && this.#handle(state.event, state.end);
    });
  }

  #overflow(): void {
    this.#deps.metrics.limits.inc({ limit: 'WAITING_MAX' });
    void this.#upstream?.close();
    this.#enqueue(() =>
      this.#cursor === undefined
        ? this.#resume('events came faster than they could be joined')
        : this.#connect(this.#cursor),
    );
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

  /** @param end Called when all subscribers have it. */
  async #handle(event: ExecutionResult, end: () => void): Promise<void> {
    this.#isBack();
    this.#prepared = this.#deps.renew(this.#prepared);
    const result = await this.#deps.executor.executeEvent(
      this.#prepared,
      this.#variables,
      event,
      this.#abort.signal,
    );
    if (this.#isClosed) return;
    const message = JSON.stringify(result);
    this.hasDelivered = true;
    if (event.data) this.#move(message, this.operation.cursorOf(event));
    const subscribers = [...this.#subscribers];
    for (const subscriber of subscribers) subscriber.deliver(message);
    this.#deps.metrics.deliveredEvents.inc(subscribers.length);
    end();
    this.#onMoved(this);
    // A snapshot is sent as fast as it is taken, and so is a state. What happens now waits for nobody.
    const { isResumable, tellsState } = this.operation;
    const isTaken = tellsState || (isResumable && this.recent.place === undefined);
    if (isTaken && !this.#isClosed) {
      await Promise.race(subscribers.map((subscriber) => subscriber.written()));
    }
  }

  #move(message: string, cursor: string | undefined): void {
    const place = cursor !== undefined && isPlace(cursor) ? cursor : undefined;
    // The first place of a stream that had none is where it has caught up with the present.
    if (place !== undefined && this.recent.place === undefined) this.isCurrent = true;
    this.#cursor = cursor;
    this.recent.push(place, message);
  }

  #resume(reason: string): void {
    const { clock, logger, metrics } = this.#deps;
    if (clock.now() - this.#connectedAtMs >= STABLE_MS) this.#isBack();
    const canStartAnew = this.operation.tellsState || (!this.hasDelivered && this.start.from === 'snapshot');
    this.#lostAtMs ??= clock.now();
    const isTooLong = clock.now() - this.#lostAtMs >= this.#options.resumeTimeoutMs;
    const about = { reason, subscription: this.operation.rootField };
    if ((this.#cursor === undefined && !canStartAnew) || isTooLong) {
      logger.warn(about, 'upstream lost, its subscribers are told');
      metrics.lostUpstreams.inc({ outcome: 'ended' });
      if (isTooLong) metrics.limits.inc({ limit: 'SUBSCRIPTION_RESUME_TIMEOUT' });
      this.end([UPSTREAM_LOST]);
      return;
    }
    logger.info(about, 'upstream lost, resuming');
    metrics.lostUpstreams.inc({ outcome: 'resumed' });
    this.#retry = clock.schedule(this.#retryMs, () => this.#connect(this.#cursor));
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  #isBack(): void {
    this.#lostAtMs = undefined;
    this.#retryMs = RETRY_MS;
  }

  #publicError({ message, extensions }: GraphQLFormattedError): GraphQLFormattedError {
    return publicError(new GraphQLError(message, { extensions: extensions ?? {} }), this.#deps.logger);
  }
}

const UPSTREAM_LOST = codedError(
  'DATASOURCE_UNAVAILABLE',
  'The events were interrupted. Subscribe again; where you have a cursor, resume after it.',
).toJSON();
