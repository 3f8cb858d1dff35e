/** 1,000 subscribers on two gateways: how many deliveries a second they get, and how late. */
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { until } from '../../test/e2e/app.ts';
import { ServiceCluster } from '../../test/services/cluster.ts';
import type { ServiceProcess } from '../../test/services/service-process.ts';
import { type Figure, quantile } from '../report.ts';
import { addTicks, pace, type TickSource } from './ticks.ts';

const SUBSCRIBERS = 1_000;
const BATCHES_PER_SECOND = 10;
const RECORDS = 10;
const SECONDS = 30;
const WARM_UP_SECONDS = 5;

export async function benchSubscribers(): Promise<Figure[]> {
  const cluster = await ServiceCluster.open({}, { isDirect: true });
  try {
    const names = ['gateway', 'gateway', 'datasource', 'configuration', 'endpoint'] as const;
    const services = await cluster.start(...names);
    const gateways = services.slice(0, 2) as [ServiceProcess, ServiceProcess];
    const client = await cluster.clientOf('datasource');
    const [source] = (await addTicks(cluster.app(gateways[0]), client, 'ticks', 1)) as [TickSource];
    const other = cluster.app(gateways[1]);
    await until(
      'the type at the other gateway',
      async () => !(await other.send('{ ticks { totalCount } }')).errors,
    );

    /** By batch: how many subscribers have it, and when they got it. */
    const arrivals = new Map<number, number[]>();
    const clients = Array.from({ length: SUBSCRIBERS }, (_, index) => {
      const gateway = gateways[index % 2] as ServiceProcess;
      const subscriber = createClient({ url: gateway.url.replace('http', 'ws'), webSocketImpl: WebSocket });
      const seen = new Set<number>();
      subscriber.subscribe<{ ticksChanged: { upserted?: { batch: number }[] } }>(
        {
          query:
            'subscription { ticksChanged(snapshot: false) { ... on TickDelta { upserted { id name batch } } } }',
        },
        {
          next({ data }) {
            const now = performance.now();
            for (const { batch } of data?.ticksChanged.upserted ?? []) {
              if (seen.has(batch)) continue;
              seen.add(batch);
              const times = arrivals.get(batch) ?? [];
              arrivals.set(batch, times);
              times.push(now);
            }
          },
          error: (error) => console.error('a subscriber was refused', error),
          complete() {},
        },
      );
      return subscriber;
    });
    let batch = 0;
    await until('all subscriptions to be live', async () => {
      await source.send(batch++, RECORDS);
      return [...arrivals.values()].some((times) => times.length === SUBSCRIBERS);
    });

    const acknowledgedAt = new Map<number, number>();
    const first = batch + WARM_UP_SECONDS * BATCHES_PER_SECOND;
    const last = first + SECONDS * BATCHES_PER_SECOND;
    const beganMs = performance.now() + WARM_UP_SECONDS * 1_000;
    await pace(BATCHES_PER_SECOND, batch, last, async (own) => {
      acknowledgedAt.set(own, await source.send(own, RECORDS));
    });
    await until('the last batch at all of them', () => arrivals.get(last - 1)?.length === SUBSCRIBERS);
    const seconds = (performance.now() - beganMs) / 1_000;
    const latencies: number[] = [];
    for (let own = first; own < last; own++) {
      for (const at of arrivals.get(own) ?? []) latencies.push(at - (acknowledgedAt.get(own) ?? 0));
    }
    for (const subscriber of clients) void subscriber.dispose();
    return [
      { name: 'batches that reached all subscribers', value: latencies.length / SUBSCRIBERS, unit: '' },
      { name: 'deliveries', value: latencies.length / seconds, unit: '/s' },
      { name: 'acknowledgement to subscriber, median', value: quantile(latencies, 0.5), unit: 'ms' },
      { name: 'acknowledgement to subscriber, p99', value: quantile(latencies, 0.99), unit: 'ms' },
    ];
  } finally {
    await cluster.close();
  }
}
