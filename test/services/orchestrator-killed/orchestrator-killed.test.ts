import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, until } from '../../e2e/app.ts';
import { childrenOf, isAlive } from '../../e2e/processes.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import { openPagedSite, PAGES, type PagedSite, pagedSource, RECORDS_PER_PAGE } from '../paged-site.ts';
import type { ServiceProcess } from '../service-process.ts';

describe.skipIf(!hasServers)('the leading orchestrator killed', () => {
  let cluster: ServiceCluster;
  let site: PagedSite;
  let app: App;
  let orchestrators: ServiceProcess[];

  beforeAll(async () => {
    site = await openPagedSite();
    cluster = await ServiceCluster.open();
    const names = [
      'gateway',
      'configuration',
      'datasource',
      'endpoint',
      'orchestrator',
      'orchestrator',
    ] as const;
    const services = await cluster.start(...names);
    app = cluster.app(services[0] as ServiceProcess);
    orchestrators = services.filter(({ service }) => service === 'orchestrator');
  });
  afterAll(async () => {
    await cluster?.close();
    await site?.close();
  });

  const workersOf = (one: ServiceProcess) => (one.isRunning ? childrenOf(one.pid) : []);
  const leader = () => {
    const leading = orchestrators.filter((one) => workersOf(one).length > 0);
    return leading.length === 1 ? leading[0] : undefined;
  };
  const add = async (source: string, every: string) => {
    const { addSource } = await app.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { userErrors { message } } }',
      { input: pagedSource(site, source, every) },
    );
    expect(addSource.userErrors).toEqual([]);
  };

  it('takes its workers with it, and another goes on: no source runs twice at once', async () => {
    await until('one orchestrator to lead', leader);
    for (let shop = 0; shop < 5; shop++) await add(`shop-${shop}`, 'PT1S');
    await until('every source to be read', () => site.asked('shop-4', PAGES) > 0);
    const first = leader() as ServiceProcess;
    const workers = workersOf(first);
    await first.kill();
    await until('its workers to be gone', () => workers.every((pid) => !isAlive(pid)));
    const next = await until('the other to lead', leader);
    expect(next).not.toBe(first);
    const before = site.asked('shop-4', PAGES);
    await until(
      'the sources to be read again',
      () => site.asked('shop-4', PAGES) > before + 1,
      () => site.requests.length,
    );
    expect(site.mostAtOnce).toBe(1);
    const { items } = await app.query('{ items(first: 100) { totalCount nodes { times } } }');
    expect(items.totalCount).toBe(5 * PAGES * RECORDS_PER_PAGE);
    expect(items.nodes.every(({ times }: { times: number }) => times === 1)).toBe(true);
  });

  it('stands back when it comes again', async () => {
    const [killed] = orchestrators.filter(({ isRunning }) => !isRunning);
    await killed?.start();
    await add('late', 'P1D');
    await until('a source added now to be read', () => site.asked('late', PAGES) > 0);
    expect(leader()).not.toBe(killed);
  });

  it('hands over on SIGTERM', async () => {
    const first = leader() as ServiceProcess;
    expect(await first.stop()).toBe(0);
    await until('the other to lead', () => leader() !== undefined && leader() !== first);
  });
});
