import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { MemoryHostBudget } from '../../platform/adapters/memory-host-budget.ts';
import { openRedisHostBudget } from '../../platform/adapters/redis-host-budget.ts';
import type { Clock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { HostBudget, HostBudgetOptions } from '../../platform/ports/host-budget.ts';
import { hostBudgetContract, sharedHostBudgetContract } from './host-budget.ts';

hostBudgetContract('MemoryHostBudget', async (deps, limits) => new MemoryHostBudget(deps, limits));

const { REDIS_URL } = process.env;

function openOverRedis(
  url: string,
  place: string,
  { clock }: { clock: Clock },
  limits: () => HostBudgetOptions,
): Promise<HostBudget> {
  const deps = { clock, logger: silentLogger, newId: randomId };
  return openRedisHostBudget(url, deps, { keyPrefix: `test-${place}`, limits, now: () => clock.now() });
}

// Port 1 is nobody's.
hostBudgetContract('A budget whose Redis is away', (deps, limits) =>
  openOverRedis('redis://127.0.0.1:1', randomUUID(), deps, limits),
);

describe.skipIf(!REDIS_URL)('With Redis', () => {
  const open = (place: string, deps: { clock: Clock }, limits: () => HostBudgetOptions) =>
    openOverRedis(REDIS_URL ?? '', place, deps, limits);

  hostBudgetContract('a budget', (deps, limits) => open(randomUUID(), deps, limits));
  sharedHostBudgetContract('a budget of several workers', open);
});
