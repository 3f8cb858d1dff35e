import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformProcess, until } from '../harness.ts';
import { openSite, type Site } from '../site.ts';

describe('the life of a source', () => {
  let site: Site;
  let platform: PlatformProcess;
  let id: string;
  let names = ['Ash', 'Birch', 'Cedar'];

  const input = () => ({
    name: 'trees',
    collection: 'trees',
    url: `${site.url}/trees`,
    every: 'PT1S',
    records: 'li',
    fields: [{ name: 'name', select: 'b' }],
  });
  const treeNames = async () => {
    const { trees } = await platform.query('{ trees(orderBy: [{ name: ASC }]) { nodes { name } } }');
    return trees.nodes.map((node: { name: string }) => node.name);
  };
  const act = async (mutation: string) => {
    const data = await platform.query(
      `mutation ($id: ID!) { ${mutation}(id: $id) { source { state worker { id } nextRunAt } userErrors { code } } }`,
      { id },
    );
    expect(data[mutation].userErrors).toEqual([]);
    return data[mutation].source;
  };

  beforeAll(async () => {
    site = await openSite((path) =>
      path === '/trees' ? `<ul>${names.map((name) => `<li><b>${name}</b>`).join('')}</ul>` : undefined,
    );
    platform = await new PlatformProcess().start();
  });
  afterAll(async () => {
    await platform?.dispose();
    await site?.close();
  });

  it('previews what it would give, and stores nothing', async () => {
    const { previewSource } = await platform.query(
      `mutation ($input: AddSourceInput!) {
        previewSource(input: $input, first: 2) { preview { records pages typeDefinition error { code } } userErrors { field code } }
      }`,
      { input: input() },
    );
    expect(previewSource.userErrors).toEqual([]);
    expect(previewSource.preview).toMatchObject({
      records: [{ name: 'Ash' }, { name: 'Birch' }],
      pages: 1,
      error: null,
    });
    expect(previewSource.preview.typeDefinition).toContain('type Tree');
    const { sources, collections } = await platform.query(
      '{ sources { totalCount } collections { totalCount } }',
    );
    expect([sources.totalCount, collections.totalCount]).toEqual([0, 0]);
  });

  it('runs at once, then on its schedule', async () => {
    const { addSource } = await platform.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      { input: input() },
    );
    expect(addSource.userErrors).toEqual([]);
    id = addSource.source.id;
    await until('three runs', async () => {
      const { runs } = await platform.query(
        'query ($id: ID!) { runs(sourceId: $id, status: SUCCEEDED) { totalCount } }',
        { id },
      );
      return runs.totalCount >= 3;
    });
    expect(await treeNames()).toEqual(['Ash', 'Birch', 'Cedar']);
  });

  it('follows the page: what is new comes, what has gone goes', async () => {
    names = ['Birch', 'Cedar', 'Dogwood'];
    await until(
      'the new entries',
      async () => JSON.stringify(await treeNames()) === JSON.stringify(names),
      treeNames,
    );
  });

  it('stops while paused, and goes on when resumed', async () => {
    expect(await act('pauseSource')).toEqual({ state: 'PAUSED', worker: null, nextRunAt: null });
    await until('the worker to let go', async () => {
      const { cluster } = await platform.query('{ cluster { workers { sourceCount } } }');
      return cluster.workers.every(({ sourceCount }: { sourceCount: number }) => sourceCount === 0);
    });
    const { runs } = await platform.query(
      'query ($id: ID!) { runs(sourceId: $id, first: 1) { nodes { id } totalCount } }',
      { id },
    );
    names = ['Elder'];
    expect(await treeNames()).toEqual(['Birch', 'Cedar', 'Dogwood']);
    expect((await act('resumeSource')).state).toBe('ACTIVE');
    await until('the entries after the pause', async () => (await treeNames()).includes('Elder'));
    const after = await platform.query('query ($id: ID!) { runs(sourceId: $id, first: 1) { totalCount } }', {
      id,
    });
    expect(after.runs.totalCount).toBeGreaterThan(runs.totalCount);
  });

  it('keeps the last good entries while the page fails, and says so', async () => {
    const events = platform.subscribe(
      'subscription ($id: ID!) { sourceChanged(id: $id) { state lastRun { status error { code } } } }',
      { id },
    );
    names = [];
    await events.next(({ sourceChanged }) => sourceChanged.state === 'FAILING');
    expect(await treeNames()).toEqual(['Elder']);
    const { source } = await platform.query(
      'query ($id: ID!) { source(id: $id) { lastRun { error { code } } } }',
      { id },
    );
    expect(source.lastRun.error).toEqual({ code: 'RESULT_EMPTY' });
    names = ['Elder', 'Fir'];
    await events.next(
      ({ sourceChanged }) => sourceChanged.state === 'ACTIVE' && sourceChanged.lastRun.status === 'SUCCEEDED',
    );
    events.close();
    await until(
      'the entries',
      async () => JSON.stringify(await treeNames()) === JSON.stringify(names),
      treeNames,
    );
  });

  it('updates with a check of the revision', async () => {
    const update = (expectedRevision: number, changes: Record<string, unknown>) =>
      platform.query(
        `mutation ($id: ID!, $expectedRevision: Int, $input: UpdateSourceInput!) {
          updateSource(id: $id, expectedRevision: $expectedRevision, input: $input) { source { revision name every } userErrors { code } }
        }`,
        { id, expectedRevision, input: changes },
      );
    const { source } = await platform.query('query ($id: ID!) { source(id: $id) { revision } }', { id });
    expect((await update(source.revision, { name: 'the trees', every: 'PT2S' })).updateSource).toEqual({
      source: { revision: source.revision + 1, name: 'the trees', every: 'PT2S' },
      userErrors: [],
    });
    expect((await update(source.revision, { name: 'late' })).updateSource).toEqual({
      source: null,
      userErrors: [{ code: 'REVISION_CONFLICT' }],
    });
  });

  it('leaves its entries when removed with KEEP', async () => {
    const { removeSource } = await platform.query(
      'mutation ($id: ID!) { removeSource(id: $id) { removedId userErrors { code } } }',
      { id },
    );
    expect(removeSource).toEqual({ removedId: id, userErrors: [] });
    expect((await platform.query('query ($id: ID!) { source(id: $id) { id } }', { id })).source).toBeNull();
    const { trees } = await platform.query('{ trees { nodes { name meta { sources { id state } } } } }');
    expect(trees.nodes.map(({ name }: { name: string }) => name).sort()).toEqual(['Elder', 'Fir']);
    expect(trees.nodes[0].meta.sources).toEqual([{ id, state: 'REMOVED' }]);
  });
});
