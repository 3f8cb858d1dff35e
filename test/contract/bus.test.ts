import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { MemoryBus } from '../../platform/adapters/memory-bus.ts';
import { openRedisBus } from '../../platform/adapters/redis-bus.ts';
import { silentLogger } from '../../platform/logger.ts';
import { busBetweenProcessesContract, busContract } from './bus.ts';

busContract('The bus in memory', async () => new MemoryBus(silentLogger));

const { REDIS_URL } = process.env;

describe.skipIf(!REDIS_URL)('With Redis', () => {
  const open = (place: string) =>
    openRedisBus(REDIS_URL ?? '', { logger: silentLogger }, { keyPrefix: `test-${place}` });

  busContract('the bus', () => open(randomUUID()));
  busBetweenProcessesContract('the bus', open);
});
