import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { hasServers } from '../cluster.ts';
import { TallyStory } from '../tally-story.ts';

describe.skipIf(!hasServers)('a datasource frozen past its lease', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open('datasource');
    await story.follow();
  });
  afterAll(() => story?.close());

  it('changes nothing when it wakes and writes on with its old token', async () => {
    story.deliver();
    for (let time = 0; time < 2; time++) {
      await story.more();
      const { holder, other } = await story.folding();
      // In the middle of whatever it does: under load it always holds a commit, a batch or both.
      holder.freeze();
      await until('the other datasource to fold', async () => (await story.foldsOf(other)) > 0);
      await story.more();
      holder.thaw();
      await story.more();
    }
    await story.expectExact();
  });
});
