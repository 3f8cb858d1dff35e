/** A worker that is a process of its own: asks for turns with a host, says which have come, and gives none back. */
import { openRedisHostBudget } from '../../platform/adapters/redis-host-budget.ts';
import { systemClock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';

const [, , url = '', keyPrefix = '', host = '', concurrency = ''] = process.argv;
const budget = await openRedisHostBudget(
  url,
  { clock: systemClock, logger: silentLogger, newId: randomId },
  { keyPrefix, limits: () => ({ concurrency: Number(concurrency), intervalMs: 0 }) },
);
process.once('disconnect', () => process.exit(0));
const never = new AbortController().signal;
for (;;) {
  const turn = budget.take(host, never);
  // An answer about another host: by then the question for this one was answered, too.
  await budget.pause('settle.example', 0);
  process.send?.('asked');
  await turn;
  process.send?.('taken');
}
