import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import type { HostBudget, HostBudgetOptions, HostTurn } from '../../platform/ports/host-budget.ts';

/** What every HostBudget does. `open` is given a clock that stands still until the suite moves it. */
export function hostBudgetContract(
  name: string,
  open: (deps: { clock: ManualClock }, options: HostBudgetOptions) => Promise<HostBudget>,
): void {
  describe(name, () => {
    let clock: ManualClock;
    let budget: HostBudget;
    const opened: HostBudget[] = [];
    const never = new AbortController().signal;

    const openWith = async (options: HostBudgetOptions) => {
      clock = new ManualClock();
      budget = await open({ clock }, options);
      opened.push(budget);
    };
    beforeEach(() => openWith({ concurrency: 2, intervalMs: 100 }));
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });

    const settle = () => new Promise((resolve) => setImmediate(resolve));
    const advance = async (byMs: number) => {
      clock.advance(byMs);
      await settle();
    };

    /** Takes turns one after the other; what has come is in the list. */
    function takeSome(host: string, count: number): HostTurn[] {
      const turns: HostTurn[] = [];
      for (let index = 0; index < count; index++) {
        budget.take(host, never).then(
          (turn) => turns.push(turn),
          () => {},
        );
      }
      return turns;
    }

    it('spaces the turns of one host', async () => {
      const turns = takeSome('a.example', 2);
      await settle();
      expect(turns).toHaveLength(1);
      await advance(99);
      expect(turns).toHaveLength(1);
      await advance(1);
      expect(turns).toHaveLength(2);
    });

    it('gives no more turns at once than the host may have', async () => {
      const turns = takeSome('a.example', 4);
      await advance(0);
      await advance(1_000);
      await advance(1_000);
      expect(turns).toHaveLength(2);
      turns[0]?.release();
      await settle();
      expect(turns).toHaveLength(3);
    });

    it('takes a turn that is given back twice for one', async () => {
      const turns = takeSome('a.example', 5);
      await settle();
      await advance(1_000);
      turns[0]?.release();
      turns[0]?.release();
      await advance(1_000);
      await advance(1_000);
      expect(turns).toHaveLength(3);
    });

    it('lets hosts be independent of each other, and ports too', async () => {
      const turns = ['a.example', 'b.example', 'a.example:8080'].map((host) => takeSome(host, 1));
      await settle();
      expect(turns.map((list) => list.length)).toEqual([1, 1, 1]);
    });

    it('knows a host in any case', async () => {
      const turns = [takeSome('A.example', 1), takeSome('a.EXAMPLE', 1)];
      await settle();
      expect(turns.map((list) => list.length)).toEqual([1, 0]);
    });

    it('serves those who wait in their order', async () => {
      const order: number[] = [];
      for (const index of [1, 2, 3]) {
        void budget.take('a.example', never).then((turn) => {
          order.push(index);
          turn.release();
        });
      }
      for (let count = 0; count < 3; count++) await advance(100);
      expect(order).toEqual([1, 2, 3]);
    });

    it('begins no turn while a host is paused, and never shortens a pause', async () => {
      await budget.pause('a.example', 5_000);
      await budget.pause('a.example', 10);
      const turns = takeSome('a.example', 1);
      await advance(4_999);
      expect(turns).toHaveLength(0);
      await advance(1);
      expect(turns).toHaveLength(1);
    });

    it('holds back those who wait already when the host is paused', async () => {
      const turns = takeSome('a.example', 2);
      await settle();
      await budget.pause('a.example', 5_000);
      await advance(100);
      expect(turns).toHaveLength(1);
      await advance(4_900);
      expect(turns).toHaveLength(2);
    });

    it('frees the place of one who no longer waits', async () => {
      const [first] = [await budget.take('a.example', never)];
      const controller = new AbortController();
      const given = budget.take('a.example', controller.signal);
      const outcome = expect(given).rejects.toThrow('enough');
      const later = takeSome('a.example', 1);
      controller.abort(new Error('enough'));
      await outcome;
      await advance(100);
      expect(later).toHaveLength(1);
      first.release();
    });

    it('refuses one who gave up before', async () => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(budget.take('a.example', signal)).rejects.toThrow('enough');
    });

    it('lets nobody wait for ever once it is closed', async () => {
      await budget.take('a.example', never);
      const waiting = budget.take('a.example', never);
      const outcome = expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
      await budget.close();
      await outcome;
      await expect(budget.take('a.example', never)).rejects.toMatchObject({ code: 'CLOSED' });
    });

    it('serves thousands of hosts', async () => {
      for (let index = 0; index < 5_000; index++) {
        const turn = await budget.take(`host-${index}.example`, never);
        turn.release();
        if (index % 500 === 0) clock.advance(1_000);
      }
      const turns = takeSome('host-0.example', 1);
      await settle();
      expect(turns).toHaveLength(1);
    });
  });
}
