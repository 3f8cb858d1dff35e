import { expect, it } from 'vitest';
import { ManualClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { FollowLoop } from './follow-loop.ts';

const RESYNC_MS = 10_000;

/** A loop whose passes end when they are told to. */
function openLoop() {
  const clock = new ManualClock();
  const passes: { resolve(): void; reject(error: Error): void; readonly signal: AbortSignal }[] = [];
  const loop = new FollowLoop(
    { clock, logger: silentLogger },
    (signal) => new Promise<void>((resolve, reject) => passes.push({ resolve, reject, signal })),
    { what: {}, resyncMs: RESYNC_MS },
  );
  /** Ends the pass that runs, and lets what follows begin. */
  const end = async (error?: Error) => {
    const pass = passes.at(-1);
    if (error) pass?.reject(error);
    else pass?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, loop, passes, end };
}

it('makes one more pass for however many wakes come during one', async () => {
  const { loop, passes, end } = openLoop();
  loop.wake();
  for (let wakes = 0; wakes < 5; wakes++) loop.wake();
  expect(passes.length).toBe(1);
  await end();
  expect(passes.length).toBe(2);
  await end();
  expect(passes.length).toBe(2);
  await loop.close();
});

it('makes a pass on its own after the resync interval', async () => {
  const { clock, loop, passes, end } = openLoop();
  loop.wake();
  await end();
  clock.advance(RESYNC_MS - 1);
  expect(passes.length).toBe(1);
  clock.advance(1);
  expect(passes.length).toBe(2);
  await end();
  await loop.close();
});

it('tries again after a failure with longer and longer pauses, never longer than resync', async () => {
  const { clock, loop, passes, end } = openLoop();
  const pauses: number[] = [];
  loop.wake();
  for (let failures = 0; failures < 9; failures++) {
    await end(new Error('down'));
    const before = passes.length;
    const since = clock.now();
    while (passes.length === before) clock.advance(50);
    pauses.push(clock.now() - since);
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  await end();
  loop.wake();
  await end(new Error('down again'));
  clock.advance(100);
  expect(passes.length).toBe(12);
  await end();
  await loop.close();
});

it('does not wait out the pause when it is woken: whoever wakes it is alive', async () => {
  const { loop, passes, end } = openLoop();
  loop.wake();
  await end(new Error('down'));
  loop.wake();
  expect(passes.length).toBe(2);
  await end();
  await loop.close();
});

it('syncs with a pass that began after the call', async () => {
  const { loop, passes, end } = openLoop();
  loop.wake();
  let isSynced = false;
  const synced = loop.sync().then(() => {
    isSynced = true;
  });
  await end();
  expect([passes.length, isSynced]).toEqual([2, false]);
  await end();
  await synced;
  await loop.close();
});

it('tells who syncs how the pass went that began after the call, not the one before', async () => {
  const { loop, passes, end } = openLoop();
  loop.wake();
  const afterFailure = loop.sync();
  await end(new Error('down'));
  await end();
  await expect(afterFailure).resolves.toBeUndefined();
  const failing = loop.sync();
  const alsoFailing = expect(failing).rejects.toThrow('down again');
  await end(new Error('down again'));
  await alsoFailing;
  expect(passes.length).toBe(3);
  await loop.close();
});

it('gives all who sync during a pass one more between them', async () => {
  const { loop, passes, end } = openLoop();
  loop.wake();
  const synced = Promise.all([loop.sync(), loop.sync(), loop.sync()]);
  await end();
  await end();
  await synced;
  expect(passes.length).toBe(2);
  await loop.close();
});

it('aborts the pass that runs when it is closed, and begins none afterwards', async () => {
  const { clock, loop, passes, end } = openLoop();
  loop.wake();
  const closed = loop.close();
  expect(passes[0]?.signal.aborted).toBe(true);
  await end(new Error('aborted'));
  await closed;
  await expect(loop.sync()).rejects.toMatchObject({ code: 'CLOSED' });
  loop.wake();
  clock.advance(10 * RESYNC_MS);
  expect(passes.length).toBe(1);
});
