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

const addedId = async (input: Record<string, unknown> = {}): Promise<string> => {
  const { value, errors } = await service.add(input);
  expect(errors).toEqual([]);
  return value.id;
};

describe('pause, resume and run', () => {
  it('pause takes the source from its worker and cancels its run; resume makes it due', async () => {
    const id = await addedId();
    const claim = await service.claim('w1');
    const [lease] = claim.leases;
    const startedAt = new Date(service.clock.now()).toISOString();
    const report = { runId: lease.queuedRunId, sourceId: id, workerId: 'w1', token: 1, startedAt };
    await service.report({ ...report, status: 'RUNNING' });

    expect((await service.pause(id)).value).toMatchObject({
      state: 'PAUSED',
      nextRunAt: null,
      worker: null,
      lastRun: { status: 'CANCELLED' },
    });
    expect(await service.renew('w1', claim.after)).toMatchObject({
      lostSourceIds: [id],
      hasUnclaimed: false,
    });
    await expect(service.report({ ...report, status: 'SUCCEEDED' })).rejects.toMatchObject({
      code: 'STALE_TOKEN',
    });
    expect((await service.claim('w1')).leases).toEqual([]);

    service.clock.advance(1_000);
    const pausedAt = Date.parse(startedAt);
    expect((await service.resume(id)).value).toMatchObject({
      state: 'ACTIVE',
      nextRunAt: new Date(pausedAt).toISOString(),
    });
    expect((await service.claim('w1')).leases).toMatchObject([{ sourceId: id, token: 2 }]);
  });

  it('pause and resume may be said twice', async () => {
    const id = await addedId();
    await service.pause(id);
    expect(await service.pause(id)).toMatchObject({ errors: [], value: { state: 'PAUSED' } });
    await service.resume(id);
    expect(await service.resume(id)).toMatchObject({ errors: [], value: { state: 'ACTIVE' } });
  });

  it('run queues one run, and gives it again while it waits or goes on', async () => {
    const id = await addedId();
    const [lease] = (await service.claim('w1')).leases;
    const report = {
      sourceId: id,
      workerId: 'w1',
      token: 1,
      startedAt: new Date(service.clock.now()).toISOString(),
    };
    expect((await service.run(id)).value).toMatchObject({ id: lease.queuedRunId, trigger: 'CREATED' });
    await service.report({ ...report, runId: lease.queuedRunId, status: 'RUNNING' });
    expect((await service.run(id)).value).toMatchObject({ id: lease.queuedRunId, status: 'RUNNING' });
    await service.report({ ...report, runId: lease.queuedRunId, status: 'SUCCEEDED' });
    const requested = (await service.run(id)).value;
    expect(requested).toMatchObject({ status: 'QUEUED', trigger: 'REQUESTED' });
    expect((await service.run(id)).value).toEqual(requested);
    expect((await service.renew('w1', 0)).changed).toMatchObject([{ queuedRunId: requested.id }]);
  });

  it('run says that a paused source has to be resumed', async () => {
    const id = await addedId();
    await service.pause(id);
    expect((await service.run(id)).errors).toEqual(['id PAUSED']);
  });

  it('all say that there is no such source, also of a removed one', async () => {
    const removed = await addedId();
    await service.remove(removed, 'KEEP');
    for (const id of ['none', removed]) {
      for (const result of [
        await service.update(id, { name: 'x' }),
        await service.remove(id, 'KEEP'),
        await service.pause(id),
        await service.resume(id),
        await service.run(id),
      ]) {
        expect(result).toMatchObject({ value: null, errors: ['id NOT_FOUND'] });
      }
    }
  });
});
