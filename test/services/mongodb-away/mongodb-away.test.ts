import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { hasServers } from '../cluster.ts';
import { TallyStory } from '../tally-story.ts';

/** As long as a failover that goes badly. */
const AWAY_MS = 20_000;

describe.skipIf(!hasServers)('MongoDB under load', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open('datasource');
    await story.follow();
  });
  afterAll(() => story?.close());

  it('away for 20 seconds: reads go on, marked stale, and what was acknowledged before and after is there', async () => {
    story.deliver();
    await story.more();
    await story.cluster.mongo.stop();
    const awaySince = performance.now();
    const stale = await until('the graph to say that it is stale', async () => {
      const { data } = await story.app.send<{
        tallies: {
          totalCount: number;
          nodes: { meta: { freshness: { isStale: boolean; reason: string } } }[];
        };
      }>('{ tallies(first: 1) { totalCount nodes { meta { freshness { isStale reason } } } } }');
      return data?.tallies.nodes[0]?.meta.freshness.isStale && data.tallies;
    });
    expect(stale.totalCount).toBeGreaterThan(0);
    expect(stale.nodes[0]?.meta.freshness.reason).toEqual(expect.any(String));
    await until('MongoDB to have been away long enough', () => performance.now() - awaySince > AWAY_MS);
    await story.cluster.mongo.restart();
    await story.more();
  });

  it('slow on the network: everything comes through, later', async () => {
    story.cluster.mongo.delay(60);
    await story.more(200);
    story.cluster.mongo.delay(0);
  });

  it('whose connections break again and again: nothing is lost, nothing counts twice', async () => {
    for (let time = 0; time < 10; time++) {
      await story.more(40);
      story.cluster.mongo.cut();
    }
    await story.expectExact();
  });
});
