import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformProcess, until } from '../harness.ts';
import { childrenOf } from '../processes.ts';
import { openSite, type Site } from '../site.ts';

const PAGES = 5;

describe('a worker that dies in the middle of a run', () => {
  let site: Site;
  let platform: PlatformProcess;
  let openRequests = 0;
  let mostOpenRequests = 0;
  /** The third page waits for this. */
  let release: () => void = () => {};
  let held = new Promise<void>((resolve) => {
    release = resolve;
  });

  beforeAll(async () => {
    site = await openSite((path) => {
      const page = Number(/^\/page\/(\d)$/.exec(path)?.[1]);
      if (!page) return undefined;
      return async (_request, response) => {
        openRequests += 1;
        mostOpenRequests = Math.max(mostOpenRequests, openRequests);
        response.on('close', () => {
          openRequests -= 1;
        });
        if (page === 3) await held;
        const items = [1, 2, 3].map((n) => `<li><b>item ${page}.${n}</b>`).join('');
        const next = page < PAGES ? `<a rel=next href="/page/${page + 1}">next</a>` : '';
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<ul>${items}</ul>${next}`);
      };
    });
    // A short lease, so that the story needs no half minute.
    platform = await new PlatformProcess({ environment: { LEASE: 'PT2S' } }).start();
  });
  afterAll(async () => {
    release();
    await platform?.dispose();
    await site?.close();
  });

  it('hands its source over; what it had delivered counts once', async () => {
    const { addSource } = await platform.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          collection: 'items',
          url: `${site.url}/page/1`,
          every: 'P1D',
          records: 'li',
          fields: [
            { name: 'name', select: 'b' },
            { name: 'times', select: 'b', merge: 'COUNT' },
          ],
          key: ['name'],
          retain: 'FOREVER',
          pagination: { next: 'a@href' },
        },
      },
    );
    expect(addSource.userErrors).toEqual([]);
    const { id } = addSource.source;
    await until('the run to reach the page that hangs', () => site.requests.includes('/page/3'));
    await until('the first pages to be in', async () => {
      const { errors, data } = await platform.send<{ items: { totalCount: number } }>(
        '{ items { totalCount } }',
      );
      return !errors && data?.items.totalCount === 6;
    });
    const [worker] = childrenOf(platform.pid);
    process.kill(worker as number, 'SIGKILL');
    await until(
      'another worker to reach that page',
      () => site.requests.filter((path) => path === '/page/3').length >= 2,
    );
    held = Promise.resolve();
    release();

    const runs = await until('the second run', async () => {
      const { runs } = await platform.query(
        'query ($id: ID!) { runs(sourceId: $id) { nodes { status records error { code } } } }',
        { id },
      );
      return runs.nodes.some(({ status }: { status: string }) => status === 'SUCCEEDED') && runs.nodes;
    });
    expect(runs).toEqual([
      { status: 'SUCCEEDED', records: 15, error: null },
      expect.objectContaining({ status: 'FAILED', error: { code: 'WORKER_LOST' } }),
    ]);
    const { items } = await until('all entries', async () => {
      const data = await platform.query('{ items(first: 100) { nodes { name times } } }');
      return data.items.nodes.length === PAGES * 3 && data;
    });
    expect(items.nodes.every(({ times }: { times: number }) => times === 1)).toBe(true);
    // One source is read by one worker, one page after the other.
    expect(mostOpenRequests).toBe(1);
  });
});
