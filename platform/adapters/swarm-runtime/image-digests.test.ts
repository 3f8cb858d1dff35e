import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answers, type FakeEngine, hangs, openFakeEngine } from '../../../test/support/fake-engine.ts';
import { ManualClock, systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { SwarmEngine } from './engine.ts';
import { ImageDigests } from './image-digests.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const known = answers(200, { Descriptor: { digest: DIGEST }, Platforms: [] });

let fake: FakeEngine;
let engine: SwarmEngine;
let clock: ManualClock;
let digests: ImageDigests;

beforeEach(async () => {
  fake = await openFakeEngine(known);
  clock = new ManualClock();
  engine = new SwarmEngine(
    { clock: systemClock, logger: silentLogger },
    { url: fake.url, timeoutMs: 20_000 },
  );
  digests = new ImageDigests(engine, clock);
});
afterEach(async () => {
  engine.close();
  await fake.close();
});

describe('An image', () => {
  it('is pinned to what its registry says once, so that later workers are the same', async () => {
    const pinned = `registry.example/tributary:1@${DIGEST}`;
    expect(await digests.pin('registry.example/tributary:1')).toBe(pinned);
    fake.become(answers(200, { Descriptor: { digest: 'sha256:other' } }));
    expect(await digests.pin('registry.example/tributary:1')).toBe(pinned);
    expect(fake.asked).toEqual(['GET /v1.44/distribution/registry.example/tributary:1/json']);
  });

  it('stays what it is where it has a digest', async () => {
    expect(await digests.pin(`tributary@${DIGEST}`)).toBe(`tributary@${DIGEST}`);
    expect(fake.asked).toEqual([]);
  });

  it.each([
    ['is not there', answers(403, { message: 'denied' })],
    ['does not answer the engine', answers(500, { message: 'dial tcp: no such host' })],
  ])('goes by its tag while its registry %s, which is asked only now and then', async (_name, behaviour) => {
    fake.become(behaviour);
    expect(await digests.pin('tributary:1')).toBe('tributary:1');
    expect(await digests.pin('tributary:1')).toBe('tributary:1');
    expect(fake.asked).toHaveLength(1);
    fake.become(known);
    clock.advance(60_000);
    expect(await digests.pin('tributary:1')).toBe(`tributary:1@${DIGEST}`);
  });

  it('goes by its tag where its registry takes long: a pool waits', async () => {
    fake.become(hangs);
    const pinned = digests.pin('tributary:1');
    await expect.poll(() => fake.asked.length, { timeout: 20_000, interval: 5 }).toBe(1);
    clock.advance(3_000);
    expect(await pinned).toBe('tributary:1');
  });
});
