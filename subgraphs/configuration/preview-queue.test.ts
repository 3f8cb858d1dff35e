import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteSourceStore } from '../../platform/adapters/sqlite-source-store.ts';
import { ManualClock } from '../../platform/clock.ts';
import { UnavailableError } from '../../platform/errors.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { PreviewReport } from '../../platform/model/run.ts';
import type { Previews, SourceStore } from '../../platform/ports/source-store.ts';
import { aSpec } from '../../test/contract/source-store-builders.ts';
import { LossyBus } from '../../test/support/lossy-bus.ts';
import { createAnnouncer } from './announcer.ts';
import { PreviewQueue } from './preview-queue.ts';

const TIMEOUT_MS = 30_000;
const REPORT: PreviewReport = {
  status: 'SUCCEEDED',
  pages: 1,
  bytes: 10,
  records: 1,
  quarantined: 0,
  quarantinedRecords: [],
  misses: [],
  error: null,
  samples: [{ title: 'A' }],
};

describe('a preview', () => {
  let clock: ManualClock;
  let bus: LossyBus;
  let store: SourceStore;
  let queues: PreviewQueue[];
  let ids: number;
  beforeEach(async () => {
    clock = new ManualClock();
    bus = new LossyBus();
    store = await openSqliteSourceStore(':memory:');
    queues = [];
    ids = 0;
  });
  afterEach(async () => {
    for (const queue of queues) await queue.close();
    bus.close();
    await store.close();
  });

  /** One replica's; all of them have one store and one bus. */
  async function openQueue({ openMax = 10, previews = store as Previews } = {}) {
    const announcer = createAnnouncer({ bus, logger: silentLogger });
    const deps = { store: previews, bus, announcer, clock, newId: () => `p${++ids}`, logger: silentLogger };
    const queue = await PreviewQueue.open(deps, { timeoutMs: TIMEOUT_MS, openMax });
    queues.push(queue);
    return queue;
  }

  /** Asks for one, which is in the store when this resolves. */
  async function asked(queue: PreviewQueue, id: string) {
    const before = ids;
    const answer = queue.submit(aSpec(id), 5);
    answer.catch(() => {}); // Those that nobody awaits end with the queue.
    await expect.poll(() => store.preview(`p${before + 1}`)).toBeDefined();
    return { answer };
  }

  it('is claimed and answered at another replica than it was asked for', async () => {
    const [here, there] = [await openQueue(), await openQueue()];
    const { answer } = await asked(here, 's1');
    expect(await there.claim('w1', 4)).toEqual([{ id: 'p1', spec: aSpec('s1'), first: 5 }]);
    expect(await here.claim('w2', 4)).toEqual([]);
    expect(await here.report('p1', 'w2', REPORT)).toBe(false);
    expect(await there.report('p1', 'w1', REPORT)).toBe(true);
    expect(await answer).toEqual({ report: REPORT });
    expect(await store.preview('p1')).toBeUndefined();
  });

  it('is answered though the message of it was lost, by the next look', async () => {
    const [here, there] = [await openQueue(), await openQueue()];
    const { answer } = await asked(here, 's1');
    bus.isAway = true;
    await there.claim('w1', 1);
    await there.report('p1', 'w1', REPORT);
    clock.advance(1_000);
    expect(await answer).toEqual({ report: REPORT });
  });

  it('is answered as soon as it is known that messages were lost', async () => {
    const [here, there] = [await openQueue(), await openQueue()];
    const { answer } = await asked(here, 's1');
    bus.isAway = true;
    await there.claim('w1', 1);
    await there.report('p1', 'w1', REPORT);
    bus.comeBack();
    expect(await answer).toEqual({ report: REPORT });
  });

  it('is given up in time, saying whether any worker took it', async () => {
    const queue = await openQueue();
    const taken = await asked(queue, 'a');
    await queue.claim('w1', 1);
    const left = await asked(queue, 'b');
    clock.advance(TIMEOUT_MS - 1);
    expect(await store.hasOpenPreviews(clock.now())).toBe(true);
    clock.advance(1);
    expect(await taken.answer).toEqual({ refused: 'TIMEOUT' });
    expect(await left.answer).toEqual({ refused: 'NO_WORKER' });
    expect(await store.hasOpenPreviews(clock.now())).toBe(false);
    expect(await queue.report('p1', 'w1', REPORT)).toBe(false);
  });

  it('is answered still, where the answer came with the end of its time', async () => {
    const [here, there] = [await openQueue(), await openQueue()];
    const { answer } = await asked(here, 's1');
    bus.isAway = true;
    await there.claim('w1', 1);
    await there.report('p1', 'w1', REPORT);
    clock.advance(TIMEOUT_MS);
    expect(await answer).toEqual({ report: REPORT });
  });

  it('is refused at once where too many wait, at whichever replica', async () => {
    const [here, there] = [await openQueue({ openMax: 1 }), await openQueue({ openMax: 1 })];
    await asked(here, 'a');
    expect(await there.submit(aSpec('b'), 1)).toEqual({ refused: 'TOO_MANY' });
  });

  it('is told of when it comes, and when it is over', async () => {
    const [here, there] = [await openQueue(), await openQueue()];
    const told: string[] = [];
    await bus.subscribe('previews.changed', ({ previewId }) => told.push(previewId));
    const first = await asked(here, 'a');
    await expect.poll(() => told).toEqual(['p1']);
    await there.claim('w1', 1);
    await there.report('p1', 'w1', REPORT);
    await first.answer;
    expect(told).toEqual(['p1', 'p1']);
    const second = await asked(here, 'b');
    clock.advance(TIMEOUT_MS);
    await second.answer;
    await expect.poll(() => told).toEqual(['p1', 'p1', 'p2', 'p2']);
  });

  it('ends with the replica that it was asked for', async () => {
    const queue = await openQueue();
    const { answer } = await asked(queue, 'a');
    const ended = expect(answer).rejects.toMatchObject({ code: 'CLOSED' });
    await queue.close();
    await ended;
    expect(await store.preview('p1')).toBeUndefined();
    await expect(queue.submit(aSpec('b'), 1)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(bus.gapListenerCount).toBe(0);
  });

  it('ends with the replica, also while it is on its way into the store', async () => {
    let letIn = () => {};
    const slow: Previews = {
      ...store,
      addPreview: (preview, openMax) =>
        new Promise((resolve) => {
          letIn = () => resolve(store.addPreview(preview, openMax));
        }),
    };
    const queue = await openQueue({ previews: slow });
    const ended = expect(queue.submit(aSpec('a'), 1)).rejects.toMatchObject({ code: 'CLOSED' });
    const closed = queue.close();
    letIn();
    await Promise.all([ended, closed]);
    expect(await store.preview('p1')).toBeUndefined();
  });

  it('is not waited for any longer where it is gone from the store', async () => {
    const queue = await openQueue();
    const { answer } = await asked(queue, 'a');
    await store.endPreview('p1');
    clock.advance(1_000);
    expect(await answer).toEqual({ refused: 'NO_WORKER' });
  });

  it('ends in time as it was last seen, where the store does not answer any more', async () => {
    const seen: unknown[] = [];
    const failing: Previews = {
      ...store,
      async preview(id) {
        if (bus.isAway) throw new UnavailableError('The store is away.');
        const state = await store.preview(id);
        seen.push(state?.workerId);
        return state;
      },
      endPreview: () => Promise.reject(new UnavailableError('The store is away.')),
    };
    const queue = await openQueue({ previews: failing });
    const { answer } = await asked(queue, 'a');
    await queue.claim('w1', 1);
    await bus.publish('previews.changed', { previewId: 'p1' });
    await expect.poll(() => seen).toContain('w1');
    bus.isAway = true;
    clock.advance(TIMEOUT_MS);
    expect(await answer).toEqual({ refused: 'TIMEOUT' });
    // What stays behind is given to nobody, once its time is well over.
    expect(await store.claimPreviews('w2', 1, clock.now() + TIMEOUT_MS)).toEqual([]);
  });
});
