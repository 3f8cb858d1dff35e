import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../platform/clock.ts';
import { randomId } from '../../../platform/ids.ts';
import { silentLogger } from '../../../platform/logger.ts';
import { openViewCache } from '../../../platform/open.ts';
import type { ViewCache } from '../../../platform/ports/view-cache.ts';
import { type App, until } from '../../e2e/app.ts';
import { hasServers } from '../cluster.ts';
import { queryTallies, sorted, type Tally } from '../tallies.ts';
import { TallyFollower } from '../tally-follower.ts';
import { TallyStory } from '../tally-story.ts';

describe.skipIf(!hasServers)('datasource, its database and configuration gone', () => {
  let story: TallyStory;
  let cache: ViewCache;
  beforeAll(async () => {
    story = await TallyStory.open();
    const deps = { clock: systemClock, logger: silentLogger, newId: randomId };
    const options = { keyPrefix: story.cluster.prefix, removedMax: 10_000, retainMs: 86_400_000 };
    const opened = await openViewCache(String(story.cluster.environment.BUS_URL), deps, options);
    if (!opened) throw new Error('Replicas share no cache.');
    cache = opened;
  });
  afterAll(async () => {
    await cache?.close();
    await story?.close();
  });

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
    // It is told a moment later, so that what changes meanwhile goes along: what nobody was told is lost with the replica.
    await until('the replica to have told the cache what it has', async () => {
      const page = await cache.changesSince(
        'tallies',
        { incarnation: '', version: 0, resetHead: null },
        10_000,
      );
      const kept = page?.changes.filter(({ removed }) => !removed) ?? [];
      const tallies = sorted(kept.map(({ fields }) => fields as unknown as Tally));
      return JSON.stringify([...tallies]) === JSON.stringify([...known]);
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
