import { expect, it } from 'vitest';
import { ManualClock } from '../../../platform/clock.ts';
import { silentLogger } from '../../../platform/logger.ts';
import type { CollectionStore } from '../../../platform/ports/collection-store.ts';
import { Collections } from '../collections.ts';
import type { Folder } from './folder.ts';
import { openResync } from './resync.ts';

const EVERY_MS = 10_000;

it('looks once more where it was woken while it looked: what it had passed may have been missed', async () => {
  const clock = new ManualClock();
  let unfolded: readonly string[] = [];
  let answer = async () => unfolded;
  const woken: string[] = [];
  const resync = await openResync(
    {
      store: { unfolded: () => answer() } as CollectionStore,
      collections: new Collections(),
      folder: {
        wake: (incarnation) => void woken.push(incarnation),
        holds: () => false,
      } as Partial<Folder> as Folder,
      clock,
      logger: silentLogger,
    },
    { everyMs: EVERY_MS },
  );
  let go = () => {};
  const isTime = new Promise<void>((resolve) => (go = resolve));
  answer = async () => {
    const seen = unfolded;
    await isTime;
    return seen;
  };
  resync.wake();
  unfolded = ['books-1'];
  resync.wake();
  go();
  await expect.poll(() => clock.pending, { timeout: 10_000, interval: 5 }).toBe(1);
  clock.advance(0);
  await expect.poll(() => woken, { timeout: 10_000, interval: 5 }).toEqual(['books-1']);
  await resync.close();
  expect(clock.pending).toBe(0);
});
