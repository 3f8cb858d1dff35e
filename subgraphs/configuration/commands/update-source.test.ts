import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BOOKS,
  openTestConfiguration,
  type TestConfiguration,
} from '../../../test/support/configuration-service.ts';

let service: TestConfiguration;
beforeEach(async () => {
  service = await openTestConfiguration();
});
afterEach(() => service.close());

const [TITLE, , URL_FIELD] = BOOKS.fields;
const addedId = async (input: Record<string, unknown> = {}): Promise<string> => {
  const { value, errors } = await service.add(input);
  expect(errors).toEqual([]);
  return value.id;
};

describe('updateSource', () => {
  it('changes what is given, counts a revision, and runs what is now to be read', async () => {
    const id = await addedId();
    const [lease] = (await service.claim('w1')).leases;
    const report = { runId: lease.queuedRunId, sourceId: id, workerId: 'w1', token: 1 };
    const startedAt = new Date(service.clock.now()).toISOString();
    await service.report({ ...report, status: 'SUCCEEDED', startedAt, records: 9 });

    expect((await service.update(id, { name: 'Mine', retain: 'FOREVER' })).value).toMatchObject({
      name: 'Mine',
      revision: 2,
      lastRun: { trigger: 'CREATED' },
    });
    expect((await service.definition('books')).sources).toEqual([{ id, retain: 'FOREVER' }]);
    expect((await service.update(id, { records: '.other' }, 2)).value).toMatchObject({
      revision: 3,
      lastRun: { status: 'QUEUED', trigger: 'UPDATED' },
    });
    const { changed } = await service.renew('w1', 0);
    expect(changed).toMatchObject([
      { revision: 3, baselineRecords: null, spec: { name: 'Mine', records: '.other' } },
    ]);
  });

  it('leaves a source that nothing changes as it is', async () => {
    const id = await addedId();
    const { fields, url, records } = BOOKS;
    expect((await service.update(id, { fields, url, records, every: 'PT5M' })).value.revision).toBe(1);
  });

  it('may change types where nobody else feeds the collection, and drop fields', async () => {
    const id = await addedId();
    const fields = [
      { ...TITLE, merge: 'SET' },
      { ...URL_FIELD, type: 'STRING' },
    ];
    expect((await service.update(id, { fields })).errors).toEqual([]);
    expect((await service.definition('books')).fields).toEqual([
      { name: 'title', type: 'STRING', list: false, merge: 'SET' },
      { name: 'url', type: 'STRING', list: false, merge: 'LATEST' },
    ]);
  });

  it('may not contradict the other sources, nor lose the key', async () => {
    await addedId();
    const id = await addedId({ fields: [URL_FIELD, TITLE] });
    const update = await service.update(id, { fields: [{ ...TITLE, type: 'INT' }] });
    expect(update.errors).toEqual(['fields KEY_UNKNOWN', 'fields.0.type TYPE_CONFLICT']);
    expect(await service.source(id)).toMatchObject({ revision: 1 });
    expect((await service.definition('books')).revision).toBe(2);
  });

  it('refuses a revision that is not the source’s', async () => {
    const id = await addedId();
    const stale = await service.update(id, { name: 'x' }, 2);
    expect(stale.errors).toEqual(['expectedRevision REVISION_CONFLICT']);
    expect(stale.userErrors[0]?.message).toContain('revision 1');
  });

  it('counts every one of many changes made at once', async () => {
    const id = await addedId();
    await Promise.all(Array.from({ length: 20 }, (_, n) => service.update(id, { name: `Name ${n}` })));
    expect(await service.source(id)).toMatchObject({ revision: 21 });
  });

  it('hears of everything that is wrong', async () => {
    const id = await addedId();
    const update = await service.update(id, { url: 'x', cron: 'x', every: 'PT5M', fields: [] });
    expect(update.errors).toEqual([
      'url INVALID_URL',
      'every SCHEDULE_CONFLICT',
      'cron INVALID_CRON',
      'fields REQUIRED',
      'fields KEY_UNKNOWN',
    ]);
  });
});
