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

describe('previewSource', () => {
  const claimPreviews = async (workerId: string) =>
    (
      await service.request('mutation($w: ID!) { claimPreviews(workerId: $w) { id spec first } }', {
        w: workerId,
      })
    ).claimPreviews;
  const report = {
    status: 'PARTIAL',
    pages: 1,
    bytes: 100,
    records: 2,
    quarantined: 1,
    quarantinedRecords: [],
    misses: [{ field: 'price', missing: 1, invalid: 0, sample: null }],
    error: null,
    samples: [{ title: 'A', price: '1.50' }, { title: 'B' }],
  };

  it('shows what a worker read, and the type that it would give, and stores nothing', async () => {
    const preview = service.preview(
      {
        fields: [
          { name: 'title', select: 'h2' },
          { name: 'tags', select: 'li', list: true },
        ],
      },
      1,
    );
    await expect.poll(() => claimPreviews('w1')).toHaveLength(1);
    service.clock.advance(30_000);
    expect((await preview).errors).toEqual(['null TIMEOUT']);

    const second = service.preview(
      {
        fields: [
          { name: 'title', select: 'h2' },
          { name: 'tags', select: 'li', list: true },
        ],
      },
      1,
    );
    let tasks: { id: string; first: number; spec: { records: string } }[] = [];
    await expect
      .poll(async () => {
        tasks = await claimPreviews('w1');
        return tasks;
      })
      .toHaveLength(1);
    expect(tasks).toMatchObject([{ first: 1, spec: { records: '.book', key: ['title'] } }]);
    await service.request(
      'mutation($id: ID!, $report: JSON!) { reportPreview(input: { id: $id, workerId: "w1", report: $report }) }',
      { id: tasks[0]?.id, report },
    );
    expect(await second).toMatchObject({
      errors: [],
      value: {
        records: [{ title: 'A', price: '1.50' }],
        pages: 1,
        bytes: 100,
        quarantined: 1,
        misses: [{ field: 'price' }],
        error: null,
        typeDefinition:
          'type Book @key(fields: "id") {\n  id: ID!\n  title: String\n  tags: [String!]\n  meta: EntryMeta!\n}',
      },
    });
    expect(await service.definition('books')).toBeUndefined();
    expect(await service.request('{ sources { totalCount } runs { totalCount } }')).toEqual({
      sources: { totalCount: 0 },
      runs: { totalCount: 0 },
    });
  });

  it('hears of everything that is wrong, and asks no worker then', async () => {
    const preview = await service.preview({ url: 'x', collection: 'sources' });
    expect(preview).toMatchObject({ value: null, errors: ['url INVALID_URL', 'collection NAME_TAKEN'] });
    expect(await claimPreviews('w1')).toEqual([]);
  });

  it('is told that no worker came', async () => {
    const preview = service.preview();
    await expect
      .poll(async () => (await service.request('{ poolDemands { pool } }')).poolDemands)
      .toHaveLength(1);
    service.clock.advance(30_000);
    expect((await preview).errors).toEqual(['null NO_WORKER']);
  });

  it.each([0, 101])('refuses to show %i records', async (first) => {
    await expect(service.preview({}, first)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
