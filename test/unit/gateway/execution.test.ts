import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeGraph } from './fake-graph.ts';

describe('the graph', () => {
  let graph: FakeGraph;
  const logged: string[] = [];
  beforeAll(async () => {
    const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
    graph = await FakeGraph.open(
      { QUERY_DEPTH_MAX: '6', QUERY_COST_MAX: '300', QUERY_TOKENS_MAX: '400', SUBGRAPH_TIMEOUT: 'PT1S' },
      { logger },
    );
  });
  afterAll(() => graph.close());

  const failure = async (query: string, variables?: Record<string, unknown>) => {
    const { errors = [] } = await graph.ask(query, variables);
    return errors.map(({ message, path, extensions }) => ({ message, path, code: extensions.code }));
  };

  it('joins what several subgraphs know of one thing', async () => {
    expect(await graph.ask('{ books { nodes { id label: title source { id name } } } }')).toEqual({
      data: {
        books: {
          nodes: [
            { id: 'b1', label: 'One', source: { id: 'source-of-b1', name: 'Source source-of-b1' } },
            { id: 'b2', label: 'Two', source: { id: 'source-of-b2', name: 'Source source-of-b2' } },
          ],
        },
      },
    });
  });

  it('runs mutations, once', async () => {
    const { data } = await graph.ask('mutation($id: ID!) { touchSource(id: $id) { touches } }', {
      id: 'once',
    });
    expect(data).toEqual({ touchSource: { touches: 1 } });
  });

  it('describes itself, without what is between services only', async () => {
    const { data } = await graph.ask(
      '{ __schema { queryType { fields { name } } } __type(name: "SourceSearch") { inputFields { name } } }',
    );
    const text = JSON.stringify(data);
    expect(text).toContain('"sources"');
    expect(text).toContain('"text"');
    expect(text).not.toMatch(/secrets|inner|_entities|_service/);
  });

  it('says what is wrong with an operation, as the fault of whoever sent it', async () => {
    const codes = async (query: string, variables?: Record<string, unknown>) =>
      (await failure(query, variables)).map(({ code }) => code);
    expect(await codes('{')).toEqual(['BAD_USER_INPUT']);
    expect(await codes('{ nope }')).toEqual(['BAD_USER_INPUT']);
    expect(await codes('{ secrets }')).toEqual(['BAD_USER_INPUT']);
    expect(await codes('query A { __typename } query B { __typename }')).toEqual(['BAD_USER_INPUT']);
    expect(await codes('query($id: ID!) { source(id: $id) { id } }')).toEqual(['BAD_USER_INPUT']);
    expect(await codes('query($id: ID!) { source(id: $id) { id } }', { id: {} })).toEqual(['BAD_USER_INPUT']);
  });

  it('takes no variable that the app cannot know of', async () => {
    const query = 'query($search: SourceSearch) { sources(search: $search) { id } }';
    expect(await failure(query, { search: { inner: true } })).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
    expect((await graph.ask(query, { search: { text: 'x' } })).errors).toBeUndefined();
  });

  it('says so where variables are nested too deeply to be read', async () => {
    const query = 'query($search: SourceSearch) { sources(search: $search) { id } }';
    let search: Record<string, unknown> = { text: 'x' };
    for (let level = 0; level < 4_000; level++) search = { not: search };
    expect(await failure(query, { search })).toMatchObject([
      { message: 'The variables are nested too deeply.', code: 'BAD_USER_INPUT' },
    ]);
  });

  it('refuses what is too deep, too costly or too long, before it asks anybody', async () => {
    const deep = '{ sources { books { source { books { source { books { id } } } } } } }';
    expect(await failure(deep)).toMatchObject([
      { message: expect.stringContaining('7 levels'), code: 'BAD_USER_INPUT' },
    ]);
    const costly = 'query($n: Int!) { books(first: $n) { nodes { id title source { id } } } }';
    expect(await failure(costly, { n: 60 })).toMatchObject([
      { message: expect.stringContaining('costs 301; 300 are allowed'), code: 'BAD_USER_INPUT' },
    ]);
    expect((await graph.ask(costly, { n: 59 })).errors).toBeUndefined();
    expect(await failure(`{ ${'id: __typename '.repeat(200)} }`)).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
    const bomb = Array.from({ length: 20 }, (_, n) => `fragment F${n} on Book { ...F${n + 1} ...F${n + 1} }`);
    const exploding = `{ book(id: "b1") { ...F0 } } ${bomb.join(' ')} fragment F20 on Book { id }`;
    expect(await failure(exploding)).toMatchObject([{ message: expect.stringContaining('costs 1048577') }]);
  });

  it('passes errors of subgraphs on with place and code, and nothing else', async () => {
    const { errors, data } = await graph.ask('mutation { it: touchSource(id: "bad") { id } }');
    expect(data).toEqual({ it: null });
    expect(errors).toEqual([
      { message: 'No such source.', path: ['it'], extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    const masked = await graph.ask('{ broken }');
    expect(masked.errors).toEqual([
      {
        message: 'Something went wrong on our side.',
        path: ['broken'],
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      },
    ]);
  });

  it('says where a value is missing that is never null', async () => {
    graph.books.upsert({ id: 'lost', title: 'Lost' });
    const { data, errors } = await graph.ask('{ book(id: "lost") { title source { name } } }');
    expect(data).toEqual({ book: null });
    expect(errors).toMatchObject([
      { path: ['book', 'source', 'name'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ]);
    graph.books.remove('lost');
  });

  it('answers what it can while a subgraph is away, and names neither service nor address', async () => {
    await graph.crash('configuration');
    const query = '{ books { nodes { id source { id } } } source(id: "s1") { name } }';
    const { data, errors } = await graph.ask(query);
    expect(data).toMatchObject({ source: null, books: { nodes: [{ id: 'b1' }, { id: 'b2' }] } });
    expect(errors).toMatchObject([{ path: ['source'], extensions: { code: 'DATASOURCE_UNAVAILABLE' } }]);
    const joined = await graph.ask('{ books { nodes { id source { name } } } }');
    expect(joined.errors).toMatchObject([
      { path: ['books', 'nodes'], extensions: { code: 'DATASOURCE_UNAVAILABLE' } },
    ]);
    for (const text of [JSON.stringify(errors), JSON.stringify(joined)]) {
      expect(text).not.toMatch(/configuration|127\.0\.0\.1|ECONN|serviceName|stacktrace|@/);
    }
    expect(logged.join('')).toContain('subgraph did not answer');
    await graph.stop('configuration');
    await graph.start('configuration');
    expect((await graph.ask(query)).errors).toBeUndefined();
  });

  it('sends a query to another instance where one does not answer, a mutation never', async () => {
    const { url } = await graph.proxy('configuration');
    const dead = await graph.registry.register({
      id: 'dead',
      service: 'configuration',
      url: 'http://127.0.0.1:1/graphql',
    });
    for (let turn = 0; turn < 4; turn++) {
      expect((await graph.ask('{ source(id: "s1") { name } }')).errors).toBeUndefined();
    }
    const answers = [];
    for (let turn = 0; turn < 4; turn++)
      answers.push(await graph.ask('mutation { touchSource(id: "turn") { id } }'));
    expect(answers.filter(({ errors }) => errors).length).toBe(2);
    expect(graph.touches.get('turn')).toBe(2);
    await dead.close();
    expect(url).toBeDefined();
  });

  it('gives up on a subgraph that does not answer in time', async () => {
    expect(await failure('{ slow source(id: "s1") { name } }')).toMatchObject([
      { path: ['slow'], code: 'DATASOURCE_UNAVAILABLE' },
      { path: ['source'], code: 'DATASOURCE_UNAVAILABLE' },
    ]);
    expect(graph.slowCalls.length).toBe(1);
  });
});

describe('a request that takes too long', () => {
  it('is answered with what there is by then', async () => {
    const graph = await FakeGraph.open({ REQUEST_TIMEOUT: 'PT0.3S' });
    try {
      const { data, errors } = await graph.ask('{ book(id: "b1") { title } slow }');
      expect(data).toEqual({ book: { title: 'One' }, slow: null });
      expect(errors).toMatchObject([{ path: ['slow'], extensions: { code: 'DATASOURCE_UNAVAILABLE' } }]);
    } finally {
      await graph.close();
    }
  });
});
