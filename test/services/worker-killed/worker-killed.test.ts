import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, until } from '../../e2e/app.ts';
import { hasServers, ServiceCluster } from '../cluster.ts';
import { openPagedSite, PAGES, type PagedSite, pagedSource, RECORDS_PER_PAGE } from '../paged-site.ts';
import type { ServiceProcess } from '../service-process.ts';

describe.skipIf(!hasServers)('a worker that is killed, frozen or cut off in the middle of a run', () => {
  let cluster: ServiceCluster;
  let site: PagedSite;
  let app: App;
  let first: ServiceProcess;
  let second: ServiceProcess;

  beforeAll(async () => {
    site = await openPagedSite();
    cluster = await ServiceCluster.open();
    const started = await cluster.start(
      'gateway',
      'configuration',
      'configuration',
      'datasource',
      'endpoint',
    );
    app = cluster.app(started[0] as ServiceProcess);
    [first] = (await cluster.start('scraper')) as [ServiceProcess];
  });
  afterAll(async () => {
    await cluster?.close();
    await site?.close();
  });

  /** Adds a source whose third page hangs, and waits until it is read and what was before it is in. */
  const beginRun = async (source: string) => {
    site.hold(3);
    const { addSource } = await app.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      { input: pagedSource(site, source) },
    );
    expect(addSource.userErrors).toEqual([]);
    await until('the run to reach the page that hangs', () => site.asked(source, 3) === 1);
    await until(
      'the first pages to be in',
      async () => (await timesOf(source)).length === 2 * RECORDS_PER_PAGE,
    );
    return addSource.source.id as string;
  };
  const timesOf = async (source: string): Promise<number[]> => {
    const { data } = await app.send<{ items: { nodes: { times: number }[] } }>(
      'query ($source: String!) { items(first: 100, filter: { name: { startsWith: $source } }) { nodes { times } } }',
      { source: `${source} ` },
    );
    return data?.items.nodes.map(({ times }) => times) ?? [];
  };
  const runsOf = async (id: string): Promise<{ status: string; error: { code: string } | null }[]> => {
    const query = 'query ($id: ID!) { runs(sourceId: $id) { nodes { status error { code } } } }';
    return (await app.query(query, { id })).runs.nodes;
  };
  /** Another worker has read everything, and everything counts once. */
  const expectOnce = async (source: string, id: string) => {
    await until('another worker to reach that page', () => site.asked(source, 3) === 2);
    site.release();
    await until('the second run to succeed', async () =>
      (await runsOf(id)).some(({ status }) => status === 'SUCCEEDED'),
    );
    const times = await until('all entries', async () => {
      const found = await timesOf(source);
      return found.length === PAGES * RECORDS_PER_PAGE && found;
    });
    expect(new Set(times)).toEqual(new Set([1]));
    expect((await runsOf(id)).find(({ status }) => status === 'FAILED')?.error?.code).toBe('WORKER_LOST');
    expect(site.mostAtOnce).toBe(1);
  };

  it('killed: another takes its source over', async () => {
    const id = await beginRun('killed');
    [second] = (await cluster.start('scraper')) as [ServiceProcess];
    await first.kill();
    await expectOnce('killed', id);
  });

  it('frozen past its lease: another takes over, and what it still says when it wakes counts for nothing', async () => {
    const id = await beginRun('frozen');
    await first.start();
    second.freeze();
    await until('another worker to reach that page', () => site.asked('frozen', 3) === 2);
    // Its connection to the site was open all the while: that it is read by two is the site's doing.
    second.thaw();
    await expectOnceAwake(id);
  });

  const expectOnceAwake = async (id: string) => {
    site.release();
    await until('the second run to succeed', async () =>
      (await runsOf(id)).some(({ status }) => status === 'SUCCEEDED'),
    );
    const times = await until('all entries', async () => {
      const found = await timesOf('frozen');
      return found.length === PAGES * RECORDS_PER_PAGE && found;
    });
    expect(new Set(times)).toEqual(new Set([1]));
    expect((await runsOf(id)).map(({ status }) => status).sort()).toEqual(['FAILED', 'SUCCEEDED']);
  };
});
