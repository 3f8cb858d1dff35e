import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openTestConfiguration,
  type TestConfiguration,
} from '../../../test/support/configuration-service.ts';

let service: TestConfiguration;
beforeEach(async () => {
  service = await openTestConfiguration();
});
afterEach(() => service.close());

describe('subscriptions', () => {
  it('sourceChanged tells the state of all sources, or of one', async () => {
    const all = await service.follow('subscription { sourceChanged { id state } }');
    const { id } = (await service.add()).value;
    const one = await service.follow('subscription($id: ID) { sourceChanged(id: $id) { id state } }', { id });
    await expect.poll(() => all.events).toContainEqual({ id, state: 'ACTIVE' });
    // The subscription is on its way while the client says it is connected: go on until it hears.
    await expect
      .poll(async () => {
        await service.pause(id);
        await service.resume(id);
        return one.events.length;
      })
      .toBeGreaterThan(0);
    const other = (await service.add()).value.id;
    await service.remove(id, 'DELETE');
    await expect.poll(() => one.events.at(-1)).toEqual({ id, state: 'REMOVED' });
    expect(one.events.filter((event) => event.id === other)).toEqual([]);
    await expect.poll(() => all.events.some((event) => event.id === other)).toBe(true);
    await all.close();
    await one.close();
  });

  it('runChanged tells runs as they go, of all sources or one', async () => {
    const all = await service.follow('subscription { runChanged { id status source { id } } }');
    const { id, lastRun } = (await service.add()).value;
    await expect.poll(() => all.events.at(-1)).toEqual({ id: lastRun.id, status: 'QUEUED', source: { id } });
    const [lease] = (await service.claim('w1')).leases;
    const startedAt = new Date(service.clock.now()).toISOString();
    const report = { sourceId: id, workerId: 'w1', token: lease.token, runId: lastRun.id, startedAt };
    await service.report({ ...report, status: 'RUNNING' });
    await expect.poll(() => all.events.at(-1)).toMatchObject({ status: 'RUNNING' });
    await service.report({ ...report, status: 'SUCCEEDED' });
    await expect.poll(() => all.events.at(-1)).toMatchObject({ status: 'SUCCEEDED' });
    await all.close();
  });

  it('workChanged wakes a worker for what it may claim, for what changed, and for previews', async () => {
    const { id } = (await service.add()).value;
    const { after } = await service.claim('w1');
    await service.renew('w1', after);
    const work = await service.follow('subscription { workChanged(workerId: "w1") { reason } }');
    const reasons = () => work.events.map(({ reason }) => reason);
    const woken = async (act: () => Promise<unknown>, reason: string) => {
      work.events.length = 0;
      await act();
      await expect.poll(reasons).toContain(reason);
    };
    await woken(() => service.run(id).then(() => service.update(id, { name: 'other' })), 'RENEW');
    await woken(() => service.pause(id), 'RENEW');
    await woken(() => service.resume(id), 'CLAIM');
    await woken(() => service.add(), 'CLAIM');
    let preview: Promise<unknown> | undefined;
    await woken(async () => {
      preview = service.preview();
    }, 'PREVIEW');
    service.clock.advance(1_000);
    await service.request('mutation { claimPreviews(workerId: "w1") { id } }');
    service.clock.advance(30_000);
    await preview;
    await work.close();
  });

  it('workChanged lets a worker that is full, or of another pool, sleep', async () => {
    await service.claim('full', { capacity: 0 });
    await service.claim('other', { pool: 'source-x' });
    const full = await service.follow('subscription { workChanged(workerId: "full") { reason } }');
    const other = await service.follow('subscription { workChanged(workerId: "other") { reason } }');
    const free = await service.follow('subscription { workChanged(workerId: "unknown") { reason } }');
    await expect
      .poll(async () => {
        await service.add();
        return free.events.length;
      })
      .toBeGreaterThan(0);
    expect([...full.events, ...other.events]).toEqual([]);
    for (const { close } of [full, other, free]) await close();
  });

  it('poolDemandsChanged wakes the orchestrator only where the demands are others', async () => {
    const demands = await service.follow('subscription { poolDemandsChanged }');
    let id = '';
    await expect
      .poll(async () => {
        id = (await service.add()).value.id;
        return demands.events.length;
      })
      .toBeGreaterThan(0);
    await service.update(id, { name: 'other' });
    demands.events.length = 0;
    await service.update(id, { name: 'another' });
    await service.pause(id);
    await expect.poll(() => demands.events).toEqual([true]);
    await demands.close();
  });

  it('let the bus go when their readers leave', async () => {
    let open = 0;
    const { subscribe } = service.bus;
    service.bus.subscribe = async (topic, listener) => {
      const handle = await subscribe.call(service.bus, topic, listener as never);
      open++;
      return {
        close() {
          open--;
          return handle.close();
        },
      };
    };
    const follows = await Promise.all(
      [
        '{ sourceChanged { id } }',
        '{ runChanged { id } }',
        '{ poolDemandsChanged }',
        '{ workChanged(workerId: "w") { reason } }',
        '{ clusterChanged { observedAt } }',
        '{ sourceChanged(id: "s") { id } }',
      ].map((selection) => service.follow(`subscription ${selection}`)),
    );
    // What wakes workers and the orchestrator follows sources and previews; one source is watched for its problem, too.
    await expect.poll(() => open).toBe(10);
    for (const { close } of follows) await close();
    await expect.poll(() => open).toBe(0);
  });
});
