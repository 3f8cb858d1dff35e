import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConsulLeadership } from '../../platform/adapters/consul-leadership.ts';
import { steadyClock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { Leadership } from '../../platform/ports/leadership.ts';
import { Scope } from '../../platform/scope.ts';
import { ConsulAgent, consulProgram } from '../support/consul-agent.ts';
import { openProxy } from '../unit/gateway/tcp-proxy.ts';
import type { LeaderSays } from './leader-process.ts';

/** An election takes some times the session's. In milliseconds. */
const DEADLINE = { timeout: 45_000, interval: 1 };
/** Short enough to wait for its end; Consul takes up to twice as long. */
const TTL_MS = 3_000;
const KEY = 'test/leader/test';

const deps = { clock: steadyClock, logger: silentLogger, newId: randomId };

describe.skipIf(consulProgram === undefined)('The lock of Consul', () => {
  let scope: Scope;
  let agent: ConsulAgent;
  let candidates: Leadership[];
  let most: number;
  beforeEach(async () => {
    scope = new Scope();
    candidates = [];
    most = 0;
    agent = scope.use(await ConsulAgent.open());
  });
  afterEach(() => scope.close());

  async function join(url = agent.url, ttlMs = TTL_MS): Promise<Leadership> {
    const candidate = await openConsulLeadership(url, deps, { keyPrefix: 'test', role: 'test', ttlMs });
    candidates.push(candidate);
    candidate.watch(leaders);
    return scope.use(candidate);
  }

  /** How many say now that they lead. */
  function leaders(): number {
    const count = candidates.filter((candidate) => candidate.isLeader()).length;
    most = Math.max(most, count);
    return count;
  }
  const oneLeads = () => expect.poll(leaders, DEADLINE).toBe(1);
  const noneLeads = () => expect.poll(leaders, DEADLINE).toBe(0);
  /** Looks at all candidates all the time until it is so. */
  const leads = (candidate: Leadership) =>
    expect.poll(() => leaders() > 0 && candidate.isLeader(), DEADLINE).toBe(true);

  it('is led by nobody while Consul is away, and by one when it is back empty', async () => {
    await join();
    await oneLeads();
    await Promise.all([join(), join()]);
    await expect.poll(() => candidates.filter((one) => one.isOtherLeading()).length, DEADLINE).toBe(2);
    await agent.stop();
    await noneLeads();
    await expect.poll(() => candidates.filter((one) => one.isOtherLeading()).length, DEADLINE).toBe(0);
    await agent.start();
    await oneLeads();
    await expect.poll(() => candidates.filter((one) => one.isOtherLeading()).length, DEADLINE).toBe(2);
    expect(most).toBe(1);
  });

  it('is led by one at the most where a Consul that forgot the leader is asked by another', async () => {
    const proxy = scope.use(await openProxy(agent.url));
    const first = await join(new URL(proxy.url).origin, 4 * TTL_MS);
    await leads(first);
    const second = await join(agent.url, 4 * TTL_MS);
    // The leader hears no more of Consul, and leads on until its time is over; the other takes the lock meanwhile.
    await proxy.close();
    await agent.stop();
    await agent.start();
    const taken = async () => (await fetch(`${agent.url}/v1/kv/${KEY}`)).ok;
    await expect.poll(taken, DEADLINE).toBe(true);
    expect(first.isLeader()).toBe(true);
    await leads(second);
    expect(first.isLeader()).toBe(false);
    expect(most).toBe(1);
  });

  it('is led on by who led, where Consul comes back empty within the time', async () => {
    // Whoever does not know who led waits for longer than the test.
    const ttlMs = 10 * DEADLINE.timeout;
    await agent.put(KEY, 'one of before');
    const first = await join(agent.url, ttlMs);
    await leads(first);
    const seen: boolean[] = [];
    first.watch((isLeader) => seen.push(isLeader));
    await agent.stop();
    await agent.start();
    await expect.poll(() => seen, DEADLINE).toEqual([true, false, true]);
  });

  it('is led by one at the most though Consul freezes', async () => {
    await join();
    await oneLeads();
    await join();
    await agent.freeze();
    await noneLeads();
    agent.thaw();
    await oneLeads();
    expect(most).toBe(1);
  });

  it('is contended for with a new session where somebody ended the old one', async () => {
    const first = await join();
    await leads(first);
    const seen: boolean[] = [];
    first.watch((isLeader) => seen.push(isLeader));
    const sessions = (await (await fetch(`${agent.url}/v1/session/list`)).json()) as { ID: string }[];
    for (const { ID } of sessions) await fetch(`${agent.url}/v1/session/destroy/${ID}`, { method: 'PUT' });
    await expect.poll(() => seen, DEADLINE).toEqual([true, false, true]);
  });

  it('is not led by a process that wakes after its time, and another leads instead', async () => {
    await agent.put(KEY, 'one of before');
    const child = forkLeader();
    const said: LeaderSays[] = [];
    child.on('message', (says: LeaderSays) => said.push(says));
    await expect.poll(() => said, DEADLINE).toEqual([{ isLeader: true, isAwake: false }]);
    const other = await join();
    child.send('freeze');
    await leads(other);
    child.kill('SIGCONT');
    await expect.poll(() => said.at(-1), DEADLINE).toEqual({ isLeader: false, isAwake: true });
    expect(other.isLeader()).toBe(true);
  });

  function forkLeader(): ChildProcess {
    const program = fileURLToPath(new URL('leader-process.ts', import.meta.url));
    const child = fork(program, [agent.url, 'test', `${TTL_MS}`], { execArgv: ['--import', 'tsx'] });
    scope.defer(() => void child.kill('SIGKILL'));
    return child;
  }
});
