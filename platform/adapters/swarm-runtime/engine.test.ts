import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answers, type Behaviour, hangs, openFakeEngine } from '../../../test/support/fake-engine.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { Scope } from '../../scope.ts';
import { SwarmEngine } from './engine.ts';

/** Long enough for an engine on the same machine, however busy that is. */
const TIMEOUT_MS = 2_000;

let scope = new Scope();
afterEach(async () => {
  await scope.close();
  scope = new Scope();
});

const nodesOf = (hostname: string) => answers(200, [{ ID: hostname }]);
const noLeader = answers(503, {
  message: 'rpc error: code = Unknown desc = The swarm does not have a leader.',
});
const isWorker = answers(503, { message: 'This node is not a swarm manager.' });
const breaksOff: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-length': 1_000 }).write('[');
  response.socket?.end();
};

const openFake = async (behaviour: Behaviour, listenAt?: string) =>
  scope.use(await openFakeEngine(behaviour, listenAt));

function open(
  engines: readonly { readonly url: string }[],
  resolve?: (host: string) => Promise<readonly string[]>,
) {
  const url = engines.map((engine) => engine.url).join(',');
  const deps = { clock: systemClock, logger: silentLogger, ...(resolve ? { resolve } : {}) };
  return scope.use(new SwarmEngine(deps, { url, timeoutMs: TIMEOUT_MS }));
}

const firstNode = (engine: SwarmEngine): Promise<string> =>
  engine.call(async (docker, abortSignal) => (await docker.listNodes({ abortSignal }))[0].ID);
const create = (engine: SwarmEngine) =>
  engine.call((docker, abortSignal) => docker.createService({ Name: 'a', abortSignal }));

describe('The engine', () => {
  it('is asked by a version that knows all that we ask for', async () => {
    const fake = await openFake(nodesOf('one'));
    expect(await firstNode(open([fake]))).toBe('one');
    expect(fake.asked).toEqual(['GET /v1.44/nodes']);
  });

  it('is reached by its socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'engine-'));
    scope.defer(() => rmSync(folder, { recursive: true }));
    const fake = await openFake(nodesOf('one'), join(folder, 'docker.sock'));
    expect(await firstNode(open([fake]))).toBe('one');
  });

  it.each([
    ['hangs', hangs],
    ['has no leader', noLeader],
    ['is no manager', isWorker],
    ['breaks off', breaksOff],
    [
      'could not ask the others',
      answers(500, { message: 'rpc error: code = DeadlineExceeded desc = context deadline exceeded' }),
    ],
    ['is behind a proxy that does not reach it', answers(502, {})],
  ])('that %s is left for the next one, and asked only after it from then on', async (_name, behaviour) => {
    const bad = await openFake(behaviour);
    const good = await openFake(nodesOf('good'));
    const engine = open([bad, good]);
    expect(await firstNode(engine)).toBe('good');
    expect(await firstNode(engine)).toBe('good');
    expect(bad.asked).toHaveLength(1);
    expect(good.asked).toHaveLength(2);
  });

  it('that refuses connections is left for the next one', async () => {
    const good = await openFake(nodesOf('good'));
    expect(await firstNode(open([{ url: 'http://127.0.0.1:1' }, good]))).toBe('good');
  });

  it('is asked again where it failed before, once the others fail', async () => {
    const one = await openFake(noLeader);
    const other = await openFake(nodesOf('other'));
    const engine = open([one, other]);
    expect(await firstNode(engine)).toBe('other');
    one.become(nodesOf('one'));
    other.become(noLeader);
    expect(await firstNode(engine)).toBe('one');
    expect(await firstNode(engine)).toBe('one');
    expect(other.asked).toHaveLength(2);
  });

  it('is told a change by another manager, where one did not answer', async () => {
    const bad = await openFake(hangs);
    const good = await openFake(answers(201, { ID: 'made' }));
    expect((await create(open([bad, good]))).id).toBe('made');
    expect(good.asked).toEqual(['POST /v1.44/services/create']);
  });

  it('is away where none answers, and says who and why without a stack of others', async () => {
    const one = await openFake(noLeader);
    const other = await openFake(hangs);
    await expect(firstNode(open([one, other]))).rejects.toMatchObject({
      code: 'DATASOURCE_UNAVAILABLE',
      message: `Docker at ${one.url.slice('http://'.length)} does not answer: The swarm does not have a leader.`,
    });
  });

  it.each([
    [
      409,
      'rpc error: code = AlreadyExists desc = name conflicts with an existing object',
      'name conflicts with an existing object',
    ],
    [404, 'network nobody not found', 'network nobody not found'],
    [403, 'Refused by docker-proxy: no.', 'Refused by docker-proxy: no.'],
    [500, 'rpc error: code = Unknown desc = update out of sequence', 'update out of sequence'],
    [
      500,
      'rpc error: code = Unknown desc = constraint expected one operator from ==, !=',
      'constraint expected one operator from ==, !=',
    ],
    [400, '', 'status 400'],
  ])('that says no with %i has the last word: %s', async (status, message, told) => {
    const one = await openFake(answers(status, { message }));
    const other = await openFake(nodesOf('other'));
    await expect(create(open([one, other]))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      status,
      message: told,
    });
    expect(other.asked).toEqual([]);
  });

  it('is all that a name stands for, at each call anew', async () => {
    const fake = await openFake(nodesOf('one'));
    const { port } = new URL(fake.url);
    let addresses = ['127.0.0.9', '127.0.0.1'];
    const engine = open([{ url: `http://docker-proxy:${port}` }], async () => addresses);
    expect(await firstNode(engine)).toBe('one');
    addresses = ['127.0.0.9'];
    await expect(firstNode(engine)).rejects.toThrow(
      `Docker at docker-proxy:${port} (127.0.0.9) does not answer`,
    );
    addresses = ['127.0.0.1', '127.0.0.9'];
    expect(await firstNode(engine)).toBe('one');
  });

  it('is found by the others where a name is not', async () => {
    const fake = await openFake(nodesOf('one'));
    const resolve = async () => {
      throw new Error('no such name');
    };
    expect(await firstNode(open([{ url: 'http://nobody:2375' }, fake], resolve))).toBe('one');
    await expect(firstNode(open([{ url: 'http://nobody:2375' }], resolve))).rejects.toMatchObject({
      code: 'DATASOURCE_UNAVAILABLE',
    });
  });

  it('is left at once when we close, and asked nothing any more', async () => {
    const fake = await openFake(hangs);
    const engine = open([fake]);
    const asked = expect(firstNode(engine)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect.poll(() => fake.asked.length).toBe(1);
    engine.close();
    await asked;
    await expect(firstNode(engine)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(fake.asked).toHaveLength(1);
  });

  it.each([
    'tcp://a:1',
    'http://user:secret@a:2375',
    'http://a:2375/path',
    'unix://',
    'http://',
    'https://a:1,nonsense',
  ])('is not at %s', (url) => {
    const deps = { clock: systemClock, logger: silentLogger };
    const opened = () => new SwarmEngine(deps, { url, timeoutMs: TIMEOUT_MS });
    expect(opened).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(opened).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }));
  });

  it('wants certificates for https', () => {
    const deps = { clock: systemClock, logger: silentLogger };
    const opened = (certPath?: string) => () =>
      new SwarmEngine(deps, { url: 'https://a:2376', timeoutMs: TIMEOUT_MS, certPath });
    expect(opened()).toThrow('DOCKER_CERT_PATH');
    expect(opened('/nowhere')).toThrow('DOCKER_CERT_PATH');
  });
});
