import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import { entryKey } from '../../platform/model/entry.ts';
import { type App, until } from '../../test/e2e/app.ts';
import type { ServiceProcess } from '../../test/services/service-process.ts';

/** Entries of one collection of ticks. */
const ENTRIES = 10_000;

const INGEST = 'mutation ($input: IngestInput!) { ingest(input: $input) { sequence } }';

/** A collection that the benchmark itself delivers to. */
export interface Ticks {
  readonly collection: string;
  readonly sourceId: string;
}

export async function addTicks(app: App, collection: string): Promise<Ticks> {
  const { addSource } = await app.query(
    'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
    {
      input: {
        collection,
        url: 'http://127.0.0.1:9/',
        every: 'P1D',
        records: 'p',
        fields: [
          { name: 'name', select: 'b' },
          { name: 'batch', select: 'i', type: 'INT' },
        ],
      },
    },
  );
  const sourceId: string = addSource.source.id;
  await app.query('mutation ($id: ID!) { pauseSource(id: $id) { userErrors { message } } }', {
    id: sourceId,
  });
  await until(
    'the type to be in the graph',
    async () => !(await app.send(`{ ${collection} { totalCount } }`)).errors,
  );
  return { collection, sourceId };
}

/** @returns When it was acknowledged. */
export async function sendBatch(
  datasource: ServiceClient,
  { collection, sourceId }: Ticks,
  batch: number,
  count: number,
): Promise<number> {
  const records = Array.from({ length: count }, (_, index) => {
    const fields = { name: `entry ${(batch * count + index) % ENTRIES}`, batch };
    return { key: entryKey(['name'], fields), fields };
  });
  const input = {
    batchId: `${collection}/${batch}`,
    collection,
    sourceId,
    runId: 'bench',
    token: 1_000_000,
    records,
  };
  await datasource.request(INGEST, { input }, { timeoutMs: 30_000 });
  return performance.now();
}

/** Calls `act` so often a second, whatever time it takes, with the numbers from `from` on. */
export async function pace(
  perSecond: number,
  from: number,
  to: number,
  act: (number: number) => Promise<void>,
): Promise<void> {
  const acting: Promise<void>[] = [];
  let dueAtMs = performance.now();
  for (let number = from; number < to; number++, dueAtMs += 1_000 / perSecond) {
    await sleep(Math.max(0, dueAtMs - performance.now()));
    acting.push(act(number));
  }
  await Promise.all(acting);
}

/** One value of a service's metrics, summed over its labels. */
async function metricOf({ url }: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export async function sumOf(services: readonly ServiceProcess[], name: string): Promise<number> {
  const values = await Promise.all(services.map((service) => metricOf(service, name)));
  return values.reduce((a, b) => a + b, 0);
}
