/**
 * `npm run bench:services`: what the platform promises of services that are processes of their own, on the MongoDB, Redis
 * and Consul that MONGODB_URL, REDIS_URL and CONSUL_HTTP_ADDR name. Names on the command line choose some.
 */
import { hasServers } from '../../test/services/cluster.ts';
import { type Figure, report } from '../report.ts';
import { benchIngest } from './ingest.ts';
import { benchSeedsWay } from './seeds-way.ts';
import { benchSubscribers } from './subscribers.ts';

const BENCHES: Readonly<Record<string, { title: string; run: () => Promise<readonly Figure[]> }>> = {
  ingest: { title: 'Ingest through two datasources on MongoDB, 100 records a batch', run: benchIngest },
  subscribers: { title: '1,000 subscribers on two gateways', run: benchSubscribers },
  'seeds-way': { title: 'Aggregating everything anew, beside folding what is new', run: benchSeedsWay },
};

if (!hasServers) {
  console.error('tributary: set MONGODB_URL, REDIS_URL and CONSUL_HTTP_ADDR; see CONTRIBUTING.md.');
  process.exit(1);
}
const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (!bench)
    throw new Error(`No benchmark is called ${name}; there are ${Object.keys(BENCHES).join(', ')}.`);
  report(bench.title, await bench.run());
}
