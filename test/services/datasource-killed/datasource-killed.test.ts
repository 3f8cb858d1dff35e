import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, until } from '../../e2e/app.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import type { ServiceProcess } from '../service-process.ts';
import { addTallies, Deliverer, expectExact, expectedTallies } from '../tallies.ts';
import { TallyFollower } from '../tally-follower.ts';

describe.skipIf(!hasServers)('a datasource killed under load', () => {
  let cluster: ServiceCluster;
  let datasources: [ServiceProcess, ServiceProcess];
  let app: App;
  let follower: TallyFollower;
  const deliverers: Deliverer[] = [];

  beforeAll(async () => {
    cluster = await ServiceCluster.open();
    const [gateway, first, second] = await cluster.start(
      'gateway',
      'datasource',
      'datasource',
      'configuration',
      'endpoint',
    );
    datasources = [first as ServiceProcess, second as ServiceProcess];
    app = cluster.app(gateway as ServiceProcess);
    const sources = [await addTallies(app), await addTallies(app)];
    const client = await cluster.clientOf('datasource');
    sources.forEach((id, index) => {
      deliverers.push(new Deliverer(client, id, { from: index * 1_000_000 }));
    });
    follower = await new TallyFollower(app).ready();
  });
  afterAll(async () => {
    follower?.close();
    await cluster?.close();
  });

  const acknowledged = () => deliverers.reduce((count, one) => count + one.acknowledged.length, 0);
  const more = (count: number) => {
    const from = acknowledged();
    return until(
      `${count} more records to be acknowledged`,
      () => acknowledged() >= from + count,
      acknowledged,
      60_000,
    );
  };
  const foldsOf = async ({ url }: ServiceProcess) => {
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    return Number(/^tributary_held_folds (\d+)$/m.exec(metrics)?.[1] ?? 0);
  };

  it('loses nothing that it acknowledged and counts nothing twice: in the middle of ingest, then of a fold', async () => {
    const stopping = new AbortController();
    const delivering = deliverers.map((one) => one.keepOn(stopping.signal));
    await more(400);
    // The one that folds: others must find what it left undone; the other: batches it took are on their way.
    for (const isFolding of [true, false]) {
      const folds = await Promise.all(datasources.map(foldsOf));
      const victim = datasources[folds.findIndex((count) => count > 0 === isFolding)];
      expect(victim).toBeDefined();
      await victim?.kill();
      await more(400);
      await victim?.start();
      await more(400);
    }
    stopping.abort();
    await Promise.all(delivering);
    await expectExact(app, await cluster.openStore(), expectedTallies(...deliverers), [follower]);
    expect(follower.expiries).toBe(0);
  });
});
