import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../e2e/app.ts';
import { hasServers } from '../cluster.ts';
import { TallyStory } from '../tally-story.ts';

describe.skipIf(!hasServers)('a gateway killed under its subscribers', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open('gateway', 'endpoint');
    const [first, second] = story.apps as [App, App];
    for (let count = 0; count < 5; count++)
      await Promise.all([story.follow(first, second), story.follow(second, first)]);
  });
  afterAll(() => story?.close());

  it('has them go on at another, where they were', async () => {
    story.deliver();
    await story.more();
    const [first, second] = story.all('gateway');
    for (const victim of [first, second]) {
      await victim?.kill();
      await story.more();
      await victim?.start();
      await story.more();
    }
    await story.expectExact();
    expect(story.followers.every(({ reconnects }) => reconnects > 0)).toBe(true);
    // Each went on by its cursor.
    expect(story.followers.map(({ expiries }) => expiries)).toEqual(Array(10).fill(0));
  });

  it('disturbs nobody when it is the endpoint behind them that dies', async () => {
    const before = story.followers.map(({ reconnects }) => reconnects);
    await story.one('endpoint').kill();
    await story.expectExact();
    expect(story.followers.map(({ reconnects }) => reconnects)).toEqual(before);
  });
});
