import { MemoryBus } from '../../platform/adapters/memory-bus.ts';
import { silentLogger } from '../../platform/logger.ts';
import { busContract } from './bus.ts';

busContract('The bus in memory', async () => new MemoryBus(silentLogger));
