/**
 * `npm run bench:swarm`: what the platform promises of workers that a swarm runs, on the one that DOCKER_HOST names; see
 * CONTRIBUTING.md for what else it takes. Names on the command line choose some.
 */
import { hasNodeFaults } from '../../test/swarm/node-faults.ts';
import { hasSwarm } from '../../test/swarm/swarm-cluster.ts';
import { type Figure, report } from '../report.ts';
import { benchColdPool } from './cold-pool.ts';
import { benchMemory } from './memory.ts';
import { benchNodeLost } from './node-lost.ts';
import { benchWarmPool } from './warm-pool.ts';

const BENCHES: Readonly<Record<string, { title: string; run: () => Promise<readonly Figure[]> }>> = {
  'cold-pool': {
    title: 'From addSource to the first task of a pool, beside a bare service',
    run: benchColdPool,
  },
  'warm-pool': {
    title: 'From addSource to the first record, where a worker stands ready',
    run: benchWarmPool,
  },
  'node-lost': { title: 'Sources of a node that is lost, all other workers full', run: benchNodeLost },
  memory: { title: 'A worker in its container', run: benchMemory },
};

if (!hasSwarm) {
  console.error(
    'tributary: set DOCKER_HOST, TRIBUTARY_IMAGE, MONGODB_URL, REDIS_URL and CONSUL_HTTP_ADDR; see CONTRIBUTING.md.',
  );
  process.exit(1);
}
const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (!bench)
    throw new Error(`No benchmark is called ${name}; there are ${Object.keys(BENCHES).join(', ')}.`);
  if (bench.run === benchNodeLost && !hasNodeFaults)
    console.log(`\n${bench.title}: SWARM_FAULTS is not set.`);
  else report(bench.title, await bench.run());
}
