import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import { encodeChangeCursor } from '../../platform/model/cursor.ts';
import { gatewayMetrics } from '../metrics.ts';
import { LiveStream, type Subscriber } from './live-stream.ts';
import type { SubscriptionOperation } from './operation.ts';
import type { UpstreamListener, Upstreams } from './upstreams.ts';

const RESUME_TIMEOUT_MS = 60_000;

/** A stream between a subgraph and a subscriber that are both played by the test. */
class Stage {
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  ended: readonly GraphQLFormattedError[] | undefined;
  /** One for each subscription in the subgraph, with the cursor it resumed after. */
  readonly upstreams: { readonly after: string | undefined; readonly listener: UpstreamListener }[] = [];
  readonly stream: LiveStream;

  /** Called where the stream waits for what it told to be on its way. @default it is */
  written: () => Promise<void> = async () => {};

  constructor(start: 'now' | 'snapshot', tellsState = false) {
    const upstreams: Upstreams = {
      subscribe: (_subgraph, { variables }, listener) => {
        this.upstreams.push({ after: variables.after as string | undefined, listener });
        return { close: () => {} };
      },
      close: () => {},
    };
    const operation = {
      subgraph: 'endpoint',
      rootField: 'booksChanged',
      isResumable: !tellsState,
      tellsState,
      upstreamRequest: (_variables: unknown, after: string | undefined) => ({
        query: '',
        variables: { after },
      }),
      cursorOf: ({ data }: ExecutionResult) =>
        tellsState ? undefined : (data?.cursor as string | undefined),
    } as unknown as SubscriptionOperation;
    const executor = {
      execute: () => Promise.reject(new Error('no query here')),
      executeEvent: async (_prepared: unknown, _variables: unknown, event: ExecutionResult) => event as never,
    };
    this.stream = new LiveStream(
      {
        upstreams,
        executor,
        clock: this.clock,
        logger: silentLogger,
        metrics: gatewayMetrics(new Metrics()),
        renew: (prepared) => prepared,
      },
      { prepared: {} as never, operation, variables: {}, start: { from: start } },
      { resumeTimeoutMs: RESUME_TIMEOUT_MS },
      { moved: () => {}, closed: () => {} },
    );
    const subscriber: Subscriber = {
      deliver: (payload) => this.told.push(payload),
      written: () => this.written(),
      end: (errors = []) => {
        this.ended = errors;
      },
    };
    this.stream.add(subscriber);
  }

  async say(version: number): Promise<string> {
    const cursor = encodeChangeCursor({ incarnation: 'one', version });
    this.upstreams.at(-1)?.listener.onEvent({ data: { cursor } });
    await nextTurn();
    return cursor;
  }

  async lose(): Promise<void> {
    this.upstreams.at(-1)?.listener.onLost('gone');
    await nextTurn();
  }

  /** @returns How long it waited before it subscribed again; undefined where it does not any more. */
  async waitForRetry(): Promise<number | undefined> {
    const before = this.upstreams.length;
    for (let waitedMs = 0; waitedMs <= 20_000; waitedMs += 100) {
      if (this.upstreams.length > before) return waitedMs;
      this.clock.advance(100);
      await nextTurn();
    }
    return undefined;
  }
}

describe('LiveStream', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage('snapshot');
  });

  it('subscribes again behind the last event, with longer and longer pauses', async () => {
    const cursor = await stage.say(1);
    const pauses: (number | undefined)[] = [];
    for (let times = 0; times < 8; times++) {
      await stage.lose();
      pauses.push(await stage.waitForRetry());
      expect(stage.upstreams.at(-1)?.after).toBe(cursor);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it('tells its subscribers once it has tried long enough', async () => {
    await stage.say(1);
    while (!stage.ended && stage.clock.now() < Date.UTC(2026, 0, 2)) {
      await stage.lose();
      await stage.waitForRetry();
    }
    expect(stage.ended).toMatchObject([{ extensions: { code: 'DATASOURCE_UNAVAILABLE' } }]);
    expect(stage.clock.now() - Date.UTC(2026, 0, 1)).toBeGreaterThanOrEqual(RESUME_TIMEOUT_MS);
    expect(stage.stream.isClosed).toBe(true);
  });

  it('does not hold an earlier loss against an upstream that has been there since', async () => {
    await stage.say(1);
    for (let hours = 0; hours < 3; hours++) {
      await stage.lose();
      expect(await stage.waitForRetry()).toBe(100);
      stage.clock.advance(3_600_000);
    }
    await stage.say(2);
    expect(stage.told.length).toBe(2);
    expect(stage.ended).toBeUndefined();
  });

  it('begins anew where nothing has been told yet, and only then', async () => {
    await stage.lose();
    await stage.waitForRetry();
    expect(stage.upstreams.map(({ after }) => after)).toEqual([undefined, undefined]);
    expect(stage.ended).toBeUndefined();

    const present = new Stage('now');
    await present.lose();
    expect(present.ended).toMatchObject([{ extensions: { code: 'DATASOURCE_UNAVAILABLE' } }]);
  });

  it('begins anew at any time where it is told a state', async () => {
    const state = new Stage('snapshot', true);
    await state.say(1);
    await state.lose();
    expect(await state.waitForRetry()).toBe(100);
    await state.say(2);
    expect(state.told.length).toBe(2);
    expect(state.ended).toBeUndefined();
  });

  it('tells a slow reader the last state, and none of those before', async () => {
    const state = new Stage('snapshot', true);
    let take: () => void = () => {};
    state.written = () =>
      new Promise((resolve) => {
        take = resolve;
      });
    const cursors = [];
    for (let version = 1; version <= 20; version++) cursors.push(await state.say(version));
    expect(state.told.length).toBe(1);
    take();
    await nextTurn();
    expect(state.told.map((text) => JSON.parse(text).data.cursor)).toEqual([cursors[0], cursors[19]]);
  });

  it('tells what came before a loss or an end, before it tells of that', async () => {
    const { listener } = stage.upstreams[0] ?? {};
    for (const version of [1, 2, 3]) {
      listener?.onEvent({ data: { cursor: encodeChangeCursor({ incarnation: 'one', version }) } });
    }
    listener?.onErrors([
      { message: 'The collection is gone.', extensions: { code: 'NOT_FOUND', trace: 'x' } },
    ]);
    await nextTurn();
    await nextTurn();
    expect(stage.told.length).toBe(3);
    expect(stage.ended).toEqual([{ message: 'The collection is gone.', extensions: { code: 'NOT_FOUND' } }]);
  });
});
