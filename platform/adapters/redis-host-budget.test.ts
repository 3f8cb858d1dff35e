import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogLines } from '../../test/support/log-lines.ts';
import { isRedisInstalled, openPrivateRedis, type PrivateRedis } from '../../test/support/private-redis.ts';
import { openProxy } from '../../test/unit/gateway/tcp-proxy.ts';
import { type Clock, ManualClock, systemClock } from '../clock.ts';
import { randomId } from '../ids.ts';
import type { HostBudget, HostBudgetOptions, HostTurn } from '../ports/host-budget.ts';
import { Scope } from '../scope.ts';
import { openRedisHostBudget } from './redis-host-budget.ts';

/** How long it may take until an outage is noticed, and over, in milliseconds. */
const DEADLINE = { timeout: 20_000, interval: 5 };

const ALONE = 'host budget not shared while redis is away: each worker keeps to it by itself';
const SHARED = 'host budget shared again';
const HOST = 'a.example';
const never = new AbortController().signal;

describe.skipIf(!isRedisInstalled)('The budget over Redis', () => {
  let scope: Scope;
  let redis: PrivateRedis;
  let limits: HostBudgetOptions;

  beforeEach(async () => {
    scope = new Scope();
    redis = scope.use(await openPrivateRedis());
    limits = { concurrency: 1, intervalMs: 0 };
  });
  afterEach(() => scope.close());

  async function open({ url = redis.url, clock = systemClock }: { url?: string; clock?: Clock } = {}) {
    const { logger, messages } = createLogLines();
    const now = clock === systemClock ? {} : { now: () => clock.now() };
    const budget = scope.use(
      await openRedisHostBudget(
        url,
        { clock, logger, newId: randomId },
        { keyPrefix: 'test', limits: () => limits, ...now },
      ),
    );
    const isAlone = () => expect.poll(messages, DEADLINE).toContain(ALONE);
    const isSharedAgain = () => expect.poll(messages, DEADLINE).toContain(SHARED);
    return { budget, messages, isAlone, isSharedAgain };
  }

  /** What has come is in the list. */
  function takeSome(budget: HostBudget, count: number, host = HOST): HostTurn[] {
    const turns: HostTurn[] = [];
    for (let index = 0; index < count; index++) {
      budget.take(host, never).then(
        (turn) => turns.push(turn),
        () => {},
      );
    }
    return turns;
  }

  /** Everything asked before has been answered. */
  const answered = (budget: HostBudget) => budget.pause('settle.example', 0);

  /** A worker process, and what it has said. */
  function startWorker(): { process: ChildProcess; said: string[] } {
    const program = fileURLToPath(new URL('../../test/contract/host-budget-process.ts', import.meta.url));
    const worker = fork(program, [redis.url, 'test', HOST, String(limits.concurrency)], {
      execArgv: ['--import', 'tsx'],
    });
    scope.defer(() => void worker.kill('SIGKILL'));
    const said: string[] = [];
    worker.on('message', (message) => said.push(String(message)));
    return { process: worker, said };
  }

  it('gives the turns of a worker that was killed to others once its lease is over', async () => {
    limits = { concurrency: 2, intervalMs: 0 };
    const dead = startWorker();
    await expect.poll(() => dead.said, DEADLINE).toEqual(['asked', 'taken', 'asked', 'taken', 'asked']);
    dead.process.kill('SIGKILL');
    const clock = new ManualClock(Date.now());
    const { budget } = await open({ clock });
    const turns = takeSome(budget, 2);
    for (let seconds = 0; seconds < 10; seconds++) {
      await answered(budget);
      clock.advance(1_000);
    }
    await answered(budget);
    expect(turns).toHaveLength(0);
    for (let seconds = 0; seconds < 20; seconds++) {
      await answered(budget);
      clock.advance(1_000);
    }
    await expect.poll(() => turns.length, DEADLINE).toBe(2);
  });

  it('passes over a worker that was killed while it waited', async () => {
    // Time stands still, so that no lease ends.
    const { budget } = await open({ clock: new ManualClock(Date.now()) });
    const held = await budget.take(HOST, never);
    const dead = startWorker();
    await expect.poll(() => dead.said, DEADLINE).toEqual(['asked']);
    const later = takeSome(budget, 1);
    await answered(budget);
    dead.process.kill('SIGKILL');
    held.release();
    // Redis learns in its own time that there is nobody.
    const look = () => budget.pause(HOST, 0).then(() => later.length);
    await expect.poll(look, DEADLINE).toBe(1);
  });

  it('gives the place of one that has frozen to others once its lease is over, and takes it in again', async () => {
    limits = { concurrency: 1, intervalMs: 0 };
    const [clock, frozenClock] = [new ManualClock(), new ManualClock()];
    const frozen = await open({ clock: frozenClock });
    const { budget } = await open({ clock });
    await frozen.budget.take(HOST, never);
    const later = takeSome(budget, 1);
    for (let seconds = 0; seconds < 30; seconds++) {
      await answered(budget);
      clock.advance(1_000);
    }
    await expect.poll(() => later.length, DEADLINE).toBe(1);
    // Both have one now. Once it wakes all know, so that giving one back frees none.
    frozenClock.advance(30_000);
    await answered(frozen.budget);
    const third = takeSome(budget, 1);
    later[0]?.release();
    await answered(budget);
    await answered(budget);
    expect(third).toHaveLength(0);
  });

  it('keeps to the limits within each worker while Redis is away, and to all of them when it is back', async () => {
    const [first, second] = [await open(), await open()];
    const turns = takeSome(first.budget, 2);
    await expect.poll(() => turns.length, DEADLINE).toBe(1);
    await redis.stop();
    const elsewhere = takeSome(second.budget, 2);
    await expect.poll(() => elsewhere.length, DEADLINE).toBe(1);
    await second.isAlone();
    elsewhere[0]?.release();
    await expect.poll(() => elsewhere.length, DEADLINE).toBe(2);
    takeSome(first.budget, 1, 'b.example');
    await first.isAlone();
    expect(turns).toHaveLength(1);

    await redis.start();
    await Promise.all([first.isSharedAgain(), second.isSharedAgain()]);
    for (const { budget } of [first, second]) await answered(budget);
    const third = (await open()).budget;
    const last = takeSome(third, 1);
    await answered(third);
    // Each of the two before still has one.
    elsewhere[1]?.release();
    await answered(second.budget);
    await answered(third);
    expect([turns.length, last.length]).toEqual([1, 0]);
    turns[0]?.release();
    await expect.poll(() => turns.length, DEADLINE).toBe(2);
    turns[1]?.release();
    await expect.poll(() => last.length, DEADLINE).toBe(1);
    expect(first.messages().filter((message) => message === ALONE)).toHaveLength(1);
  });

  it('goes on alone when Redis is frozen, and shares again when it is not', async () => {
    const { budget, isAlone, isSharedAgain } = await open();
    await answered(budget);
    redis.freeze();
    const turns = takeSome(budget, 2);
    await expect.poll(() => turns.length, DEADLINE).toBe(1);
    await isAlone();
    redis.thaw();
    await isSharedAgain();
    await answered(budget);
    const elsewhere = takeSome((await open()).budget, 1);
    turns[0]?.release();
    await expect.poll(() => turns.length, DEADLINE).toBe(2);
    expect(elsewhere).toHaveLength(0);
    turns[1]?.release();
    await expect.poll(() => elsewhere.length, DEADLINE).toBe(1);
  });

  it('does not take for lost what an answer that never came had granted', async () => {
    const proxy = scope.use(await openProxy(redis.url));
    const { budget, isSharedAgain } = await open({ url: proxy.url.replace('http:', 'redis:') });
    await answered(budget);
    const taking = budget.take(HOST, never);
    await Promise.resolve();
    proxy.cut();
    const turn = await taking;
    await isSharedAgain();
    turn.release();
    await answered(budget);
    const elsewhere = takeSome((await open()).budget, 1);
    await expect.poll(() => elsewhere.length, DEADLINE).toBe(1);
  });

  it('keeps a pause though Redis was restarted empty', async () => {
    const first = await open();
    await first.budget.pause(HOST, 3_600_000);
    await redis.stop();
    takeSome(first.budget, 1, 'b.example');
    await first.isAlone();
    await redis.start();
    await first.isSharedAgain();
    await answered(first.budget);
    const second = await open();
    const turns = takeSome(second.budget, 1);
    await answered(second.budget);
    expect(turns).toHaveLength(0);
  });

  it('starts without Redis, and shares once there is one', async () => {
    await redis.stop();
    const { budget, isAlone, isSharedAgain } = await open();
    await isAlone();
    const turns = takeSome(budget, 2);
    await expect.poll(() => turns.length, DEADLINE).toBe(1);
    await redis.start();
    await isSharedAgain();
    turns[0]?.release();
    await expect.poll(() => turns.length, DEADLINE).toBe(2);
  });

  it('goes by the time of Redis, whatever the clocks of the workers say', async () => {
    limits = { concurrency: 9, intervalMs: 3_600_000 };
    const ahead: Clock = { ...systemClock, now: () => Date.now() + 7_200_000 };
    const options = { keyPrefix: 'test', limits: () => limits };
    const { logger } = createLogLines();
    const [first, second] = [systemClock, ahead].map((clock) =>
      openRedisHostBudget(redis.url, { clock, logger, newId: randomId }, options),
    ) as [Promise<HostBudget>, Promise<HostBudget>];
    for (const budget of [first, second]) scope.use(await budget);
    await (await first).take(HOST, never);
    const turns = takeSome(await second, 1);
    await answered(await second);
    expect(turns).toHaveLength(0);
  });
});
