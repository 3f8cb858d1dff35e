import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformProcess, until } from '../harness.ts';
import { openSite, type Site } from '../site.ts';

describe('a subscription across subgraphs', () => {
  let site: Site;
  let platform: PlatformProcess;
  let price = 1;

  beforeAll(async () => {
    site = await openSite((path) =>
      path === '/ships'
        ? `<p><a href="/argo">Argo</a><b>${price}</b></p><p><a href="/beagle">Beagle</a><b>7</b></p>`
        : undefined,
    );
    platform = await new PlatformProcess().start();
  });
  afterAll(async () => {
    await platform?.dispose();
    await site?.close();
  });

  it('takes its event from datasource and its sources from configuration', async () => {
    const { addSource } = await platform.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          collection: 'ships',
          url: `${site.url}/ships`,
          every: 'P1D',
          records: 'p',
          fields: [
            { name: 'name', select: 'a' },
            { name: 'price', select: 'b', type: 'INT' },
          ],
        },
      },
    );
    const { id } = addSource.source;
    const cursorAt = async (count: number) =>
      until('the entries', async () => {
        const { collection } = await platform.query('{ collection(name: "ships") { entryCount cursor } }');
        return collection?.entryCount === count && collection.cursor;
      });
    const cursor = await cursorAt(2);

    const changes = platform.subscribe(
      `subscription ($after: String) {
        collectionChanged(name: "ships", after: $after) {
          cursor reset removed
          upserted { key fields meta { sources { url state } } }
          collection { name sources { nodes { url lastRun { status } } } }
        }
      }`,
      { after: cursor },
    );
    const ended = platform.subscribe(
      'subscription ($id: ID!) { runChanged(sourceId: $id) { status source { name } } }',
      { id },
    );
    price = 2;
    await until('the subscription to be live', async () => {
      await platform.query('mutation ($id: ID!) { runSource(id: $id) { run { id } } }', { id });
      return changes.events.length > 0;
    });
    const { collectionChanged } = await changes.next(() => true);
    expect(collectionChanged).toMatchObject({
      reset: false,
      removed: [],
      upserted: [
        {
          key: 'Argo',
          fields: { name: 'Argo', price: 2 },
          meta: { sources: [{ url: `${site.url}/ships`, state: 'ACTIVE' }] },
        },
      ],
      collection: { name: 'ships', sources: { nodes: [{ url: `${site.url}/ships` }] } },
    });
    expect(['RUNNING', 'SUCCEEDED']).toContain(collectionChanged.collection.sources.nodes[0].lastRun.status);
    await ended.next(({ runChanged }) => runChanged.status === 'SUCCEEDED');
    changes.close();
    ended.close();
  });

  it('refuses a cursor that is none, with a code', async () => {
    const log = platform.subscribe('subscription { shipsChanged(after: "rubbish") { __typename } }');
    expect(await log.ended).toMatchObject([{ extensions: { code: 'CURSOR_INVALID' } }]);
  });
});
