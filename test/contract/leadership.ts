import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Leadership } from '../../platform/ports/leadership.ts';

/** How long an election may take, in milliseconds. */
const DEADLINE = { timeout: 30_000, interval: 5 };

/** What every leadership promises to its only candidate. */
export function leadershipContract(adapter: string, open: () => Promise<Leadership>): void {
  describe(`${adapter} is a leadership that`, () => {
    let leadership: Leadership;

    beforeEach(async () => {
      leadership = await open();
    });
    afterEach(() => leadership.close());

    const elected = () => expect.poll(() => leadership.isLeader(), DEADLINE).toBe(true);

    it('makes the only candidate the leader', async () => {
      await elected();
    });

    it('tells a watcher at once what holds', async () => {
      await elected();
      const seen: boolean[] = [];
      leadership.watch((isLeader) => seen.push(isLeader));
      expect(seen).toEqual([true]);
    });

    it('is gone once it is closed, and tells its watchers so before', async () => {
      await elected();
      const seen: boolean[] = [];
      leadership.watch((isLeader) => seen.push(isLeader));
      await leadership.close();
      expect(leadership.isLeader()).toBe(false);
      expect(seen).toEqual([true, false]);
    });

    it('tells the other watchers though one throws', async () => {
      await elected();
      const seen: boolean[] = [];
      leadership.watch(() => {
        throw new Error('a watcher at fault');
      });
      leadership.watch((isLeader) => seen.push(isLeader));
      await leadership.close();
      expect(seen).toEqual([true, false]);
    });

    it('tells nothing more to a watcher that has left', async () => {
      await elected();
      const seen: boolean[] = [];
      await leadership.watch((isLeader) => seen.push(isLeader)).close();
      await leadership.close();
      expect(seen).toEqual([true]);
    });

    it('refuses watchers once it is closed, and closes twice', async () => {
      await leadership.close();
      await leadership.close();
      expect(() => leadership.watch(() => {})).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    });
  });
}
