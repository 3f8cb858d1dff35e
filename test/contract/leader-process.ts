/**
 * A candidate that is a process of its own: says once it leads; asked to, freezes itself, and says with the first
 * thing it does when it wakes whether it believes to lead.
 */
import { openConsulLeadership } from '../../platform/adapters/consul-leadership.ts';
import { steadyClock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';

export type LeaderSays = { readonly isLeader: boolean; readonly isAwake: boolean };

const [, , url = '', keyPrefix = '', ttlMs = ''] = process.argv;
const leadership = await openConsulLeadership(
  url,
  { clock: steadyClock, logger: silentLogger, newId: randomId },
  { keyPrefix, role: 'test', ttlMs: Number(ttlMs) },
);
const say = (said: LeaderSays) => process.send?.(said);

process.once('disconnect', () => process.exit(0));
process.once('message', () => {
  process.kill(process.pid, 'SIGSTOP');
  say({ isLeader: leadership.isLeader(), isAwake: true });
});
leadership.watch((isLeader) => isLeader && say({ isLeader, isAwake: false }));
