import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../platform/sdl.ts';
import { type App, until } from '../../e2e/app.ts';
import { openSite, type Site } from '../../e2e/site.ts';
import { Engine } from '../engine.ts';
import { DeployedStack, STACK_MS } from './deployed-stack.ts';

const { DOCKER_HOST, TRIBUTARY_IMAGE } = process.env;

/** The first mutation, query and subscription that README tells a new user to try, as they stand there. */
const [MUTATION = '', QUERY = '', SUBSCRIPTION = ''] = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  .split('```graphql\n')
  .slice(1)
  .map((block) => block.slice(0, block.indexOf('```')));

/** Tries connections, all at once, and writes a line for each that there was. */
const PROBE = `for (const target of process.argv.slice(1)) {
  const [host, port] = target.split(':');
  const socket = require('node:net').connect({ host, port, timeout: 3000 });
  socket.on('connect', () => { console.log(target); socket.destroy(); });
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => {});
}`;

const PORTS: Readonly<Record<string, number>> = {
  mongo: 27017,
  redis: 6379,
  consul: 8500,
  'docker-proxy': 2375,
  orchestrator: 4005,
  endpoint: 4003,
  gateway: 4000,
};

interface BooksEvent {
  readonly booksChanged: { readonly entries?: readonly Title[]; readonly upserted?: readonly Title[] };
}
type Title = { readonly title: string };

describe.skipIf(!DOCKER_HOST || !TRIBUTARY_IMAGE)('the whole stack, deployed', () => {
  let site: Site;
  let stack: DeployedStack;
  let app: App;
  const prices = ['51.77', '17.50', '9.99'];

  beforeAll(async () => {
    const address = await new Engine().machineAddress();
    site = await openSite((path) => (path === '/' ? bookshop(prices) : undefined), address);
    stack = await DeployedStack.deploy(`${address}/32`);
    app = stack.app();
  }, 2 * STACK_MS);
  afterAll(async () => {
    app?.disconnect();
    await stack?.close();
    await site?.close();
  }, STACK_MS);

  it("serves README's first mutation, query and subscription", async () => {
    const mutation = MUTATION.replace(/url: "[^"]+"/, `url: "${site.url}/"`);
    const added = await until('the gateway to have its graph', async () => {
      const { data } = await app.send<{ addSource: AddSource }>(mutation).catch(() => ({ data: undefined }));
      return data?.addSource;
    });
    expect(added.userErrors).toEqual([]);
    expect(added.source.collection).toEqual({ name: 'books', typeName: 'Book' });

    const books = await until('two books below 20', async () => {
      const { data } = await app.send<{ books: { nodes: Title[] } }>(QUERY);
      return data?.books.nodes.length === 2 ? data.books.nodes : undefined;
    });
    expect(books).toMatchObject([
      { title: 'Book 1', price: '17.50', meta: { sources: [{ lastRun: { status: 'SUCCEEDED' } }] } },
      { title: 'Book 2', price: '9.99' },
    ]);

    const changes = app.subscribe<BooksEvent>(SUBSCRIPTION);
    await changes.next(({ booksChanged }) => booksChanged.entries?.length === 3);
    prices.push('5.00');
    const { runSource } = await app.query(
      'mutation ($id: ID!) { runSource(id: $id) { userErrors { message } } }',
      { id: added.source.id },
    );
    expect(runSource.userErrors).toEqual([]);
    const { booksChanged } = await changes.next((event) => event.booksChanged.upserted !== undefined);
    expect(booksChanged.upserted?.map(({ title }) => title)).toEqual(['Book 3']);
    changes.close();
  });

  it('keeps workers to the two services that they call, the host budget and the internet', async () => {
    const worker = (await stack.services()).find(({ Spec }) => Spec.Name === `${stack.name}-worker-shared`);
    const networks = worker?.Spec.TaskTemplate.Networks?.map(({ Target }) => Target);
    expect(networks).toEqual([await stack.networkId('scraping')]);

    const forbidden: string[] = [];
    for (const [service, port] of Object.entries(PORTS)) {
      const addresses = await stack.addressesOf(service);
      expect(addresses.length, `addresses of ${service}`).toBeGreaterThan(0);
      const names = [service, `tasks.${service}`, stack.serviceName(service)];
      forbidden.push(...[...names, ...addresses].map((host) => `${host}:${port}`));
    }
    const allowed = ['configuration:4001', 'datasource:4002', 'host-budget:6379', new URL(site.url).host];
    const reached = await stack.runOn('scraping', ['node', '-e', PROBE, ...forbidden, ...allowed]);
    expect(reached.trim().split('\n').sort()).toEqual(allowed.sort());
  });

  it('answers every query while endpoints are replaced one by one', async () => {
    let isDone = false;
    const failures: unknown[] = [];
    const asking = (async () => {
      while (!isDone) {
        const { errors } = await app.send(QUERY).catch((error: unknown) => ({ errors: error }));
        if (errors) failures.push(errors);
      }
    })();
    try {
      await stack.docker('service', 'update', '--quiet', '--force', stack.serviceName('endpoint'));
    } finally {
      isDone = true;
      await asking;
    }
    expect(failures).toEqual([]);
  });

  it('is gone without a trace once it is removed', async () => {
    app.disconnect();
    await stack.remove();
    await until('its networks to be gone', async () => (await stack.leftovers()).length === 0);
    expect(await stack.leftovers()).toEqual([]);
  });
});

interface AddSource {
  readonly source: { readonly id: string; readonly collection: { name: string; typeName: string } };
  readonly userErrors: readonly unknown[];
}

function bookshop(prices: readonly string[]): string {
  const books = prices.map(
    (price, index) => `<article class="product_pod">
      <h3><a href="catalogue/book-${index}" title="Book ${index}">Book …</a></h3>
      <p class="price_color">£${price}</p><p class="availability">In stock</p>
    </article>`,
  );
  return `<!doctype html><meta charset="utf-8"><section>${books.join('')}</section>`;
}
