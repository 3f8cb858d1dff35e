import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformProcess, until } from '../harness.ts';
import { openSite, type Site } from '../site.ts';

const ADD = `mutation ($input: AddSourceInput!) {
  addSource(input: $input) { source { id } userErrors { field message code } }
}`;

describe('collections are typed at run time', () => {
  let site: Site;
  let platform: PlatformProcess;
  /** Answers of the slow page are held back until this is called. */
  let release: () => void = () => {};

  beforeAll(async () => {
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    site = await openSite((path) => {
      if (path === '/slow') {
        return async (_request, response) => {
          await held;
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ games: [{ name: 'Go', players: 2 }] }));
        };
      }
      if (path === '/games') return '<p class="game"><a href="/go">Go</a> <i>4.5</i></p>';
      return undefined;
    });
    platform = await new PlatformProcess().start();
  });
  afterAll(async () => {
    release();
    await platform?.dispose();
    await site?.close();
  });

  const jsonGames = () => ({
    collection: 'games',
    url: `${site.url}/slow`,
    format: 'JSON',
    every: 'P1D',
    records: '$.games[*]',
    fields: [
      { name: 'name', select: '$.name' },
      { name: 'players', select: '$.players', type: 'INT' },
    ],
    key: ['name'],
  });
  const htmlGames = (changes: Record<string, unknown> = {}) => ({
    collection: 'games',
    url: `${site.url}/games`,
    every: 'P1D',
    records: '.game',
    fields: [
      { name: 'name', select: 'a' },
      { name: 'stars', select: 'i', type: 'FLOAT' },
    ],
    ...changes,
  });
  const fieldsOf = async (type: string): Promise<Record<string, string> | null> => {
    const { __type } = await platform.query(
      `query ($type: String!) { __type(name: $type) { fields { name type { name kind ofType { name } } } } }`,
      { type },
    );
    return __type
      ? Object.fromEntries(
          __type.fields.map((f: { name: string; type: { name: string; ofType: { name: string } } }) => [
            f.name,
            f.type.name ?? f.type.ofType.name,
          ]),
        )
      : null;
  };

  it('has the type before the first run ends, and drops no request or subscription in flight', async () => {
    const watching = platform.subscribe(
      'subscription { runChanged { status source { collection { name } } } }',
    );
    let failures = 0;
    let answers = 0;
    let isOver = false;
    const asking = (async () => {
      while (!isOver) {
        const { errors } = await platform.send('{ sources { totalCount } collections { nodes { name } } }');
        answers += 1;
        if (errors) failures += 1;
      }
    })();
    const { addSource } = await platform.query(ADD, { input: jsonGames() });
    expect(addSource.userErrors).toEqual([]);
    expect(await until('the type', () => fieldsOf('Game'))).toMatchObject({
      id: 'ID',
      name: 'String',
      players: 'Int',
      meta: 'EntryMeta',
    });
    const { source } = await platform.query('query ($id: ID!) { source(id: $id) { lastRun { status } } }', {
      id: addSource.source.id,
    });
    expect(['QUEUED', 'RUNNING']).toContain(source.lastRun.status);

    release();
    await watching.next(({ runChanged }) => runChanged.status === 'SUCCEEDED');
    isOver = true;
    await asking;
    expect(answers).toBeGreaterThan(0);
    expect(failures).toBe(0);
    const { games } = await until('the entry', async () => {
      const data = await platform.query('{ games { nodes { name players } } }');
      return data.games.nodes.length > 0 && data;
    });
    expect(games.nodes).toEqual([{ name: 'Go', players: 2 }]);
    watching.close();
  });

  it('adds the fields of a source that joins, and merges what both say of one entry', async () => {
    const changes = platform.subscribe(
      'subscription { gamesChanged { __typename ... on GameSnapshot { complete } } }',
    );
    await changes.next(({ gamesChanged }) => gamesChanged.complete);
    const { addSource } = await platform.query(ADD, { input: htmlGames() });
    expect(addSource.userErrors).toEqual([]);
    await until('the field', async () => (await fieldsOf('Game'))?.stars === 'Float');
    const game = await until('the merged entry', async () => {
      const { game } = await platform.query(
        '{ game(key: "Go") { name players stars meta { sources { url } } } }',
      );
      return game.stars !== null && game;
    });
    expect(game).toMatchObject({ name: 'Go', players: 2, stars: 4.5 });
    expect(game.meta.sources.map(({ url }: { url: string }) => url).sort()).toEqual([
      `${site.url}/games`,
      `${site.url}/slow`,
    ]);
    // The subscription that began on the old type goes on.
    await changes.next(({ gamesChanged }) => gamesChanged.__typename === 'GameDelta');
    changes.close();
  });

  it('refuses a source whose types contradict the collection', async () => {
    const { addSource } = await platform.query(ADD, {
      input: htmlGames({
        fields: [
          { name: 'name', select: 'a' },
          { name: 'players', select: 'i', type: 'STRING' },
        ],
      }),
    });
    expect(addSource).toMatchObject({
      source: null,
      userErrors: [{ field: 'fields.1.type', code: 'TYPE_CONFLICT' }],
    });
  });

  it('refuses a collection whose type another one has', async () => {
    const { addSource } = await platform.query(ADD, { input: htmlGames({ collection: 'game' }) });
    expect(addSource).toMatchObject({
      source: null,
      userErrors: [{ field: 'collection', code: 'NAME_TAKEN' }],
    });
  });

  it('takes the type away with the last source, when its data goes too', async () => {
    const { collection } = await platform.query('{ collection(name: "games") { sources { nodes { id } } } }');
    for (const { id } of collection.sources.nodes) {
      const { removeSource } = await platform.query(
        'mutation ($id: ID!) { removeSource(id: $id, data: DELETE) { removedId userErrors { message } } }',
        { id },
      );
      expect(removeSource).toEqual({ removedId: id, userErrors: [] });
    }
    await until('the type to go', async () => (await fieldsOf('Game')) === null);
    const { errors } = await platform.send('{ games { nodes { name } } }');
    expect(errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT');
    await until(
      'the collection to go',
      async () => (await platform.query('{ collection(name: "games") { name } }')).collection === null,
    );
  });
});
