import { afterEach, expect, it } from 'vitest';
import { BOOKS, DatasourceHarness } from '../../test/support/datasource-service.ts';
import { readMetrics } from '../../test/support/shown-metrics.ts';

const DEADLINE = { timeout: 20_000, interval: 5 };

let harness: DatasourceHarness;
afterEach(() => harness.dispose());

it('Datasource tells what its bounds refuse, and what they cut off', async () => {
  harness = await DatasourceHarness.open({
    BATCH_RECORDS_MAX: '3',
    RECORD_BYTES_MAX: '2000',
    CONTRIBUTION_ITEMS_MAX: '1',
  });
  harness.definitions.set('books', BOOKS);
  const hits = async (limit: string) =>
    (await readMetrics(harness.service.url)).value('tributary_limit_hits_total', `limit="${limit}"`);
  const refused = (input: Record<string, unknown>) => harness.ingest({}, input).catch(() => {});

  await refused({ seenKeys: ['a', 'b', 'c', 'd'] });
  expect(await hits('BATCH_RECORDS_MAX')).toBe(1);
  await refused({ records: [{ key: 'E', fields: { title: 'E', more: 'x'.repeat(2_000) } }] });
  expect(await hits('RECORD_BYTES_MAX')).toBe(1);
  const records = ['5', '6', '7'].map((price) => ({ key: 'Emma', fields: { title: 'Emma', price } }));
  await harness.ingest({}, { records });
  await expect.poll(() => hits('CONTRIBUTION_ITEMS_MAX'), DEADLINE).toBe(2);
});
