import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, until } from '../../e2e/app.ts';
import { hasServers } from '../cluster.ts';
import { queryTallies } from '../tallies.ts';
import { TallyFollower } from '../tally-follower.ts';
import { TallyStory } from '../tally-story.ts';

describe.skipIf(!hasServers)('datasource, its database and configuration gone', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open();
  });
  afterAll(() => story?.close());

  const freshnessOf = async (app: App) => {
    const { data } = await app.send<{
      tallies: {
        nodes: { meta: { freshness: { isStale: boolean; asOf: string; reason: string | null } } }[];
      };
    }>('{ tallies(first: 1) { nodes { meta { freshness { isStale asOf reason } } } } }');
    return data?.tallies.nodes[0]?.meta.freshness;
  };

  it('an endpoint that starts on an empty disk serves every collection, marked stale', async () => {
    story.deliver();
    await story.more(2_000);
    await story.expectExact();
    const known = await queryTallies(story.app);
    await until('the last replica to have told the others what it has', async () => {
      // Nothing tells it to the outside: the cache is behind, at the most by as long as it takes a page.
      const freshness = await freshnessOf(story.app);
      return freshness && !freshness.isStale;
    });

    await story.cluster.mongo.stop();
    await Promise.all([story.one('datasource').kill(), story.one('configuration').kill()]);
    await story.one('endpoint').kill();
    const [late] = await story.cluster.start('endpoint');
    await until(
      'the late endpoint to serve what was known',
      async () => {
        const tallies = await queryTallies(story.app).catch(() => undefined);
        return tallies && JSON.stringify([...tallies]) === JSON.stringify([...known]);
      },
      () => late?.output.slice(-1_500),
      60_000,
    );
    const freshness = await until('the late endpoint to say that it is stale', async () => {
      const said = await freshnessOf(story.app);
      return said?.isStale && said;
    });
    expect(Date.parse(freshness.asOf)).toBeLessThan(Date.now());
    expect(freshness.reason).toEqual(expect.any(String));

    const follower = await new TallyFollower(story.app).ready();
    expect([...follower.tallies]).toEqual([...known]);
    follower.close();
  });

  it('and goes on from there when they are back', async () => {
    await story.cluster.mongo.restart();
    await story.cluster.start('configuration', 'datasource');
    await until('the endpoint to be up to date again', async () => {
      const said = await freshnessOf(story.app);
      return said && !said.isStale;
    });
  });
});
