import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answers, type Behaviour, openFakeEngine } from '../../../test/support/fake-engine.ts';
import { ManualClock, systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { Scope } from '../../scope.ts';
import { SwarmEngine } from './engine.ts';
import { EventWatcher } from './watcher.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

let scope: Scope;
/** Streams that are open, the newest last. */
let streams: ServerResponse[];
let wakes: number;

const listens: Behaviour = (_request, response) => {
  response.writeHead(200).flushHeaders();
  streams.push(response);
};

beforeEach(() => {
  scope = new Scope();
  streams = [];
  wakes = 0;
});
afterEach(() => scope.close());

async function open(behaviours: readonly Behaviour[], clock = new ManualClock()) {
  const engines = await Promise.all(behaviours.map((behaviour) => openFakeEngine(behaviour)));
  for (const fake of engines) scope.use(fake);
  const engine = new SwarmEngine(
    { clock: systemClock, logger: silentLogger },
    { url: engines.map(({ url }) => url).join(','), timeoutMs: 20_000 },
  );
  scope.use(engine);
  const watcher = new EventWatcher(
    { engine, clock, logger: silentLogger, onChange: () => wakes++ },
    'tributary',
  );
  scope.use(watcher);
  return { engines, watcher, clock };
}

const say = (...events: readonly object[]) =>
  streams.at(-1)?.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
const service = (name: string) => ({ Type: 'service', Action: 'update', Actor: { Attributes: { name } } });
const container = (platform: string) => ({
  Type: 'container',
  Action: 'die',
  Actor: { Attributes: { 'dev.tributary.platform': platform } },
});

describe('The watcher of events', () => {
  it('wakes once it listens, since before it nobody did', async () => {
    const { engines } = await open([listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    const filters = new URL(engines[0]?.asked[0]?.split(' ')[1] ?? '', 'http://docker').searchParams.get(
      'filters',
    );
    expect(JSON.parse(filters ?? '')).toMatchObject({ type: ['service', 'node', 'container'] });
  });

  it.each([
    ['a service of ours', service('tributary-worker-shared'), 1],
    ['a service of others', service('web'), 0],
    ['a worker of ours', container('tributary'), 1],
    ['a container of others', container('other'), 0],
    ['a node', { Type: 'node', Action: 'update', Actor: { Attributes: { name: 'one' } } }, 1],
  ])('is woken by %s: %j', async (_name, event, count) => {
    await open([listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    say(event);
    say(service('tributary-worker-last'));
    await expect.poll(() => wakes, DEADLINE).toBeGreaterThanOrEqual(2);
    // Two that come in one piece wake once.
    expect(wakes).toBeLessThanOrEqual(2 + count);
    if (count === 0) expect(wakes).toBe(2);
  });

  it('puts an event together that comes in parts', async () => {
    await open([listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    // What is no event wakes, since something has happened: so must its parts not.
    const text = `${JSON.stringify(service('web'))}\n`;
    streams[0]?.write(text.slice(0, 30));
    await new Promise((resolve) => streams[0]?.write(text.slice(30), resolve));
    say(service('tributary-worker-shared'));
    await expect.poll(() => wakes, DEADLINE).toBeGreaterThanOrEqual(2);
    expect(wakes).toBe(2);
  });

  it('listens again, and wakes, when the engine ends the stream', async () => {
    const { clock } = await open([listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    streams[0]?.end();
    const listenAgain = () => {
      clock.advance(250);
      return wakes;
    };
    await expect.poll(listenAgain, DEADLINE).toBe(2);
  });

  it('listens at another manager when one goes', async () => {
    const { engines, clock } = await open([listens, listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    engines[0]?.become(answers(503, { message: 'This node is not a swarm manager.' }));
    streams[0]?.destroy();
    const listenAgain = () => {
      clock.advance(250);
      return engines[1]?.asked.length;
    };
    await expect.poll(listenAgain, DEADLINE).toBe(1);
    await expect.poll(() => wakes, DEADLINE).toBe(2);
  });

  it('listens anew after a while, since a connection may die without a word', async () => {
    const { clock } = await open([listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    clock.advance(60_000);
    const listenAgain = () => {
      clock.advance(250);
      return streams.length;
    };
    await expect.poll(listenAgain, DEADLINE).toBe(2);
    await expect.poll(() => streams[0]?.destroyed, DEADLINE).toBe(true);
  });

  it('tries on while nobody answers', async () => {
    const { engines, clock } = await open([answers(503, {})]);
    const tryAgain = () => {
      clock.advance(5_000);
      return engines[0]?.asked.length ?? 0;
    };
    await expect.poll(tryAgain, DEADLINE).toBeGreaterThan(3);
    engines[0]?.become(listens);
    await expect.poll(() => tryAgain() && wakes, DEADLINE).toBe(1);
  });

  it('ends its stream when it is closed, and starts none', async () => {
    const { engines, watcher, clock } = await open([listens]);
    await expect.poll(() => wakes, DEADLINE).toBe(1);
    watcher.close();
    await expect.poll(() => streams[0]?.destroyed, DEADLINE).toBe(true);
    clock.advance(120_000);
    expect(engines[0]?.asked).toHaveLength(1);
  });
});
