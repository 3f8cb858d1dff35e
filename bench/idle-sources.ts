/**
 * What a source costs a shared worker while it waits for its next run: the resident memory of a real worker process with 10,000
 * sources, each of which has run once, less that of the same worker with none, by the source.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { guardInnerOperations } from '../platform/http/inner-operations.ts';
import { openSubgraphServer } from '../platform/http/subgraph-server.ts';
import { silentLogger } from '../platform/logger.ts';
import { PushIterator } from '../platform/push-iterator.ts';
import { packageRoot, readSdl } from '../platform/sdl.ts';
import { until } from '../test/e2e/harness.ts';
import { openSite } from '../test/e2e/site.ts';
import type { Figure } from './report.ts';

const SOURCES = 10_000;
const SERVICE_TOKEN = 'a token known to the benchmark';
const HOUR_MS = 3_600_000;

const PAGE = `<ul>${'<li class="item"><a href="/1">One</a> <b>£1.50</b></li>'.repeat(20)}</ul>`;

export async function benchIdleSources(): Promise<Figure[]> {
  const site = await openSite(() => PAGE);
  const empty = await measure(site.url, 0);
  const full = await measure(site.url, SOURCES);
  await site.close();
  const perSourceKb = (full.residentBytes - empty.residentBytes) / SOURCES / 1000;
  return [
    { name: 'sources in one worker', value: SOURCES, unit: '' },
    { name: 'worker without sources', value: empty.residentBytes / 1e6, unit: 'MB' },
    { name: 'worker with all, each has run once', value: full.residentBytes / 1e6, unit: 'MB' },
    { name: 'resident memory by the source', value: perSourceKb, unit: 'kB', most: 100 },
  ];
}

async function measure(siteUrl: string, count: number): Promise<{ residentBytes: number }> {
  const finished = new Set<string>();
  let isClaimed = false;
  let renewals = 0;
  const leases = Array.from({ length: count }, (_, index) => ({
    sourceId: `source-${index}`,
    token: 1,
    revision: 1,
    spec: specOf(`source-${index}`, `${siteUrl}/${index}`),
    nextRunAt: new Date().toISOString(),
  }));
  const configuration = await serve('configuration', {
    Query: { source: () => null },
    Mutation: {
      claimSources: () => {
        const free = isClaimed ? [] : leases;
        isClaimed = true;
        return { leases: free, leaseMs: 60_000, after: 1 };
      },
      renewLeases: () => {
        renewals += 1;
        return {
          isKnown: true,
          changed: [],
          lostSourceIds: [],
          leaseMs: 60_000,
          after: 1,
          hasUnclaimed: false,
        };
      },
      releaseLeases: () => true,
      claimPreviews: () => [],
      reportRun: (_: unknown, { input }: { input: { sourceId: string; status: string } }) => {
        if (input.status !== 'RUNNING') finished.add(input.sourceId);
        return { nextRunAt: new Date(Date.now() + HOUR_MS).toISOString() };
      },
    },
    Subscription: { workChanged: { subscribe: () => new PushIterator() } },
  });
  const datasource = await serve('datasource', {
    Mutation: {
      ingest: () => ({ sequence: 1, isDuplicate: false }),
      completeRun: () => ({ sequence: 1, isDuplicate: false }),
    },
  });
  const worker = fork(join(packageRoot, 'dist', 'scrapers', 'main.js'), {
    env: {
      PATH: process.env.PATH ?? '',
      REGISTRY_URL: `static:configuration=${configuration.url},datasource=${datasource.url}`,
      SERVICE_TOKEN,
      POOL: 'shared',
      TASK_ID: 'bench',
      WORKER_CAPACITY: String(SOURCES),
      SCRAPER_ALLOW_NETWORKS: '127.0.0.1/32',
      HOST_CONCURRENCY: '16',
      HOST_INTERVAL: 'PT0.001S',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    await until('the worker to claim', () => isClaimed);
    await until(
      'all sources to have run',
      () => finished.size === count,
      () => finished.size,
      600_000,
    );
    // Two renewals on, nothing of the runs is left to do.
    const from = renewals;
    await until('two renewals', () => renewals >= from + 2, undefined, 120_000);
    return { residentBytes: residentBytesOf(worker) };
  } finally {
    worker.kill('SIGKILL');
    await configuration.close();
    await datasource.close();
  }
}

function residentBytesOf(child: ChildProcess): number {
  const kibibytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

function serve(subgraph: 'configuration' | 'datasource', resolvers: Record<string, Record<string, unknown>>) {
  const schema = guardInnerOperations(
    buildSubgraphSchema({ typeDefs: parse(readSdl(subgraph)), resolvers: resolvers as never }),
  );
  return openSubgraphServer(
    { schema: () => schema, logger: silentLogger },
    { service: 'datasource', serviceToken: SERVICE_TOKEN },
  );
}

function specOf(id: string, url: string) {
  return {
    id,
    name: id,
    collection: 'things',
    url,
    format: 'HTML',
    render: 'HTTP',
    schedule: { every: 'PT1H' },
    records: '.item',
    fields: [
      { name: 'title', select: 'a', type: 'STRING', list: false, merge: 'LATEST', required: false },
      { name: 'price', select: 'b', type: 'DECIMAL', list: false, merge: 'LATEST', required: false },
      { name: 'url', select: 'a@href', type: 'URL', list: false, merge: 'LATEST', required: false },
    ],
    key: ['url'],
    retain: 'LATEST_RUN',
    isolation: 'SHARED',
  };
}
