import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openTestConfiguration,
  type TestConfiguration,
} from '../../../test/support/configuration-service.ts';

let service: TestConfiguration;
beforeEach(async () => {
  service = await openTestConfiguration();
});
afterEach(() => service.close());

describe('queries', () => {
  it('page through sources and their filters', async () => {
    for (const name of ['One', 'Two', 'Three']) await service.add({ name });
    await service.add({ name: 'Bike', collection: 'bikes' });
    const page = async (args: string) =>
      (
        await service.request(`{ sources(${args}) {
        totalCount nodes { name } edges { cursor node { name } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      } }`)
      ).sources;
    const first = await page('first: 2, filter: { collection: "books" }');
    expect(first).toMatchObject({
      totalCount: 3,
      nodes: [{ name: 'One' }, { name: 'Two' }],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, endCursor: first.edges[1].cursor },
    });
    const after = JSON.stringify(first.pageInfo.endCursor);
    expect(await page(`first: 2, after: ${after}, filter: { collection: "books" }`)).toMatchObject({
      nodes: [{ name: 'Three' }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
    expect(await page('filter: { search: "BIK" }')).toMatchObject({
      totalCount: 1,
      nodes: [{ name: 'Bike' }],
    });
    expect(await page('filter: { state: PAUSED }')).toMatchObject({
      totalCount: 0,
      nodes: [],
      pageInfo: { startCursor: null, endCursor: null },
    });
  });

  it.each([
    'sources(first: 0)',
    'sources(first: 101)',
    'runs(first: -1)',
    'sources(after: "x")',
    'runs(after: "x")',
  ])('refuse %s', async (field) => {
    const code = field.includes('after') ? 'CURSOR_INVALID' : 'BAD_USER_INPUT';
    await expect(service.request(`{ ${field} { totalCount } }`)).rejects.toMatchObject({ code });
  });

  it('give every input field of a source back', async () => {
    const input = {
      name: 'All',
      collection: 'things',
      url: 'https://example.com/api',
      format: 'JSON',
      render: 'HTTP',
      cron: '0 6 * * *',
      timezone: 'Europe/Berlin',
      records: '$.items[*]',
      fields: [
        { name: 'tags', select: '$.tags[*]', type: 'STRING', list: true, merge: 'SET', required: true },
        { name: 'n', select: '$.n', type: 'INT', list: false, merge: 'SUM', required: false },
      ],
      key: ['n'],
      retain: 'P7D',
      pagination: { next: '$.next', limit: 3 },
      isolation: 'DEDICATED',
    };
    const { value, errors } = await service.add(input);
    expect(errors).toEqual([]);
    const { source } = await service.request(
      `query($id: ID!) { source(id: $id) {
        name url format render every cron timezone records fields { name select type list merge required }
        key retain pagination { next limit } isolation collection { name } createdAt updatedAt
      } }`,
      { id: value.id },
    );
    const now = new Date(service.clock.now()).toISOString();
    const { collection, ...rest } = input;
    expect(source).toEqual({
      ...rest,
      every: null,
      collection: { name: collection },
      createdAt: now,
      updatedAt: now,
    });
  });

  it('join a collection to its living sources, and a run to its source', async () => {
    const { id, lastRun } = (await service.add()).value;
    const removed = (await service.add()).value.id;
    await service.remove(removed, 'KEEP');
    const { _entities } = await service.request(
      `query($of: [_Any!]!) { _entities(representations: $of) {
        ... on Collection { name sources { totalCount nodes { id } } }
        ... on Run { id source { id } }
      } }`,
      {
        of: [
          { __typename: 'Collection', name: 'books' },
          { __typename: 'Run', id: lastRun.id },
        ],
      },
    );
    expect(_entities).toEqual([
      { name: 'books', sources: { totalCount: 1, nodes: [{ id }] } },
      { id: lastRun.id, source: { id } },
    ]);
  });

  it('follow definitions page by page', async () => {
    for (const collection of ['a', 'b', 'c']) await service.add({ collection });
    const page = async (after: number) =>
      (
        await service.request(
          'query($after: Counter!) { collectionDefinitions(after: $after, first: 2) { definitions revision hasMore } }',
          { after },
        )
      ).collectionDefinitions;
    expect(await page(0)).toMatchObject({
      definitions: [{ name: 'a' }, { name: 'b' }],
      revision: 2,
      hasMore: true,
    });
    expect(await page(2)).toMatchObject({ definitions: [{ name: 'c' }], revision: 3, hasMore: false });
    expect(await page(3)).toEqual({ definitions: [], revision: 3, hasMore: false });
  });
});

describe('the cluster', () => {
  const CLUSTER = `{ cluster { observedAt nodes { hostname resources { cpus memory } }
    pools { name isolation render replicas sourceCount update { state startedAt message } problem tasks { id state sources { totalCount nodes { name } } } }
    workers { id pool hostname capacity sourceCount sources { nodes { name } } } } }`;

  it('is empty before the first report', async () => {
    const { cluster } = await service.request(CLUSTER);
    expect(cluster).toEqual({ observedAt: null, nodes: [], pools: [], workers: [] });
  });

  it('joins what the orchestrator saw to the workers and their sources', async () => {
    await service.add({ name: 'Mine' });
    await service.claim('w1', { taskId: 'task-1', capacity: 7 });
    const observedAt = new Date(service.clock.now()).toISOString();
    const task = (id: string) => ({ id, node: 'n1', state: 'RUNNING', since: observedAt, error: null });
    await service.request('mutation($observed: JSON!) { reportCluster(input: { observed: $observed }) }', {
      observed: {
        nodes: [
          {
            hostname: 'n1',
            role: 'manager',
            availability: 'active',
            state: 'ready',
            resources: { cpus: 2, memory: 8e9 },
          },
        ],
        pools: [
          {
            name: 'shared',
            isolation: 'SHARED',
            render: 'HTTP',
            replicas: 2,
            tasks: [task('task-1'), task('task-2')],
            update: { state: 'ROLLED_BACK', startedAt: observedAt, message: 'task failed' },
            problem: 'The newer image does not start.',
          },
        ],
        observedAt,
      },
    });
    const { cluster } = await service.request(CLUSTER);
    expect(cluster).toEqual({
      observedAt,
      nodes: [{ hostname: 'n1', resources: { cpus: 2, memory: 8e9 } }],
      pools: [
        {
          name: 'shared',
          isolation: 'SHARED',
          render: 'HTTP',
          replicas: 2,
          sourceCount: 1,
          update: { state: 'ROLLED_BACK', startedAt: observedAt, message: 'task failed' },
          problem: 'The newer image does not start.',
          tasks: [
            { id: 'task-1', state: 'RUNNING', sources: { totalCount: 1, nodes: [{ name: 'Mine' }] } },
            { id: 'task-2', state: 'RUNNING', sources: { totalCount: 0, nodes: [] } },
          ],
        },
      ],
      workers: [
        {
          id: 'w1',
          pool: 'shared',
          hostname: 'host',
          capacity: 7,
          sourceCount: 1,
          sources: { nodes: [{ name: 'Mine' }] },
        },
      ],
    });
  });

  it('refuses a report that is none', async () => {
    const report = service.request('mutation { reportCluster(input: { observed: { nodes: 1 } }) }');
    await expect(report).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('the demands on the pools', () => {
  const demands = async () =>
    (await service.request('{ poolDemands { pool isolation sourceCount workerIds } }')).poolDemands;

  it('count what workers have to serve, and who they are', async () => {
    const { id } = (await service.add()).value;
    const dedicated = (await service.add({ isolation: 'DEDICATED' })).value.id;
    await service.claim('w1');
    expect(await demands()).toEqual([
      { pool: 'shared', isolation: 'SHARED', sourceCount: 1, workerIds: ['w1'] },
      { pool: `source-${dedicated}`, isolation: 'DEDICATED', sourceCount: 1, workerIds: [] },
    ]);
    await service.pause(id);
    await service.remove(dedicated, 'KEEP');
    expect(await demands()).toEqual([]);
  });

  it('include a preview that waits for a worker', async () => {
    const preview = service.preview();
    await expect
      .poll(demands)
      .toEqual([{ pool: 'shared', isolation: 'SHARED', sourceCount: 1, workerIds: [] }]);
    service.clock.advance(30_000);
    await preview;
    expect(await demands()).toEqual([]);
  });
});
