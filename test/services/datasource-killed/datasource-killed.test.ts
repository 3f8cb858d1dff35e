import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasServers } from '../cluster.ts';
import { TallyStory } from '../tally-story.ts';

describe.skipIf(!hasServers)('a datasource killed under load', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open('datasource');
    await story.follow();
  });
  afterAll(() => story?.close());

  it('loses nothing that it acknowledged and counts nothing twice: in the middle of a fold, then of ingest', async () => {
    story.deliver();
    await story.more();
    for (const part of ['holder', 'other'] as const) {
      const { [part]: victim } = await story.folding();
      await victim.kill();
      await story.more();
      await victim.start();
      await story.more();
    }
    await story.expectExact();
    expect(story.followers.map(({ expiries }) => expiries)).toEqual([0]);
  });
});
