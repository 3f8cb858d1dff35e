import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Leadership } from '../../platform/ports/leadership.ts';

/** How long an election may take, in milliseconds. */
const DEADLINE = { timeout: 30_000, interval: 5 };

/** How long it may take where the one before has gone of itself: less than any lease, in milliseconds. */
const HANDOVER = { timeout: 8_000, interval: 5 };

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

    it('knows of no other leader', async () => {
      await elected();
      expect(leadership.isOtherLeading()).toBe(false);
      await leadership.close();
      expect(leadership.isOtherLeading()).toBe(false);
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

/** What a leadership promises to several candidates. @param open Opens one more candidate for the same role. */
export function rivalsContract(adapter: string, open: () => Promise<Leadership>): void {
  describe(`${adapter} is a leadership that, among several candidates,`, () => {
    const candidates: Leadership[] = [];
    afterEach(async () => {
      await Promise.all(candidates.splice(0).map((candidate) => candidate.close()));
    });

    async function join(): Promise<Leadership> {
      const candidate = await open();
      candidates.push(candidate);
      return candidate;
    }
    const leads = (candidate: Leadership) => expect.poll(() => candidate.isLeader(), DEADLINE).toBe(true);

    it('makes one the leader, which the others know', async () => {
      const first = await join();
      await leads(first);
      const second = await join();
      await expect.poll(() => second.isOtherLeading(), DEADLINE).toBe(true);
      expect([first.isLeader(), second.isLeader()]).toEqual([true, false]);
      expect(first.isOtherLeading()).toBe(false);
    });

    it('lets another take over at once when the leader leaves, and tells it', async () => {
      const first = await join();
      await leads(first);
      const second = await join();
      const seen: boolean[] = [];
      second.watch((isLeader) => seen.push(isLeader));
      await first.close();
      await expect.poll(() => second.isLeader(), HANDOVER).toBe(true);
      expect(seen).toEqual([false, true]);
      expect(second.isOtherLeading()).toBe(false);
    });

    it('never has two, however they come and go', async () => {
      let most = 0;
      const count = (): number => {
        const leaders = candidates.filter((candidate) => candidate.isLeader()).length;
        most = Math.max(most, leaders);
        return leaders;
      };
      for (let round = 0; round < 5; round++) {
        const comers = await Promise.all([join(), join()]);
        for (const comer of comers) comer.watch(count);
        await expect.poll(count, DEADLINE).toBeGreaterThan(0);
        const leader = candidates.find((one) => one.isLeader());
        if (leader) candidates.splice(candidates.indexOf(leader), 1);
        await leader?.close();
      }
      expect(most).toBe(1);
    });
  });
}
