/**
 * How long a batch takes from its acknowledgement to a subscriber's hands through the gateway, at 50 batches a
 * second of 20 records, on the platform as `npm start` runs it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { entryKey } from '../platform/model/entry.ts';
import { PlatformProcess, until } from '../test/e2e/harness.ts';
import { openSite } from '../test/e2e/site.ts';
import { type Figure, quantile } from './report.ts';

const BATCHES_PER_SECOND = 50;
const RECORDS = 20;
const SECONDS = 20;
/** The first seconds warm the code up and are not counted. */
const WARM_UP_SECONDS = 3;
const ENTRIES = 10_000;
const SERVICE_TOKEN = 'a token known to the benchmark';

const INGEST = `mutation ($input: IngestInput!) { ingest(input: $input) { sequence } }`;

export async function benchLatency(): Promise<Figure[]> {
  const site = await openSite(() => '<p><b>first</b><i>0</i></p>');
  const platform = await new PlatformProcess({ environment: { SERVICE_TOKEN } }).start();
  try {
    const { addSource } = await platform.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          collection: 'ticks',
          url: site.url,
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
    await until('the first entry', async () => {
      const { data } = await platform.send<{ ticks: { totalCount: number } }>('{ ticks { totalCount } }');
      return data?.ticks.totalCount === 1;
    });

    const arrivedAt = new Map<number, number>();
    const log = platform.subscribe<{ ticksChanged: { __typename: string; upserted?: { batch: number }[] } }>(
      'subscription { ticksChanged(snapshot: false) { __typename ... on TickDelta { upserted { id name batch } } } }',
    );
    log.onEvent(({ ticksChanged }) => {
      const now = performance.now();
      for (const { batch } of ticksChanged.upserted ?? [])
        if (!arrivedAt.has(batch)) arrivedAt.set(batch, now);
    });

    const datasource = /datasource (127\.0\.0\.1:\d+)/.exec(platform.output)?.[1];
    const acknowledgedAt = new Map<number, number>();
    const send = async (batch: number) => {
      const records = Array.from({ length: RECORDS }, (_, index) => {
        const fields = { name: `entry ${(batch * RECORDS + index) % ENTRIES}`, batch };
        return { key: entryKey(['name'], fields), fields };
      });
      const input = {
        batchId: `bench-${batch}`,
        collection: 'ticks',
        sourceId,
        runId: 'bench',
        token: 1_000_000,
        records,
      };
      const { body } = await request(`http://${datasource}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${SERVICE_TOKEN}` },
        body: JSON.stringify({ query: INGEST, variables: { input } }),
      });
      const { errors } = (await body.json()) as { errors?: unknown };
      if (errors) throw new Error(`A batch was refused: ${JSON.stringify(errors)}`);
      acknowledgedAt.set(batch, performance.now());
    };

    // The subscription is live once a first batch comes through.
    let batch = 1;
    await until('the subscription to be live', async () => {
      await send(batch++);
      await sleep(50);
      return arrivedAt.size > 0;
    });
    const first = batch + WARM_UP_SECONDS * BATCHES_PER_SECOND;
    const last = batch + (WARM_UP_SECONDS + SECONDS) * BATCHES_PER_SECOND;
    const sending: Promise<void>[] = [];
    for (let dueAt = performance.now(); batch < last; dueAt += 1000 / BATCHES_PER_SECOND) {
      await sleep(Math.max(0, dueAt - performance.now()));
      sending.push(send(batch++));
    }
    await Promise.all(sending);
    await until('the last batch', () => arrivedAt.has(last - 1));

    const latencies: number[] = [];
    for (let counted = first; counted < last; counted++) {
      latencies.push(
        (arrivedAt.get(counted) ?? Number.POSITIVE_INFINITY) - (acknowledgedAt.get(counted) ?? 0),
      );
    }
    log.close();
    return [
      { name: 'batches', value: latencies.length, unit: '' },
      {
        name: 'acknowledgement to subscriber, median',
        value: quantile(latencies, 0.5),
        unit: 'ms',
        most: 15,
      },
      { name: 'acknowledgement to subscriber, p99', value: quantile(latencies, 0.99), unit: 'ms', most: 60 },
      { name: 'acknowledgement to subscriber, slowest', value: Math.max(...latencies), unit: 'ms' },
    ];
  } finally {
    await platform.dispose();
    await site.close();
  }
}
