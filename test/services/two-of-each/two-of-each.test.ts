import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, until } from '../../e2e/app.ts';
import { childrenOf } from '../../e2e/processes.ts';
import { openSite, type Site } from '../../e2e/site.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import type { ServiceProcess } from '../service-process.ts';

/** How many sources: enough for both datasources and several workers to have some. */
const SHOPS = 8;

describe.skipIf(!hasServers)('two replicas of each service', () => {
  let cluster: ServiceCluster;
  let site: Site;
  let services: Record<string, ServiceProcess[]>;
  let apps: [App, App];
  /** By shop. */
  const prices: number[] = Array.from({ length: SHOPS }, (_, shop) => 10 + shop);

  beforeAll(async () => {
    site = await openSite((path) => {
      const shop = /^\/shop\/(\d)$/.exec(path)?.[1];
      if (shop === undefined) return undefined;
      return `<ul><li><b>Anvil</b> <i>${prices[Number(shop)]}.50</i></li><li><b>Bell</b> <i>7</i></li></ul>`;
    });
    cluster = await ServiceCluster.open();
    const names = ['configuration', 'datasource', 'endpoint', 'gateway', 'orchestrator'] as const;
    const started = await cluster.start(...names, ...names);
    services = Object.fromEntries(
      names.map((name) => [name, started.filter(({ service }) => service === name)]),
    );
    const [first, second] = services.gateway as [ServiceProcess, ServiceProcess];
    apps = [cluster.app(first), cluster.app(second)];
  });
  afterAll(async () => {
    await cluster?.close();
    await site?.close();
  });

  const add = async (app: App, shop: number) => {
    const { addSource } = await app.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          collection: `shop_${shop}`,
          url: `${site.url}/shop/${shop}`,
          every: 'PT1S',
          records: 'li',
          fields: [
            { name: 'title', select: 'b' },
            { name: 'price', select: 'i', type: 'DECIMAL' },
          ],
        },
      },
    );
    expect(addSource.userErrors).toEqual([]);
  };
  const priceOf = async (app: App, shop: number) => {
    const query = `{ collection(name: "shop_${shop}") { entries { nodes { key fields } } } }`;
    const { data } = await app.send<{
      collection: { entries: { nodes: { key: string; fields: { price?: string } }[] } } | null;
    }>(query);
    return data?.collection?.entries.nodes.find(({ key }) => key === 'Anvil')?.fields.price;
  };

  it('are one platform: what is added through one gateway is read, typed, through the other', async () => {
    for (let shop = 0; shop < SHOPS; shop++) await add(apps[shop % 2] as App, shop);
    for (let shop = 0; shop < SHOPS; shop++) {
      await until(
        'the price of a shop',
        async () => (await priceOf(apps[(shop + 1) % 2] as App, shop)) === `${10 + shop}.50`,
      );
    }
    await until('the types of all shops at both gateways', async () => {
      const fields = Array.from({ length: SHOPS }, (_, shop) => `s${shop}: shop${shop} { totalCount }`);
      return (await Promise.all(apps.map((app) => app.send(`{ ${fields.join(' ')} }`)))).every(
        ({ errors }) => !errors,
      );
    });
  });

  it('answer each query the same, whichever of them it reaches', async () => {
    const query =
      '{ sources(first: 100) { totalCount } collections { totalCount nodes { name entryCount } } }';
    const answers = new Set<string>();
    for (let time = 0; time < 8; time++) {
      answers.add(JSON.stringify(await (apps[time % 2] as App).query(query)));
    }
    expect([...answers]).toHaveLength(1);
  });

  it('share the folding, and let one orchestrator lead', async () => {
    const foldsOf = async ({ url }: ServiceProcess) => {
      const metrics = await (await fetch(new URL('/metrics', url))).text();
      return Number(/^tributary_held_folds (\d+)$/m.exec(metrics)?.[1] ?? 0);
    };
    await until('each datasource to fold some collections', async () => {
      const held = await Promise.all((services.datasource ?? []).map(foldsOf));
      return held.every((count) => count > 0) && held.reduce((a, b) => a + b, 0) === SHOPS;
    });
    const workers = (services.orchestrator ?? []).map(({ pid }) => childrenOf(pid).length);
    expect(workers.filter((count) => count > 0)).toHaveLength(1);
  });

  it('let a subscriber go on at the other gateway where it was at the first', async () => {
    const CHANGED = `subscription ($after: String) { shop0Changed(after: $after) {
      ... on Shop0Snapshot { cursor complete } ... on Shop0Delta { cursor upserted { title price } }
      ... on Shop0CursorExpired { cursor message } } }`;
    const first = apps[0].subscribe(CHANGED);
    const { shop0Changed: snapshot } = await first.next(({ shop0Changed }) => shop0Changed.complete);
    first.close();
    prices[0] = 99;
    await until('the new price', async () => (await priceOf(apps[0], 0)) === '99.50');
    const second = apps[1].subscribe(CHANGED, { after: snapshot.cursor });
    const { shop0Changed: delta } = await second.next(() => true);
    expect(delta.upserted).toEqual([{ title: 'Anvil', price: '99.50' }]);
    second.close();
  });

  it('drain on SIGTERM: no query fails while one of each goes', async () => {
    let isDone = false;
    const failures: unknown[] = [];
    const asking = (async () => {
      while (!isDone) {
        const { errors } = await apps[1].send(
          '{ sources { totalCount } collections { nodes { name entryCount } } shop0 { totalCount } }',
        );
        if (errors) failures.push(errors);
      }
    })();
    for (const name of ['configuration', 'datasource', 'endpoint', 'orchestrator', 'gateway']) {
      expect(await services[name]?.[0]?.stop()).toBe(0);
    }
    prices[1] = 77;
    await until('a change to come through', async () => (await priceOf(apps[1], 1)) === '77.50');
    isDone = true;
    await asking;
    expect(failures).toEqual([]);
  });
});
