import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../platform/clock.ts';
import { silentLogger } from '../platform/logger.ts';
import { type Loop, startLoop } from './loop.ts';

let loop: Loop | undefined;
afterEach(() => loop?.close());

/** Work that ends when the test says so. */
function createWork() {
  const turns: { end: () => void; fail: () => void }[] = [];
  let running = 0;
  return {
    turns,
    get running() {
      return running;
    },
    work: () => {
      running++;
      return new Promise<void>((resolve, reject) => {
        turns.push({ end: resolve, fail: () => reject(new Error('no luck')) });
      }).finally(() => running--);
    },
  };
}

function open() {
  const clock = new ManualClock();
  const work = createWork();
  const started = startLoop({ clock, logger: silentLogger }, work.work, {
    resyncMs: 10_000,
    retryMs: 100,
    retryMsMax: 350,
  });
  loop = started;
  return { clock, work, loop: started };
}

/** Lets everything that is ready happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('The loop', () => {
  it('rests until it is woken', async () => {
    const { work, loop } = open();
    expect(work.turns).toHaveLength(0);
    loop.wake();
    expect(work.turns).toHaveLength(1);
    work.turns[0]?.end();
  });

  it('never works twice at once, and turns many wakes into one more turn', async () => {
    const { work, loop } = open();
    loop.wake();
    for (let count = 0; count < 5; count++) loop.wake();
    expect(work.running).toBe(1);
    work.turns[0]?.end();
    await settle();
    expect(work.turns).toHaveLength(2);
    expect(work.running).toBe(1);
    work.turns[1]?.end();
    await settle();
    expect(work.turns).toHaveLength(2);
  });

  it('works again after a while though nobody asks', async () => {
    const { clock, work, loop } = open();
    loop.wake();
    work.turns[0]?.end();
    await settle();
    clock.advance(9_999);
    expect(work.turns).toHaveLength(1);
    clock.advance(1);
    expect(work.turns).toHaveLength(2);
    work.turns[1]?.end();
  });

  it('tries again after a failure, each time later up to a bound, and whatever wakes it', async () => {
    const { clock, work, loop } = open();
    loop.wake();
    for (const [turn, pauseMs] of [100, 200, 350, 350].entries()) {
      work.turns[turn]?.fail();
      await settle();
      loop.wake();
      clock.advance(pauseMs - 1);
      expect(work.turns).toHaveLength(turn + 1);
      clock.advance(1);
      expect(work.turns).toHaveLength(turn + 2);
    }
    work.turns[4]?.end();
    await settle();
    loop.wake();
    expect(work.turns).toHaveLength(6);
    work.turns[5]?.end();
  });

  it('closes when its work has ended, and works no more', async () => {
    const { clock, work, loop } = open();
    loop.wake();
    loop.wake();
    let isClosed = false;
    const closed = loop.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect(isClosed).toBe(false);
    work.turns[0]?.end();
    await closed;
    loop.wake();
    clock.advance(100_000);
    await settle();
    expect(work.turns).toHaveLength(1);
  });
});
