import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type Clock, systemClock, type Timer } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Closeable } from '../scope.ts';

export interface SubscribeHandlers<T> {
  readonly onEvent: (data: T) => void;
  /**
   * Called at each connect, the first included: what happened before is for the caller to read up. The service
   * has begun to follow by then, so that nothing falls in between.
   */
  readonly onGap: () => void;
}

interface FollowerDeps {
  /** Asked at each connect. May throw while nobody serves. */
  readonly url: () => string;
  readonly authorization: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Pause before connecting again, doubled each time up to the maximum. */
const RECONNECT_MS = 100;
const RECONNECT_MS_MAX = 5_000;
/** A few failures are a restart; more are worth a line. */
const FAILURES_WORTH_A_LINE = 5;
/** How often a peer is asked whether it is still there, and how long it may take to say so. */
const PING_MS = 10_000;
const PONG_MS_MAX = 5_000;

/** Without a limit one that is cut off while it connects would wait for minutes, and frozen peers for ever. */
class FollowerSocket extends WebSocket {
  constructor(url: string, protocols: string) {
    super(url, protocols, { handshakeTimeout: PONG_MS_MAX });
  }
}

/**
 * Follows one subscription for as long as it is open: whatever ends it, a lost connection, an error or the
 * server's own `complete`, it is subscribed to again. graphql-ws would do only the first of these, and would
 * hang where `url` throws; so each attempt is a client of its own.
 */
export function followSubscription<T>(
  { url, authorization, logger, clock = systemClock }: FollowerDeps,
  operation: { readonly query: string; readonly variables: Record<string, unknown> },
  on: SubscribeHandlers<T>,
): Closeable {
  let isClosed = false;
  let failures = 0;
  let connectedAtMs: number | undefined;
  let isGap = false;
  let client: Client | undefined;
  let reconnect: Timer | undefined;
  let pong: Timer | undefined;

  function connect(): void {
    connectedAtMs = undefined;
    try {
      client = createClient({
        url: url().replace(/^http/, 'ws'),
        webSocketImpl: FollowerSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
        connectionAckWaitTimeout: PONG_MS_MAX,
        keepAlive: PING_MS,
        on: {
          connected(socket) {
            connectedAtMs = clock.now();
            isGap = true;
            // Behind the subscribe message, which is sent before this turn of the event loop ends.
            setImmediate(() => {
              if (isClosed) return;
              (socket as WebSocket).send(JSON.stringify({ type: 'ping' }));
              expectPong();
            });
          },
          ping(isReceived) {
            if (!isReceived) expectPong();
          },
          pong(isReceived) {
            if (!isReceived) return;
            pong?.close();
            if (isGap && !isClosed) on.onGap();
            isGap = false;
          },
        },
      });
      client.subscribe<T>(operation, {
        next(result) {
          failures = 0;
          if (!isClosed && result.data) on.onEvent(result.data);
        },
        error: (error) => onEnd(error),
        complete: () => onEnd('it was completed'),
      });
    } catch (error) {
      onEnd(error);
    }
  }

  function expectPong(): void {
    const asked = client;
    pong?.close();
    pong = clock.schedule(PONG_MS_MAX, () => asked?.terminate());
  }

  function onEnd(reason: unknown): void {
    release();
    if (isClosed) return;
    const wasStable = connectedAtMs !== undefined && clock.now() - connectedAtMs > RECONNECT_MS_MAX;
    failures = wasStable ? 1 : failures + 1;
    if (failures === FAILURES_WORTH_A_LINE) {
      logger.warn({ reason: reasonOf(reason) }, 'a subscription keeps ending, trying on');
    }
    reconnect = clock.schedule(Math.min(RECONNECT_MS * 2 ** (failures - 1), RECONNECT_MS_MAX), connect);
  }

  function release(): void {
    pong?.close();
    // Rejects where it was still connecting.
    void Promise.resolve(client?.dispose()).catch(() => {});
    client = undefined;
  }

  connect();
  return {
    close() {
      isClosed = true;
      reconnect?.close();
      release();
    },
  };
}

/** A GraphQL answer's errors, a WebSocket's close or error event, or an error of ours, in words. */
function reasonOf(reason: unknown): string {
  if (Array.isArray(reason)) return reason.map(messageOf).join('; ');
  if (typeof reason !== 'object' || reason === null) return String(reason);
  if ('code' in reason && 'reason' in reason) return `closed with ${reason.code} ${reason.reason}`;
  return 'message' in reason ? String(reason.message) : messageOf(reason);
}
