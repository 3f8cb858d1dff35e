import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import type { PreviewReport } from '../../platform/model/run.ts';
import { aSpec } from '../../test/contract/source-store-builders.ts';
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

function openQueue(queuedMax = 10) {
  const clock = new ManualClock();
  let ids = 0;
  const queue = new PreviewQueue({ clock, newId: () => `p${++ids}` }, { timeoutMs: TIMEOUT_MS, queuedMax });
  return { queue, clock };
}

describe('a preview', () => {
  it('is given to one worker, and answered by it', async () => {
    const { queue } = openQueue();
    const answer = queue.submit(aSpec('s1'), 5);
    expect(queue.claim('w1', 4)).toEqual([{ id: 'p1', spec: aSpec('s1'), first: 5 }]);
    expect(queue.claim('w2', 4)).toEqual([]);
    expect(queue.report('p1', 'w2', REPORT)).toBe(false);
    expect(queue.report('p1', 'w1', REPORT)).toBe(true);
    expect(await answer).toEqual({ report: REPORT });
    expect(queue.report('p1', 'w1', REPORT)).toBe(false);
    expect(queue.size).toBe(0);
  });

  it('is given out oldest first, as many as are asked for', () => {
    const { queue } = openQueue();
    for (const id of ['a', 'b', 'c']) void queue.submit(aSpec(id), 1);
    expect(queue.claim('w1', 2).map(({ spec }) => spec.id)).toEqual(['a', 'b']);
    expect(queue.hasUnclaimed).toBe(true);
    expect(queue.claim('w1', 2).map(({ spec }) => spec.id)).toEqual(['c']);
    expect(queue.hasUnclaimed).toBe(false);
    expect(queue.size).toBe(3);
  });

  it('is given up in time, saying whether any worker took it', async () => {
    const { queue, clock } = openQueue();
    const taken = queue.submit(aSpec('a'), 1);
    queue.claim('w1', 1);
    const left = queue.submit(aSpec('b'), 1);
    clock.advance(TIMEOUT_MS - 1);
    expect(queue.size).toBe(2);
    clock.advance(1);
    expect(await taken).toEqual({ refused: 'TIMEOUT' });
    expect(await left).toEqual({ refused: 'NO_WORKER' });
    expect(queue.report('p1', 'w1', REPORT)).toBe(false);
  });

  it('is refused at once where too many wait', async () => {
    const { queue } = openQueue(1);
    void queue.submit(aSpec('a'), 1);
    expect(await queue.submit(aSpec('b'), 1)).toEqual({ refused: 'TOO_MANY' });
    expect(queue.size).toBe(1);
  });

  it('is told of when it comes and when it goes', async () => {
    const { queue } = openQueue();
    const sizes: number[] = [];
    const handle = queue.onChange(() => sizes.push(queue.size));
    const answer = queue.submit(aSpec('a'), 1);
    queue.claim('w1', 1);
    queue.report('p1', 'w1', REPORT);
    await answer;
    await handle.close();
    void queue.submit(aSpec('b'), 1);
    expect(sizes).toEqual([1, 0]);
  });

  it('ends with the queue', async () => {
    const { queue } = openQueue();
    const answer = queue.submit(aSpec('a'), 1);
    queue.close();
    await expect(answer).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(queue.submit(aSpec('b'), 1)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
