import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformProcess, until } from '../harness.ts';
import { openSite, type Site } from '../site.ts';

const ADD = `mutation ($input: AddSourceInput!) {
  addSource(input: $input) { source { id } userErrors { field message code } }
}`;

const LIST =
  '<ul><li class="item"><a href="/1">One</a><b>1.50</b></li><li class="item"><a href="/2">Two</a><b>2.50</b></li></ul>';

describe('bad input', () => {
  let site: Site;
  let platform: PlatformProcess;

  const input = (changes: Record<string, unknown> = {}) => ({
    collection: 'items',
    url: `${site.url}/list`,
    every: 'P1D',
    records: '.item',
    fields: [
      { name: 'title', select: 'a' },
      { name: 'price', select: 'b', type: 'DECIMAL' },
      { name: 'url', select: 'a@href', type: 'URL' },
    ],
    ...changes,
  });
  const problemsOf = async (changes: Record<string, unknown>) => {
    const { addSource } = await platform.query(ADD, { input: input(changes) });
    expect(addSource.source).toBeNull();
    return addSource.userErrors.map(({ field, code }: { field: string; code: string }) => `${field} ${code}`);
  };
  const addedRun = async (changes: Record<string, unknown>) => {
    const { addSource } = await platform.query(ADD, { input: input(changes) });
    expect(addSource.userErrors).toEqual([]);
    const { id } = addSource.source;
    return until('the run to end', async () => {
      const { source } = await platform.query(
        `query ($id: ID!) { source(id: $id) { state lastRun { status pages records quarantined error { code message url } quarantinedRecords { field reason page } misses { field missing invalid sample } } } }`,
        { id },
      );
      return ['QUEUED', 'RUNNING'].includes(source.lastRun.status) ? undefined : source;
    });
  };

  beforeAll(async () => {
    site = await openSite((path) => {
      switch (path) {
        case '/list':
          return LIST;
        case '/gone':
          return (_request, response) => void response.writeHead(410).end();
        case '/empty':
          return '<p>Nothing today</p>';
        case '/loop':
          return (_request, response) => void response.writeHead(302, { location: '/loop' }).end();
        case '/inward':
          return (_request, response) =>
            void response.writeHead(302, { location: 'http://10.0.0.1/secret' }).end();
        default:
          return undefined;
      }
    });
    platform = await new PlatformProcess({ environment: { RETRIES_MAX: '0' } }).start();
    const { addSource } = await platform.query(ADD, {
      input: input({ collection: 'goods', name: 'the good one' }),
    });
    expect(addSource.userErrors).toEqual([]);
  });
  afterAll(async () => {
    await platform?.dispose();
    await site?.close();
  });

  it.each([
    ['an invalid selector', { records: 'li[' }, ['records INVALID_SELECTOR']],
    [
      'an invalid field selector',
      {
        fields: [
          { name: 'a', select: 'a' },
          { name: 'b', select: 'b:nope(' },
        ],
      },
      ['fields.1.select INVALID_SELECTOR'],
    ],
    [
      'an invalid JSONPath',
      { format: 'JSON', records: '$.[', fields: [{ name: 'a', select: '$.a' }] },
      ['records INVALID_SELECTOR'],
    ],
    ['no URL', { url: 'shop' }, ['url INVALID_URL']],
    ['another scheme', { url: 'file:///etc/passwd' }, ['url INVALID_URL']],
    ['a private address', { url: 'http://169.254.169.254/latest/' }, ['url ADDRESS_FORBIDDEN']],
    ['no duration', { every: '5 minutes' }, ['every INVALID_DURATION']],
    ['no cron line', { every: undefined, cron: '61 * * * *' }, ['cron INVALID_CRON']],
    [
      'no zone',
      { every: undefined, cron: '0 * * * *', timezone: 'Mars/Olympus' },
      ['timezone INVALID_TIMEZONE'],
    ],
    ['no collection name', { collection: 'My Books' }, ['collection INVALID_NAME']],
    ['a name of the platform', { collection: 'sources' }, ['collection NAME_TAKEN']],
    ['no GraphQL name', { fields: [{ name: 'no-name', select: 'a' }] }, ['fields.0.name INVALID_NAME']],
    [
      'a reserved field',
      {
        fields: [
          { name: 'id', select: 'a' },
          { name: 'b', select: 'b' },
        ],
      },
      ['fields.0.name INVALID_NAME'],
    ],
    [
      'a field twice',
      {
        fields: [
          { name: 'a', select: 'a' },
          { name: 'a', select: 'b' },
        ],
      },
      ['fields.1.name DUPLICATE'],
    ],
    ['a key that is no field', { key: ['isbn'] }, ['key.0 KEY_UNKNOWN']],
    ['two schedules', { cron: '0 * * * *' }, ['every SCHEDULE_CONFLICT']],
    ['no retain', { retain: 'SOMETIMES' }, ['retain INVALID_DURATION']],
  ])('names the field of %s, and stores nothing', async (_, changes, problems) => {
    expect(await problemsOf(changes)).toEqual(problems);
    expect(
      (await platform.query('{ sources { totalCount } collections { totalCount } }')).sources.totalCount,
    ).toBe(1);
  });

  it('names all problems at once', async () => {
    expect(await problemsOf({ url: 'x', every: 'y', collection: 'Z', records: '' })).toEqual(
      expect.arrayContaining([
        'url INVALID_URL',
        'every INVALID_DURATION',
        'collection INVALID_NAME',
        'records REQUIRED',
      ]),
    );
  });

  it('answers an unknown field type as GraphQL does, with a code and no stack', async () => {
    const { data, errors } = await platform.send(ADD, {
      input: input({ fields: [{ name: 'a', select: 'a', type: 'MONEY' }] }),
    });
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.message).toContain('MONEY');
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });

  it.each([
    ['an HTTP error', '/gone', 'HTTP_STATUS'],
    ['an empty result', '/empty', 'RESULT_EMPTY'],
    ['a redirect loop', '/loop', 'TOO_MANY_REDIRECTS'],
    ['a redirect into a private network', '/inward', 'ADDRESS_FORBIDDEN'],
  ])('ends the run on %s with a clear error, and removes nothing', async (_, path, code) => {
    const source = await addedRun({ url: `${site.url}${path}`, collection: `bad_${path.slice(1)}s` });
    expect(source).toMatchObject({
      state: 'FAILING',
      lastRun: { status: 'FAILED', records: 0, error: { code } },
    });
    expect(source.lastRun.error.message.length).toBeGreaterThan(10);
  });

  it('ends the run on an unreachable host with a clear error', async () => {
    const closed = await openSite(() => undefined);
    await closed.close();
    const source = await addedRun({ url: `${closed.url}/`, collection: 'unreachables' });
    expect(source.lastRun).toMatchObject({ status: 'FAILED', error: { code: 'CONNECTION_FAILED' } });
  });

  it('quarantines records without a required field, with the reason, and takes the others', async () => {
    const source = await addedRun({
      collection: 'partials',
      key: ['title'],
      fields: [
        { name: 'title', select: 'a' },
        { name: 'second', select: 'a[href="/2"]', required: true },
      ],
    });
    expect(source.lastRun).toMatchObject({
      status: 'SUCCEEDED',
      records: 1,
      quarantined: 1,
      quarantinedRecords: [{ field: 'second', page: `${site.url}/list` }],
    });
    const partials = await until('the entry', async () => {
      const { data } = await platform.send<{ partials: { nodes: unknown[] } }>(
        '{ partials { nodes { title second } } }',
      );
      return data && data.partials.nodes.length > 0 && data.partials;
    });
    expect(partials.nodes).toEqual([{ title: 'Two', second: 'Two' }]);
  });

  it('has disturbed no other source and no process', async () => {
    const { goods, cluster } = await platform.query('{ goods { totalCount } cluster { workers { id } } }');
    expect(goods.totalCount).toBe(2);
    expect(cluster.workers).toHaveLength(1);
    expect((await fetch(`${platform.url}/readyz`)).status).toBe(200);
  });
});
