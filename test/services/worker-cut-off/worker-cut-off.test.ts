import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, until } from '../../e2e/app.ts';
import { freePort } from '../../support/free-ports.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import { type FaultProxy, openFaultProxy } from '../fault-proxy.ts';
import { openPagedSite, PAGES, type PagedSite, pagedSource, RECORDS_PER_PAGE } from '../paged-site.ts';
import type { ServiceProcess } from '../service-process.ts';

/** Well before the limit of an attempt to deliver, 30 s, which began by the length of a lease, 10 s, earlier. */
const ENDED_MS_MAX = 12_000;

/** As in a swarm: a worker that was told where the services are, and whose network lets nothing more through. */
describe.skipIf(!hasServers)('a worker that is cut off, and whose connections hang', () => {
  let cluster: ServiceCluster;
  let site: PagedSite;
  let app: App;
  let network: readonly FaultProxy[];
  let worker: ServiceProcess;
  let workerUrl: string;
  let pid: number;

  beforeAll(async () => {
    site = await openPagedSite();
    // A tenth of it is what a worker has to end its runs in, on a machine that may be busy.
    cluster = await ServiceCluster.open({ LEASE: 'PT10S' });
    const [gateway, configuration, datasource] = (await cluster.start(
      'gateway',
      'configuration',
      'datasource',
      'endpoint',
    )) as [ServiceProcess, ServiceProcess, ServiceProcess];
    app = cluster.app(gateway);
    const cable = ({ url }: ServiceProcess) => openFaultProxy('127.0.0.1', Number(new URL(url).port));
    network = [await cable(configuration), await cable(datasource)];
    const [configurationPort, datasourcePort] = network.map(({ port }) => port);
    const port = await freePort();
    workerUrl = `http://127.0.0.1:${port}`;
    worker = cluster.spawn('scraper', {
      REGISTRY_URL: `static:configuration=http://127.0.0.1:${configurationPort}/graphql,datasource=http://127.0.0.1:${datasourcePort}/graphql`,
      BUS_URL: '',
      PORT: String(port),
    });
    await worker.ready();
    pid = worker.pid;
  });
  afterAll(async () => {
    for (const cable of network ?? []) await cable.close();
    await cluster?.close();
    await site?.close();
  });

  const addSource = async (source: string) => {
    const { addSource: added } = await app.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      { input: pagedSource(site, source) },
    );
    expect(added.userErrors).toEqual([]);
    return added.source.id as string;
  };
  const timesOf = async (source: string): Promise<number[]> => {
    const { data } = await app.send<{ items: { nodes: { times: number }[] } }>(
      'query ($source: String!) { items(first: 100, filter: { name: { startsWith: $source } }) { nodes { times } } }',
      { source: `${source} ` },
    );
    return data?.items.nodes.map(({ times }) => times) ?? [];
  };
  const runsOf = async (id: string): Promise<{ status: string }[]> => {
    const query = 'query ($id: ID!) { runs(sourceId: $id) { nodes { status } } }';
    return (await app.query(query, { id })).runs.nodes;
  };
  const workersOf = async (): Promise<string[]> => {
    const { cluster: seen } = await app.query('{ cluster { workers { id } } }');
    return seen.workers.map(({ id }: { id: string }) => id);
  };
  /** Runs that go on in the worker itself, and batches that it has had to send again. */
  const counted = async (name: string): Promise<number> => {
    const text = await (await fetch(`${workerUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  const endings = () => worker.output.split('"leases have ended"').length - 1;
  const expectEachOnce = async (source: string) => {
    const times = await until('all entries', async () => {
      const found = await timesOf(source);
      return found.length === PAGES * RECORDS_PER_PAGE && found;
    });
    expect(new Set(times)).toEqual(new Set([1]));
  };

  it('ends its run while its lease still holds, whatever that waits for, and another reads the source', async () => {
    site.hold(3);
    const id = await addSource('cut');
    await until('the run to reach the page that hangs', () => site.asked('cut', 3) === 1);
    const [cutOff] = await workersOf();
    const [second] = (await cluster.start('scraper')) as [ServiceProcess];
    for (const cable of network) cable.freeze();
    await until('another worker to reach that page', () => site.asked('cut', 3) === 2);
    // No two requests at once: the first had been given up by then.
    expect(site.mostAtOnce).toBe(1);
    expect(endings()).toBe(1);
    site.release();
    await until('the second run to succeed', async () =>
      (await runsOf(id)).some(({ status }) => status === 'SUCCEEDED'),
    );
    await expectEachOnce('cut');

    for (const cable of network) cable.thaw();
    await until('it to be back under another name', async () => (await workersOf()).length === 2);
    expect(await workersOf()).not.toContain(cutOff);
    // What the other one held is its own now.
    expect(await second.stop()).toBe(0);
    expect(worker.pid).toBe(pid);
    await app.query('mutation ($id: ID!) { runSource(id: $id) { userErrors { message } } }', { id });
    await until('it to read the source again', async () => {
      const runs = await runsOf(id);
      return runs.filter(({ status }) => status === 'SUCCEEDED').length === 2;
    });
  });

  it('gives up a delivery that hangs, though its own limit is longer', async () => {
    const before = endings();
    site.hold(2);
    const id = await addSource('delivery');
    await until(
      'the first page to be in',
      async () => (await timesOf('delivery')).length === RECORDS_PER_PAGE,
    );
    await until('the run to reach the page that hangs', () => site.asked('delivery', 2) === 1);
    for (const cable of network) cable.freeze();
    site.release();
    await until('its leases to end', () => endings() === before + 1);
    await until(
      'its run to end',
      async () => (await counted('tributary_scraper_runs')) === 0,
      () => worker.output,
      ENDED_MS_MAX,
    );
    // The first attempt hung until then, and nothing was read that could not be delivered.
    expect(await counted('tributary_scraper_resent_batches_total')).toBe(0);
    expect(site.asked('delivery', PAGES)).toBe(0);
    for (const cable of network) cable.thaw();
    await until('the run to be made up for', async () =>
      (await runsOf(id)).some(({ status }) => status === 'SUCCEEDED'),
    );
    await expectEachOnce('delivery');
    expect((await runsOf(id)).map(({ status }) => status).sort()).toEqual(['FAILED', 'SUCCEEDED']);
    expect(worker.pid).toBe(pid);
    expect(await worker.stop()).toBe(0);
  });
});
