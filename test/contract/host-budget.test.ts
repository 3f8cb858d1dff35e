import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { MemoryHostBudget } from '../../platform/adapters/memory-host-budget.ts';
import { openRedisHostBudget } from '../../platform/adapters/redis-host-budget.ts';
import type { Clock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { HostBudgetOptions } from '../../platform/ports/host-budget.ts';
import { hostBudgetContract, sharedHostBudgetContract } from './host-budget.ts';

hostBudgetContract('MemoryHostBudget', async (deps, limits) => new MemoryHostBudget(deps, limits));

const { REDIS_URL } = process.env;

describe.skipIf(!REDIS_URL)('With Redis', () => {
  const open = (place: string, { clock }: { clock: Clock }, limits: () => HostBudgetOptions) =>
    openRedisHostBudget(
      REDIS_URL ?? '',
      { clock, logger: silentLogger, newId: randomId },
      { keyPrefix: `test-${place}`, limits, now: () => clock.now() },
    );

  hostBudgetContract('a budget', (deps, limits) => open(randomUUID(), deps, limits));
  sharedHostBudgetContract('a budget of several workers', open);
});
