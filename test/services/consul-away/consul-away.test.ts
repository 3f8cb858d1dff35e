import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/app.ts';
import { childrenOf } from '../../e2e/processes.ts';
import { hasServers } from '../cluster.ts';
import { TallyStory } from '../tally-story.ts';

const AWAY_MS = 30_000;

describe.skipIf(!hasServers)('Consul away for 30 seconds, and empty when it is back', () => {
  let story: TallyStory;
  beforeAll(async () => {
    story = await TallyStory.open('datasource', 'orchestrator', 'orchestrator');
    await story.follow();
  });
  afterAll(() => story?.close());

  const workers = () => story.all('orchestrator').map(({ pid }) => childrenOf(pid).length);
  const leaders = () => workers().filter((count) => count > 0).length;

  it('is not missed: services go on with whom they know, and workers work on', async () => {
    await until('one orchestrator to have workers', () => leaders() === 1, workers);
    story.deliver();
    await story.more();
    await story.cluster.emptyConsul();
    await story.cluster.consul.stop();
    const awaySince = performance.now();
    const failures: unknown[] = [];
    while (performance.now() - awaySince < AWAY_MS) {
      await story.more(100);
      const { errors } = await story.app.send('{ tallies { totalCount } sources { totalCount } }');
      if (errors) failures.push(errors);
    }
    expect(failures).toEqual([]);
    expect(leaders()).toBe(1);
    await story.cluster.consul.restart();
    await story.more();
  });

  it('has everybody registered again, and one leader', async () => {
    const late = (await story.cluster.start('gateway'))[0];
    if (!late) throw new Error('A gateway that knows nobody found nobody.');
    const app = story.cluster.app(late);
    await until('a gateway that starts now to serve everything', async () => {
      const { errors } = await app.send(
        '{ tallies { totalCount } sources { totalCount } collections { totalCount } }',
      );
      return !errors;
    });
    await until('one orchestrator to lead', () => leaders() === 1, workers);
    await story.expectExact();
  });
});
