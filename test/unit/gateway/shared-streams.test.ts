import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeGraph } from './fake-graph.ts';
import { BOOKS, booksKnownTo, connect, Follower, until } from './follower.ts';

const SOURCE = 'subscription($id: ID) { sourceChanged(id: $id) { id touches } }';

describe('subscribers of one operation', () => {
  let graph: FakeGraph;
  beforeEach(async () => {
    graph = await FakeGraph.open();
  });
  afterEach(() => graph.close());

  const follow = (query: string, variables?: Record<string, unknown>) =>
    new Follower(graph.socketUrl, query, variables);
  const titles = (follower: Follower) => booksKnownTo(follower.results).titles;
  const actual = () => Object.fromEntries(graph.books.entries().map(({ id, title }) => [id, title]));

  it('share one upstream where events have no past', async () => {
    const followers = [follow(SOURCE), follow(SOURCE), follow(`${SOURCE} # the same`)];
    await until(() => graph.sourceReaders.size > 0);
    followers.push(follow(SOURCE));
    // The fourth has no way to say that it is in: it is when it gets an event that came after.
    await until(() => {
      graph.touch('s1');
      return followers.every(({ results }) => results.length > 0);
    });
    expect(graph.sourceReaders.size).toBe(1);
    for (const { leave } of followers) leave();
    await until(() => graph.sourceReaders.size === 0);
  });

  it('are each told at once what is, where that is what they asked for', async () => {
    const turns = ({ results }: Follower) => results.map(({ data }) => data?.clusterChanged);
    const early = follow('subscription { clusterChanged { turn } }');
    await early.count(1);
    graph.turnCluster();
    await early.count(2);
    const late = follow('subscription { clusterChanged { turn } }');
    await late.count(1);
    expect(turns(late)).toEqual([{ turn: 1 }]);
    graph.turnCluster();
    await Promise.all([early.count(3), late.count(2)]);
    expect(turns(early)).toEqual([{ turn: 0 }, { turn: 1 }, { turn: 2 }]);
    for (const { leave } of [early, late]) leave();
    await until(() => graph.clusterReaders.size === 0);
  });

  it('do not share where variables differ', async () => {
    follow(SOURCE, { id: 's1' });
    follow(SOURCE, { id: 's2' });
    await until(() => graph.sourceReaders.size === 2);
  });

  it('each get a snapshot of their own, then share one upstream', async () => {
    const early = follow(BOOKS);
    await early.count(2);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await early.count(3);
    const late = follow(BOOKS);
    await late.count(2);
    expect(titles(late)).toEqual(actual());
    await until(() => graph.books.readerCount === 1);

    graph.books.upsert({ id: 'b4', title: 'Four' });
    await Promise.all([early.count(4), late.count(3)]);
    expect(late.results.at(-1)).toEqual(early.results.at(-1));
    expect(titles(late)).toEqual(actual());
    expect(graph.books.begun).toEqual([
      { after: null, snapshot: true },
      { after: null, snapshot: true },
    ]);
  });

  it('get one snapshot together where they come at once', async () => {
    const client = connect(graph.socketUrl);
    const followers = Array.from({ length: 20 }, () => new Follower(graph.socketUrl, BOOKS, {}, client));
    for (const follower of followers) await follower.count(2);
    expect(graph.books.begun.length).toBeLessThan(20);
    for (const follower of followers) expect(titles(follower)).toEqual(actual());
  });

  it('get what they missed where they resume, then share one upstream', async () => {
    const early = follow(BOOKS);
    await early.count(2);
    const { cursor } = booksKnownTo(early.results);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    graph.books.remove('b1');
    await early.count(4);
    const resumed = follow(BOOKS, { after: cursor });
    await resumed.count(1);
    expect(titles(resumed)).toEqual({ b3: 'Three' });
    expect(graph.books.begun.at(-1)?.after).toBe(cursor);
    await until(() => graph.books.readerCount === 1);
    graph.books.upsert({ id: 'b4', title: 'Four' });
    await Promise.all([early.count(5), resumed.count(2)]);
    expect(resumed.results.at(-1)).toEqual(early.results.at(-1));
  });

  it('who resume at one cursor together, as after a lost connection, share from the start', async () => {
    const { cursor } = graph.books;
    const followers = Array.from({ length: 5 }, () => follow(BOOKS, { after: cursor }));
    await until(() => graph.books.begun.length === 1);
    followers.push(follow(BOOKS, { after: cursor }));
    await until(() => {
      graph.books.upsert({ id: 'b3', title: 'Three' });
      return followers.every(({ results }) => results.length > 0);
    });
    await until(() => graph.books.readerCount === 1);
    for (const follower of followers) expect(titles(follower)).toEqual({ b3: 'Three' });
  });

  it('share whether they say where they start by variables or in the text', async () => {
    const early = follow(BOOKS);
    await early.count(2);
    const { cursor } = booksKnownTo(early.results);
    const inText = BOOKS.replace('($after: String, $snapshot: Boolean)', '').replace(
      '(after: $after, snapshot: $snapshot)',
      `(after: "${cursor}")`,
    );
    const late = follow(inText);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await Promise.all([early.count(3), late.count(1)]);
    await until(() => graph.books.readerCount === 1);
    expect(titles(late)).toEqual({ b3: 'Three' });
  });

  it('are told that a cursor has expired, and begin anew', async () => {
    const old = graph.books.cursor;
    graph.books.upsert({ id: 'b3', title: 'Three' });
    graph.books.oldestVersion = graph.books.version;
    const follower = follow(BOOKS, { after: old });
    await follower.count(3);
    expect(follower.results[0]?.data?.booksChanged).toMatchObject({ __typename: 'BookCursorExpired' });
    expect(titles(follower)).toEqual(actual());
  });

  it('learn of a cursor that is none, and disturb nobody by it', async () => {
    const good = follow(BOOKS);
    await good.count(2);
    const bad = follow(BOOKS, { after: 'nonsense' });
    await until(() => bad.isOver);
    expect(bad.results.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions?.code))).toEqual([
      'CURSOR_INVALID',
    ]);
    graph.books.upsert({ id: 'b3', title: 'Three' });
    await good.count(3);
    expect(good.isOver).toBe(false);
  });

  it('of the present get no past', async () => {
    const { cursor } = graph.books;
    graph.books.upsert({ id: 'b3', title: 'Three' });
    const client = connect(graph.socketUrl);
    const resumed = new Follower(graph.socketUrl, BOOKS, { after: cursor }, client);
    const present = new Follower(graph.socketUrl, BOOKS, { snapshot: false }, client);
    await until(() => graph.books.begun.length === 2);
    await resumed.count(1);
    graph.books.upsert({ id: 'b4', title: 'Four' });
    await Promise.all([resumed.count(2), present.count(1)]);
    expect(titles(present)).toEqual({ b4: 'Four' });
    expect(titles(resumed)).toEqual({ b3: 'Three', b4: 'Four' });
    await until(() => graph.books.readerCount === 1);
  });

  it('miss nothing, whenever and wherever they join, leave and resume', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('upsert'), id: fc.nat(8) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), id: fc.nat(8) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('join'), lag: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('resume'), who: fc.nat(), back: fc.nat(4) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), who: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('expire') }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('pause'), turns: fc.integer({ min: 1, max: 8 }) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const client = connect(graph.socketUrl);
        const followers: { follower: Follower; before: Follower['results'] }[] = [];
        const pick = (who: number) => followers[who % Math.max(1, followers.length)];
        let title = 0;
        for (const each of steps) {
          if ('id' in each && each.do === 'upsert')
            graph.books.upsert({ id: `b${each.id}`, title: `${title++}` });
          else if ('id' in each) graph.books.remove(`b${each.id}`);
          else if ('lag' in each) {
            graph.lag = () => each.lag;
            followers.push({ follower: new Follower(graph.socketUrl, BOOKS, {}, client), before: [] });
          } else if ('back' in each) {
            const from = pick(each.who);
            if (!from) continue;
            // What it knew some events ago, as an app that lost the last ones.
            const all = [...from.before, ...from.follower.results];
            const before = all.slice(0, Math.max(0, all.length - each.back));
            const { cursor } = booksKnownTo(before);
            const variables = cursor === undefined ? {} : { after: cursor };
            const follower = new Follower(graph.socketUrl, BOOKS, variables, client);
            followers.push({ follower, before: cursor === undefined ? [] : before });
          } else if ('who' in each) {
            const gone = pick(each.who);
            gone?.follower.leave();
            if (gone) followers.splice(followers.indexOf(gone), 1);
          } else if ('turns' in each) {
            for (let turn = 0; turn < each.turns; turn++) await new Promise(setImmediate);
          } else graph.books.oldestVersion = graph.books.version;
        }
        graph.books.flush();
        for (const { follower, before } of followers) {
          const known = () => JSON.stringify(sorted(booksKnownTo([...before, ...follower.results]).titles));
          await until(() => known() === JSON.stringify(sorted(actual())));
        }
        await client.dispose();
        await until(() => graph.books.readerCount === 0);
      }),
      { numRuns: 60 },
    );
  });
});

function sorted(titles: Record<string, string>): [string, string][] {
  return Object.entries(titles).sort(([a], [b]) => (a < b ? -1 : 1));
}
