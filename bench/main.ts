/**
 * `npm run bench`: every figure the platform promises, measured on the machine that runs it. Names on the command
 * line choose some: `npm run bench -- fold latency`.
 */
import { benchFirstEntry } from './first-entry.ts';
import { benchFold } from './fold.ts';
import { benchIdleSources } from './idle-sources.ts';
import { benchLatency } from './latency.ts';
import { type Figure, report } from './report.ts';

const BENCHES: Readonly<Record<string, { title: string; run: () => Promise<readonly Figure[]> }>> = {
  latency: {
    title: 'A batch on its way to a subscriber, 50 batches a second of 20 records',
    run: benchLatency,
  },
  'first-entry': { title: 'From addSource on a local page to a typed entry', run: benchFirstEntry },
  fold: { title: 'Folding 1,000 records into a small and a large collection', run: benchFold },
  'idle-sources': { title: '10,000 sources waiting in one worker', run: benchIdleSources },
};

const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (!bench)
    throw new Error(`No benchmark is called ${name}; there are ${Object.keys(BENCHES).join(', ')}.`);
  report(bench.title, await bench.run());
}
