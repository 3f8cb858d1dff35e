/**
 * Batches of 100 records through two datasources on MongoDB: first 2,000 records a second on their way to subscribers of a
 * gateway, then as many as they take. In this order, since the server tidies up for a while after the latter.
 */
import { until } from '../../test/e2e/app.ts';
import { ServiceCluster } from '../../test/services/cluster.ts';
import type { ServiceProcess } from '../../test/services/service-process.ts';
import { type Figure, quantile } from '../report.ts';
import { addTicks, pace, sumOf, type TickSource } from './ticks.ts';

const RECORDS = 100;
/** Two, so that each datasource folds one. */
const COLLECTIONS = ['ticks', 'tocks'] as const;

const FLAT_OUT_SECONDS = 20;
/** Sources, half of them of each collection: a worker waits for one batch's acknowledgement before it sends the next. */
const SENDERS = 8;

const PACED_RECORDS_PER_SECOND = 2_000;
const PACED_SECONDS = 30;
/** Not counted: every entry is found for the first time, then once more, while code and server warm up. */
const WARM_UP_SECONDS = 20;

export async function benchIngest(): Promise<Figure[]> {
  const cluster = await ServiceCluster.open({}, { isDirect: true });
  try {
    const names = ['gateway', 'datasource', 'datasource', 'configuration', 'endpoint'] as const;
    const services = await cluster.start(...names);
    const datasources = services.filter(({ service }) => service === 'datasource');
    const app = cluster.app(services[0] as ServiceProcess);
    const client = await cluster.clientOf('datasource');
    const [ticks = [], tocks = []] = [
      await addTicks(app, client, COLLECTIONS[0], SENDERS / 2),
      await addTicks(app, client, COLLECTIONS[1], SENDERS / 2),
    ];
    const sources = ticks.flatMap((tick, index) => [tick, tocks[index] as TickSource]);
    /** Even batches are of one collection, odd ones of the other. */
    const send = (batch: number) => (sources[batch % SENDERS] as TickSource).send(batch, RECORDS);

    const arrivedAt = new Map<number, number>();
    const logs = COLLECTIONS.map((collection) => {
      const log = app.subscribe(
        `subscription { ${collection}Changed(snapshot: false) {
          ... on ${collection === 'ticks' ? 'Tick' : 'Tock'}Delta { upserted { id name batch } } } }`,
      );
      log.onEvent((event) => {
        const now = performance.now();
        for (const { batch } of event[`${collection}Changed`].upserted ?? [])
          if (!arrivedAt.has(batch)) arrivedAt.set(batch, now);
      });
      return log;
    });
    let batch = 0;
    await until('both subscriptions to be live', async () => {
      for (let count = 0; count < 2; count++) await send(batch++);
      return [0, 1].every((side) => [...arrivedAt.keys()].some((one) => one % 2 === side));
    });

    // ----------------------------------------------------------------------------------------- paced
    const acknowledgedAt = new Map<number, number>();
    const perSecond = PACED_RECORDS_PER_SECOND / RECORDS;
    const first = batch + WARM_UP_SECONDS * perSecond;
    const last = first + PACED_SECONDS * perSecond;
    await pace(perSecond, batch, last, async (own) => {
      acknowledgedAt.set(own, await send(own));
    });
    await until('the last batch', () => arrivedAt.has(last - 1) && arrivedAt.has(last - 2));
    const latencies = Array.from(
      { length: last - first },
      (_, index) =>
        (arrivedAt.get(first + index) ?? Number.POSITIVE_INFINITY) - (acknowledgedAt.get(first + index) ?? 0),
    );
    batch = last;

    // -------------------------------------------------------------------------------------- flat out
    const before = await sharesOf(datasources);
    const beganMs = performance.now();
    const endMs = beganMs + FLAT_OUT_SECONDS * 1_000;
    let acknowledged = 0;
    const firstFlatOut = batch;
    const sender = async (index: number) => {
      let own = firstFlatOut + index;
      for (; performance.now() < endMs; own += SENDERS) {
        await send(own);
        acknowledged += RECORDS;
      }
      return own - SENDERS;
    };
    const lasts = await Promise.all(Array.from({ length: SENDERS }, (_, index) => sender(index)));
    batch = Math.max(...lasts) + 1;
    const ingestSeconds = (performance.now() - beganMs) / 1_000;
    await until(
      'all of it at the subscribers',
      () => lasts.every((one) => arrivedAt.has(one)),
      () => 0,
      300_000,
    );
    const foldSeconds = (performance.now() - beganMs) / 1_000;
    const after = await sharesOf(datasources);
    for (const log of logs) log.close();
    return [
      { name: 'acknowledged, flat out', value: acknowledged / ingestSeconds, unit: 'records/s' },
      {
        name: 'folded and at the subscribers, flat out',
        value: acknowledged / foldSeconds,
        unit: 'records/s',
      },
      {
        name: 'journaling, for 1,000 records',
        value: ((after.journal - before.journal) / acknowledged) * 1e6,
        unit: 'ms',
      },
      {
        name: 'folding, for 1,000 records',
        value: ((after.fold - before.fold) / acknowledged) * 1e6,
        unit: 'ms',
      },
      {
        name: 'acknowledgement to subscriber at 2,000 records/s, median',
        value: quantile(latencies, 0.5),
        unit: 'ms',
      },
      {
        name: 'acknowledgement to subscriber at 2,000 records/s, p99',
        value: quantile(latencies, 0.99),
        unit: 'ms',
        most: 150,
      },
      { name: 'acknowledgement to subscriber, slowest', value: Math.max(...latencies), unit: 'ms' },
    ];
  } finally {
    await cluster.close();
  }
}

/** Seconds that the datasources have spent on answering deliveries, and on commits of folds. */
async function sharesOf(datasources: readonly ServiceProcess[]): Promise<{ journal: number; fold: number }> {
  return {
    journal: await sumOf(datasources, 'tributary_request_duration_seconds_sum'),
    fold: await sumOf(datasources, 'tributary_fold_duration_seconds_sum'),
  };
}
