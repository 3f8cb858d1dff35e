import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import type { HostBudget, HostBudgetOptions, HostTurn } from '../../platform/ports/host-budget.ts';

/** How long an answer may take, in milliseconds. */
const DEADLINE = { timeout: 10_000, interval: 5 };

type Limits = () => HostBudgetOptions;
type Open = (deps: { clock: ManualClock }, limits: Limits) => Promise<HostBudget>;

/** Enough for what is under way to come to its end: of a budget elsewhere, for it to be asked and to answer. */
const SETTLE_ROUNDS = 5;

async function settle(clock: ManualClock, budgets: readonly HostBudget[]): Promise<void> {
  for (let round = 0; round < SETTLE_ROUNDS; round++) {
    for (const budget of budgets) await budget.pause('settle.example', 0);
    clock.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const never = new AbortController().signal;

/** Takes turns one after the other; what has come is in the list. */
function takeSome(budget: HostBudget, host: string, count: number): HostTurn[] {
  const turns: HostTurn[] = [];
  for (let index = 0; index < count; index++) {
    budget.take(host, never).then(
      (turn) => turns.push(turn),
      () => {},
    );
  }
  return turns;
}

/** What every HostBudget does. `open` is given a clock that stands still until the suite moves it. */
export function hostBudgetContract(name: string, open: Open): void {
  describe(name, () => {
    let clock: ManualClock;
    let budget: HostBudget;
    let limits: HostBudgetOptions;

    beforeEach(async () => {
      clock = new ManualClock();
      limits = { concurrency: 2, intervalMs: 100 };
      budget = await open({ clock }, () => limits);
    });
    afterEach(() => budget.close());

    const settled = () => settle(clock, [budget]);
    const advance = async (byMs: number) => {
      await settled();
      clock.advance(byMs);
      await settled();
    };
    const takeOf = (host: string, count: number) => takeSome(budget, host, count);
    const count = (turns: HostTurn[]) => expect.poll(() => turns.length, DEADLINE);

    it('spaces the turns of one host', async () => {
      const turns = takeOf('a.example', 2);
      await settled();
      await count(turns).toBe(1);
      await advance(99);
      await count(turns).toBe(1);
      await advance(1);
      await count(turns).toBe(2);
    });

    it('gives no more turns at once than the host may have', async () => {
      const turns = takeOf('a.example', 4);
      await advance(0);
      await advance(1_000);
      await advance(1_000);
      await count(turns).toBe(2);
      turns[0]?.release();
      await settled();
      await count(turns).toBe(3);
    });

    it('takes a turn that is given back twice for one', async () => {
      const turns = takeOf('a.example', 5);
      await settled();
      await advance(1_000);
      turns[0]?.release();
      turns[0]?.release();
      await advance(1_000);
      await advance(1_000);
      await count(turns).toBe(3);
    });

    it('lets hosts be independent of each other, and ports too', async () => {
      const turns = ['a.example', 'b.example', 'a.example:8080'].map((host) => takeOf(host, 1));
      await settled();
      await expect.poll(() => turns.map((list) => list.length), DEADLINE).toEqual([1, 1, 1]);
    });

    it('knows a host in any case', async () => {
      const turns = [takeOf('A.example', 1), takeOf('a.EXAMPLE', 1)];
      await settled();
      await expect.poll(() => turns.map((list) => list.length), DEADLINE).toEqual([1, 0]);
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
      await expect.poll(() => order, DEADLINE).toEqual([1, 2, 3]);
    });

    it('begins no turn while a host is paused, and never shortens a pause', async () => {
      await budget.pause('a.example', 5_000);
      await budget.pause('a.example', 10);
      const turns = takeOf('a.example', 1);
      await advance(4_999);
      await count(turns).toBe(0);
      await advance(1);
      await count(turns).toBe(1);
    });

    it('holds back those who wait already when the host is paused', async () => {
      const turns = takeOf('a.example', 2);
      await settled();
      await budget.pause('a.example', 5_000);
      await advance(100);
      await count(turns).toBe(1);
      await advance(4_900);
      await count(turns).toBe(2);
    });

    it('frees the place of one who no longer waits', async () => {
      const [first] = [await budget.take('a.example', never)];
      const controller = new AbortController();
      const given = budget.take('a.example', controller.signal);
      const outcome = expect(given).rejects.toThrow('enough');
      const later = takeOf('a.example', 1);
      controller.abort(new Error('enough'));
      await outcome;
      await advance(100);
      await count(later).toBe(1);
      first.release();
    });

    it('goes by limits that change meanwhile', async () => {
      const turns = takeOf('a.example', 3);
      await advance(1_000);
      await count(turns).toBe(2);
      limits = { concurrency: 3, intervalMs: 5_000 };
      takeOf('a.example', 1);
      await advance(5_000);
      await count(turns).toBe(3);
      const spaced = takeOf('b.example', 2);
      await advance(4_999);
      await count(spaced).toBe(1);
      await advance(1);
      await count(spaced).toBe(2);
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
      const turns = takeOf('host-0.example', 1);
      await settled();
      await count(turns).toBe(1);
    });
  });
}

/** What a HostBudget of several workers does besides. `open` opens one more on a place that the suite names. */
export function sharedHostBudgetContract(
  name: string,
  open: (place: string, ...how: Parameters<Open>) => Promise<HostBudget>,
): void {
  describe(name, () => {
    let clock: ManualClock;
    let limits: HostBudgetOptions;
    let workers: HostBudget[];

    beforeEach(async () => {
      clock = new ManualClock();
      limits = { concurrency: 2, intervalMs: 100 };
      const place = randomUUID();
      workers = await Promise.all([1, 2, 3].map(() => open(place, { clock }, () => limits)));
    });
    afterEach(async () => {
      for (const worker of workers) await worker.close();
    });

    const advance = async (byMs: number) => {
      await settle(clock, workers);
      clock.advance(byMs);
      await settle(clock, workers);
    };

    /** Each worker takes so many turns with a host, in their order; what has come is in the list. */
    async function takeEach(each: number, host = 'a.example') {
      const turns: { worker: number; turn: HostTurn }[] = [];
      for (const [worker, budget] of workers.entries()) {
        for (let index = 0; index < each; index++) {
          budget.take(host, never).then(
            (turn) => turns.push({ worker, turn }),
            () => {},
          );
        }
        await settle(clock, [budget]);
      }
      return turns;
    }
    const order = (turns: readonly { worker: number }[]) =>
      expect.poll(() => turns.map(({ worker }) => worker), DEADLINE);

    it('spaces the turns of all workers', async () => {
      const turns = await takeEach(1);
      await advance(99);
      await order(turns).toEqual([0]);
      await advance(1);
      await order(turns).toEqual([0, 1]);
    });

    it('gives all together no more turns at once than the host may have', async () => {
      const turns = await takeEach(2);
      for (let count = 0; count < 5; count++) await advance(1_000);
      await order(turns).toEqual([0, 0]);
      turns[0]?.turn.release();
      await order(turns).toEqual([0, 0, 1]);
      turns[1]?.turn.release();
      await advance(100);
      await order(turns).toEqual([0, 0, 1, 1]);
    });

    it('serves those who wait in their order, whichever worker they belong to', async () => {
      limits = { concurrency: 1, intervalMs: 100 };
      const turns = await takeEach(1);
      const again = takeSome(workers[1] as HostBudget, 'a.example', 1);
      const expected = [0, 1, 2];
      for (const [index] of expected.entries()) {
        await order(turns).toEqual(expected.slice(0, index + 1));
        expect(again).toHaveLength(0);
        turns[index]?.turn.release();
        await advance(100);
      }
      await expect.poll(() => again.length, DEADLINE).toBe(1);
    });

    it('pauses a host for all', async () => {
      const [first, second] = workers as [HostBudget, HostBudget];
      await first.pause('a.example', 5_000);
      await second.pause('a.example', 10);
      const turns = await takeEach(1);
      await advance(4_999);
      await order(turns).toEqual([]);
      await advance(1);
      await order(turns).toHaveLength(1);
    });

    it('frees the place of one who no longer waits, for all', async () => {
      limits = { concurrency: 1, intervalMs: 0 };
      const [first, second, third] = workers as [HostBudget, HostBudget, HostBudget];
      const held = await first.take('a.example', never);
      const controller = new AbortController();
      const outcome = expect(second.take('a.example', controller.signal)).rejects.toThrow('enough');
      await settle(clock, [second]);
      const later = takeSome(third, 'a.example', 1);
      await settle(clock, workers);
      controller.abort(new Error('enough'));
      await outcome;
      held.release();
      await expect.poll(() => later.length, DEADLINE).toBe(1);
    });

    it('gives back what a worker held when it closes, and its places', async () => {
      limits = { concurrency: 1, intervalMs: 0 };
      const [first, second, third] = workers as [HostBudget, HostBudget, HostBudget];
      await first.take('a.example', never);
      takeSome(second, 'a.example', 2);
      await settle(clock, [second]);
      const later = takeSome(third, 'a.example', 1);
      await settle(clock, [third]);
      await second.close();
      await first.close();
      await expect.poll(() => later.length, DEADLINE).toBe(1);
    });

    it('keeps the turns of a worker that holds them for long', async () => {
      limits = { concurrency: 1, intervalMs: 0 };
      const turns = await takeEach(1);
      for (let seconds = 0; seconds < 60; seconds++) await advance(1_000);
      await order(turns).toEqual([0]);
    });
  });
}
