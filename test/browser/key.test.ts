import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey } from '../../gateway/access/key-file-changes.ts';
import { packageRoot } from '../../platform/sdl.ts';
import { until } from '../e2e/harness.ts';
import { FakeGraph } from '../unit/gateway/fake-graph.ts';
import { openBrowser } from './browser.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { GraphiqlPage } from './graphiql-page.ts';

const OPERATIONS = `query Read { source(id: "s1") { name } }
subscription Watch { sourceChanged { touches } }
mutation Touch { touchSource(id: "s1") { touches } }`;

const NOTICE = '.tributary-key-notice';

// One visit, told in order: each test goes on where the one before has left the page.
describeInBrowser('GraphiQL where the graph wants a key', () => {
  let folder: string;
  let graph: FakeGraph;
  let browser: Browser;
  let graphiql: GraphiqlPage;
  let key: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
    const keysFile = join(folder, 'keys.json');
    key = await addKey(keysFile, { name: 'reader', role: 'READ' });
    graph = await FakeGraph.open(
      { API_KEYS_FILE: keysFile },
      { graphiqlFolder: join(packageRoot, 'dist', 'graphiql') },
    );
    browser = await openBrowser();
    graphiql = await GraphiqlPage.open(browser, new URL(graph.url).origin);
  });

  afterAll(async () => {
    await browser?.close();
    await graph?.close();
    await rm(folder, { recursive: true });
  });

  const showHeaders = () => graphiql.page.click('button[data-name="headers"]');
  const notice = () => graphiql.page.$eval(NOTICE, (element) => element.textContent ?? '');

  it('shows itself without a key, and says where to put one', async () => {
    await graphiql.page.waitForSelector(NOTICE);
    expect(await notice()).toContain('Headers');
    expect(await notice()).toContain('{ "authorization": "Bearer <key>" }');
    await graphiql.write('operation.graphql', OPERATIONS);
    await until('the page to have read its operations', async () =>
      (await graphiql.operations()).includes('Watch'),
    );
    await graphiql.run('Read');
    const { errors } = await graphiql.result((result) => result.errors);
    expect(errors[0].extensions.code).toBe('UNAUTHENTICATED');
    // The browser logs the status of such an answer, which is none of the page's faults.
    const faults = graphiql.faults.splice(0);
    expect(faults.filter((fault) => !fault.includes('status of 401'))).toEqual([]);
  });

  it('says the same where only a subscription has been tried', async () => {
    await graphiql.run('Watch');
    const { errors } = await graphiql.result((result) => JSON.stringify(result).includes('4403'));
    expect(errors).toHaveLength(1);
    expect(await notice()).toContain('wants a key');
  });

  it('takes no wrong key for a right one', async () => {
    await showHeaders();
    graphiql.faults.length = 0;
    await graphiql.write('request-headers.json', '{ "authorization": "Bearer tributary_of_nobody" }');
    await until('the wrong key to be tried', () => graphiql.faults.some((fault) => fault.includes('401')));
    expect(await notice()).toContain('wants a key');
  });

  it('loads the schema once the key is in the pane, and asks no more', async () => {
    await graphiql.write('request-headers.json', `{ "authorization": "Bearer ${key}" }`);
    await graphiql.page.waitForSelector(NOTICE, { hidden: true });
    expect(await graphiql.documentedFields('Query')).toEqual(
      expect.arrayContaining(['book', 'books', 'source']),
    );
  });

  it('runs operations and subscriptions with the key', async () => {
    graphiql.faults.length = 0;
    await graphiql.run('Read');
    expect(await graphiql.data((data) => data.source)).toEqual({ source: { name: 'Source s1' } });
    await graphiql.run('Watch');
    await until('the subscription to be live', () => graph.sourceReaders.size > 0);
    graph.touch('s1');
    expect(await graphiql.data((data) => data.sourceChanged)).toEqual({ sourceChanged: { touches: 1 } });
    await graphiql.stop();
    expect(graphiql.faults).toEqual([]);
  });

  it('says which role an operation wants that goes too far', async () => {
    await graphiql.run('Touch');
    const { errors } = await graphiql.result((result) => result.errors);
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('role WRITE'),
      extensions: { code: 'FORBIDDEN' },
    });
    expect(await graphiql.page.$(NOTICE)).toBeNull();
  });
});
