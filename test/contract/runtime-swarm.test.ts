import { describe } from 'vitest';
import { runtimeContract } from './runtime.ts';
import { DOCKER_HOST, openSwarmWorkers } from './swarm-workers.ts';

describe.skipIf(!DOCKER_HOST)('On a real swarm', () => {
  runtimeContract('The swarm runtime', async () => {
    const workers = await openSwarmWorkers();
    return { ...workers, runtime: await workers.open() };
  });
});
