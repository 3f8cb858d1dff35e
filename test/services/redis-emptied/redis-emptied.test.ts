import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { hasServers } from '../cluster.ts';
import { addTallies } from '../tallies.ts';
import { TallyStory } from '../tally-story.ts';

describe.skipIf(!hasServers)('Redis started again, empty', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open('datasource', 'endpoint');
    await story.follow();
  });
  afterAll(() => story?.close());

  it('delays what it should have told, and loses none of it', async () => {
    story.deliver();
    await story.more();
    await story.cluster.emptyRedis();
    await story.more();
    // Away for a while, in which changes are told to nobody.
    await story.cluster.redis.stop();
    await story.more();
    await story.cluster.redis.restart();
    await story.more();
    // Frozen: connections stay, and nothing comes through them.
    story.cluster.redis.freeze();
    await story.more();
    story.cluster.redis.thaw();
    await story.more();
    await story.expectExact();
  });

  it('has the graph learn of new collections again', async () => {
    await addTallies(story.app);
    const { addSource } = await story.app.query(
      `mutation { addSource(input: { collection: "later", url: "http://127.0.0.1:9/", every: "P1D", records: "li",
        fields: [{ name: "name", select: "b" }] }) { userErrors { message } } }`,
    );
    await until(
      'the new type',
      async () => !(await story.app.send('{ laterByKey(key: "x") { id } }')).errors,
    );
    return addSource;
  });
});
