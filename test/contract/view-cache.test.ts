import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { openRedisViewCache } from '../../platform/adapters/redis-view-cache.ts';
import { silentLogger } from '../../platform/logger.ts';
import { ViewFile } from '../../subgraphs/endpoint/view/view-file.ts';
import { ViewFileCache } from '../../subgraphs/endpoint/view/view-file-cache.ts';
import { viewCacheContract } from './view-cache.ts';

/** Everything of a test is gone after so long, in milliseconds. */
const RETAIN_MS = 60_000;

const { REDIS_URL } = process.env;

viewCacheContract('A view file', async (options) => new ViewFileCache(ViewFile.open(':memory:'), options));

describe.skipIf(!REDIS_URL)('with Redis', () => {
  viewCacheContract('Redis', (options) =>
    openRedisViewCache(
      REDIS_URL ?? '',
      { logger: silentLogger },
      { keyPrefix: `test-${randomUUID()}`, retainMs: RETAIN_MS, ...options },
    ),
  );
});
