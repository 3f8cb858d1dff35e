import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openServiceClient } from '../../platform/http/service-client.ts';
import { encodeChangeCursor } from '../../platform/model/cursor.ts';
import { entryId } from '../../platform/model/entry.ts';
import { BOOKS, DatasourceHarness, type Delta } from '../../test/support/datasource-service.ts';

const DEADLINE = { timeout: 10_000, interval: 5 };
const coded = (code: string) => expect.objectContaining({ code });

describe('datasource', () => {
  let harness: DatasourceHarness;

  beforeEach(async () => {
    harness = await DatasourceHarness.open({
      BATCH_RECORDS_MAX: '10',
      RECORD_BYTES_MAX: '2000',
      TOMBSTONE_RETAIN: 'PT2H',
      JOURNAL_RETAIN: 'PT1H',
      DATASOURCE_UPKEEP: 'PT10M',
    });
    harness.definitions.set('books', BOOKS);
  });
  afterEach(() => harness.dispose());

  const folded = (entries: Record<string, string>) =>
    expect
      .poll(() => harness.entries(), DEADLINE)
      .toEqual(
        Object.fromEntries(Object.entries(entries).map(([title, price]) => [title, { title, price }])),
      );
  const next = async (stream: ReturnType<DatasourceHarness['subscribe']>) =>
    (await stream.next()).value?.data?.collectionChanged as Delta;

  describe('takes batches and', () => {
    it('folds them, tells the bus, and counts', async () => {
      await harness.ingest({ Emma: '5.00', Persuasion: '7.50' });
      await folded({ Emma: '5.00', Persuasion: '7.50' });
      expect(harness.published.at(-1)).toEqual({ collection: 'books', incarnation: 'books-1', version: 2 });
      expect(
        await harness.query('{ collection(name: "books") { name entryCount updatedAt cursor } }'),
      ).toEqual({
        collection: {
          name: 'books',
          entryCount: 2,
          updatedAt: new Date(harness.clock.now()).toISOString(),
          cursor: encodeChangeCursor({ incarnation: 'books-1', version: 2 }),
        },
      });
    });

    it('acknowledges a batch that was retried, and counts it once', async () => {
      const first = await harness.ingest({ Emma: '5' }, { batchId: 'the one' });
      const again = await harness.ingest({ Emma: '5' }, { batchId: 'the one' });
      expect(again).toEqual({ sequence: first.sequence, isDuplicate: true });
      await folded({ Emma: '5' });
    });

    it('removes what a complete run did not see, and nothing before', async () => {
      await harness.ingest({ Emma: '5', Persuasion: '7' });
      await harness.completeRun();
      const next = { runId: 'run-2', token: 2 };
      await harness.ingest({ Persuasion: '7' }, { ...next, seenKeys: [] });
      await folded({ Emma: '5', Persuasion: '7' });
      await expect(harness.completeRun({ ...next, batches: 2 })).rejects.toEqual(coded('BATCHES_MISSING'));
      await harness.completeRun(next);
      await folded({ Persuasion: '7' });
    });

    it('keeps what a complete run saw but could not read', async () => {
      await harness.ingest({ Emma: '5', Persuasion: '7' });
      await harness.completeRun();
      await harness.ingest({ Persuasion: '8' }, { runId: 'run-2', seenKeys: ['Emma'] });
      await harness.completeRun({ runId: 'run-2' });
      await folded({ Emma: '5', Persuasion: '8' });
    });

    it('gives an unchanged entry no new version', async () => {
      await harness.ingest({ Emma: '5', Persuasion: '7' });
      await harness.ingest({ Emma: '5', Persuasion: '8' }, { runId: 'run-2' });
      await folded({ Emma: '5', Persuasion: '8' });
      expect(harness.published.at(-1)?.version).toBe(3);
    });

    it('refuses those without the service token', async () => {
      const { registry } = harness;
      const stranger = openServiceClient({ registry }, 'datasource', harness.gatewayToken);
      await expect(stranger.request('{ changesSince(collection: "books") { head } }')).rejects.toEqual(
        coded('UNAUTHENTICATED'),
      );
      await stranger.close();
    });

    it.each<[string, Record<string, unknown>]>([
      ['a key that its fields do not make', { records: [{ key: 'Emma', fields: { title: 'Amme' } }] }],
      ['a record without a key', { records: [{ key: '', fields: { price: '5' } }] }],
      ['a record that is none', { records: ['Emma'] }],
      [
        'a record that is too large',
        { records: [{ key: 'E', fields: { title: 'E', more: 'x'.repeat(2_000) } }] },
      ],
      ['too many records', { records: Array(11).fill({ key: 'Emma', fields: { title: 'Emma' } }) }],
      ['too many seen keys', { seenKeys: Array.from({ length: 11 }, (_, at) => `${at}`) }],
      ['no id', { batchId: '' }],
      ['a run id without end', { runId: 'x'.repeat(201) }],
    ])('refuses a batch with %s, and takes nothing of it', async (_, change) => {
      const good = { key: 'Good', fields: { title: 'Good' } };
      const records = [good, ...((change.records as unknown[]) ?? [])];
      await expect(harness.ingest({}, { ...change, records })).rejects.toEqual(coded('BAD_USER_INPUT'));
      await harness.ingest({ Emma: '5' });
      await folded({ Emma: '5' });
    });

    it('refuses a worker whose lease has gone, and one whose source is removed', async () => {
      await harness.ingest({ Emma: '5' }, { token: 7 });
      await expect(harness.ingest({ Emma: '6' }, { token: 6 })).rejects.toEqual(coded('STALE_TOKEN'));
      await harness.define({
        ...BOOKS,
        revision: 2,
        sources: [{ id: 'shop', retain: 'LATEST_RUN', removed: 'KEEP' }],
      });
      await expect
        .poll(() => harness.ingest({}, { token: 7 }).catch(({ code }) => code), DEADLINE)
        .toBe('SOURCE_REMOVED');
      await folded({ Emma: '5' });
    });

    it('takes out what a source contributed that is removed with its data', async () => {
      const sources = [...BOOKS.sources, { id: 'library', retain: 'FOREVER' }];
      await harness.define({ ...BOOKS, revision: 2, sources });
      await harness.ingest({ Emma: '5', Persuasion: '7' });
      await harness.ingest({ Persuasion: '0' }, { sourceId: 'library', runId: 'run-9' });
      const removed = sources.map((source) =>
        source.id === 'shop' ? { ...source, removed: 'DELETE' as const } : source,
      );
      await harness.define({ ...BOOKS, revision: 3, sources: removed });
      await folded({ Persuasion: '0' });
    });

    it('lets what is retained for a time expire when it is due', async () => {
      await harness.define({ ...BOOKS, revision: 2, sources: [{ id: 'shop', retain: 'PT1H' }] });
      await harness.ingest({ Emma: '5' });
      await folded({ Emma: '5' });
      harness.clock.advance(30 * 60_000);
      await harness.ingest({ Persuasion: '7' });
      await folded({ Emma: '5', Persuasion: '7' });
      harness.clock.advance(30 * 60_000);
      await folded({ Persuasion: '7' });
      await harness.stop();
      harness.clock.advance(60 * 60_000);
      await harness.start();
      harness.clock.advance(0);
      await expect
        .poll(() => {
          harness.clock.advance(1);
          return harness.entries();
        }, DEADLINE)
        .toEqual({});
    });
  });

  describe('learns of collections from configuration and', () => {
    it('asks it before it refuses a source that it has never heard of', async () => {
      await expect(harness.ingest({}, { collection: 'films' })).rejects.toEqual(coded('NOT_FOUND'));
      await expect(harness.ingest({}, { sourceId: 'stranger' })).rejects.toEqual(coded('NOT_FOUND'));
      harness.definitions.set('films', { ...BOOKS, name: 'films', incarnation: 'films-1', revision: 2 });
      await harness.ingest({ Emma: '5' }, { collection: 'films' });
      await expect
        .poll(() => harness.entries('films'), DEADLINE)
        .toEqual({ Emma: { title: 'Emma', price: '5' } });
    });

    it('has a delivery tried again later where configuration cannot be asked', async () => {
      harness.isConfigurationAway = true;
      await expect(harness.ingest({}, { collection: 'films' })).rejects.toMatchObject({
        code: 'DATASOURCE_UNAVAILABLE',
        retryable: true,
      });
    });

    it('goes on without it, also when started anew', async () => {
      await harness.ingest({ Emma: '5' });
      harness.isConfigurationAway = true;
      await harness.ingest({ Persuasion: '7' });
      await harness.stop();
      await harness.start();
      await harness.ingest({ Sanditon: '9' });
      await folded({ Emma: '5', Persuasion: '7', Sanditon: '9' });
    });

    it('asks again by itself until configuration is back', async () => {
      harness.isConfigurationAway = true;
      await harness.define({ ...BOOKS, name: 'films', incarnation: 'films-1', revision: 2 });
      await expect.poll(() => harness.definitionReads, DEADLINE).toBeGreaterThan(0);
      harness.isConfigurationAway = false;
      await expect
        .poll(async () => {
          harness.clock.advance(1_000);
          return (await harness.query('{ collections { nodes { name } } }')).collections;
        }, DEADLINE)
        .toEqual({ nodes: [{ name: 'books' }, { name: 'films' }] });
    });

    it('forgets a collection that is deleted, with all that it had', async () => {
      await harness.ingest({ Emma: '5' });
      await folded({ Emma: '5' });
      await harness.define({ ...BOOKS, revision: 2, deleted: true });
      await expect
        .poll(() => harness.query('{ collection(name: "books") { name } }'), DEADLINE)
        .toEqual({ collection: null });
      await expect(harness.ingest({ Emma: '5' })).rejects.toEqual(coded('NOT_FOUND'));
      await harness.define({ ...BOOKS, revision: 3, incarnation: 'books-2' });
      await harness.ingest({ Persuasion: '7' });
      await folded({ Persuasion: '7' });
    });

    it('computes entries anew when a field changes', async () => {
      await harness.ingest({ Emma: '5', Persuasion: 'seven' });
      await folded({ Emma: '5', Persuasion: undefined as never });
      const fields = BOOKS.fields.map((field) =>
        field.name === 'price' ? { ...field, type: 'STRING' as const } : field,
      );
      await harness.define({ ...BOOKS, revision: 2, fields });
      await folded({ Emma: '5', Persuasion: 'seven' });
    });
  });

  describe('answers the graph and', () => {
    it('pages collections by name', async () => {
      for (const [at, name] of ['films', 'atlases', 'maps'].entries()) {
        harness.definitions.set(name, { ...BOOKS, name, incarnation: name, revision: at + 2 });
      }
      await harness.define({ ...BOOKS, revision: 9 });
      const page = (args: string) =>
        harness.query<{
          collections: { nodes: { name: string }[]; totalCount: number; pageInfo: { endCursor: string } };
        }>(
          `{ collections${args} { nodes { name } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } } }`,
        );
      await expect.poll(async () => (await page('')).collections.totalCount, DEADLINE).toBe(4);
      const first = (await page('(first: 3)')).collections;
      expect(first.nodes.map(({ name }) => name)).toEqual(['atlases', 'books', 'films']);
      expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
      const rest = (await page(`(first: 3, after: "${first.pageInfo.endCursor}")`)).collections;
      expect(rest.nodes.map(({ name }) => name)).toEqual(['maps']);
      expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
      await expect(page('(first: 101)')).rejects.toEqual(coded('BAD_USER_INPUT'));
      await expect(page('(first: 0)')).rejects.toEqual(coded('BAD_USER_INPUT'));
      await expect(page('(after: "nonsense")')).rejects.toEqual(coded('CURSOR_INVALID'));
    });

    it('has an empty collection for a reference to one it does not know yet', async () => {
      const answer = await harness.query(
        'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Collection { name entryCount updatedAt cursor } } }',
        { of: [{ __typename: 'Collection', name: 'films' }] },
      );
      expect(answer).toEqual({
        _entities: [
          {
            name: 'films',
            entryCount: 0,
            updatedAt: null,
            cursor: encodeChangeCursor({ incarnation: '', version: 0 }),
          },
        ],
      });
    });

    it('has none of a name that it does not know, and asks configuration for it', async () => {
      expect(await harness.query('{ collection(name: "films") { name } }')).toEqual({ collection: null });
      const reads = harness.definitionReads;
      await harness.query('{ collection(name: "films") { name } }');
      await expect.poll(() => harness.definitionReads, DEADLINE).toBeGreaterThan(reads);
    });
  });

  describe('streams changes and', () => {
    it('tells them from now on, with all that an entry has', async () => {
      await harness.ingest({ Emma: '5' });
      await folded({ Emma: '5' });
      const stream = harness.subscribe();
      const first = next(stream);
      // Until the subscription stands, changes may pass it by: the prices differ until one is told.
      let isTold = false;
      const telling = (async () => {
        for (let price = 6; !isTold; price++) {
          await harness.ingest({ Emma: `${price}` }, { runId: `run-${price}` });
        }
      })();
      const delta = await first.finally(() => {
        isTold = true;
      });
      await telling;
      expect(delta).toMatchObject({
        reset: false,
        removed: [],
        upserted: [
          {
            id: entryId('books', 'Emma'),
            key: 'Emma',
            meta: {
              sources: [{ id: 'shop' }],
              freshness: { asOf: new Date(harness.clock.now()).toISOString(), isStale: false },
            },
          },
        ],
        collection: { name: 'books', entryCount: 1 },
      });
    });

    it('goes on behind a cursor, missing nothing', async () => {
      await harness.ingest({ Emma: '5' });
      await folded({ Emma: '5' });
      const after = encodeChangeCursor({ incarnation: 'books-1', version: 1 });
      await harness.ingest({ Persuasion: '7', Sanditon: '9' }, { runId: 'run-2' });
      await harness.completeRun({ runId: 'run-2' });
      await folded({ Persuasion: '7', Sanditon: '9' });
      const stream = harness.subscribe({ after });
      const delta = await next(stream);
      expect(delta.upserted.map(({ key }) => key)).toEqual(['Persuasion', 'Sanditon']);
      expect(delta.removed).toEqual([entryId('books', 'Emma')]);
      expect(delta.cursor).toBe(encodeChangeCursor({ incarnation: 'books-1', version: 4 }));
      await harness.ingest({ Persuasion: '8' }, { runId: 'run-3' });
      expect(await next(stream)).toMatchObject({ upserted: [{ key: 'Persuasion' }], removed: [] });
    });

    it('says that a cursor has expired, then tells everything anew', async () => {
      await harness.ingest({ Emma: '5' });
      await folded({ Emma: '5' });
      const stream = harness.subscribe({ after: encodeChangeCursor({ incarnation: 'books-0', version: 9 }) });
      expect(await next(stream)).toMatchObject({ reset: true, upserted: [{ key: 'Emma' }] });
    });

    it('lets a cursor expire when what was removed behind it is forgotten', async () => {
      const after = encodeChangeCursor({ incarnation: 'books-1', version: 1 });
      await harness.ingest({ Emma: '5', Persuasion: '7' }, { batchId: 'the one' });
      await harness.ingest({ Persuasion: '7' }, { runId: 'run-2' });
      await harness.completeRun({ runId: 'run-2' });
      await folded({ Persuasion: '7' });
      expect(await next(harness.subscribe({ after }))).toMatchObject({ reset: false });
      harness.clock.advance(3 * 60 * 60_000);
      await expect
        .poll(async () => {
          harness.clock.advance(10 * 60_000);
          return (await next(harness.subscribe({ after }))).reset;
        }, DEADLINE)
        .toBe(true);
      // What is folded stays, though the journal has forgotten how it came.
      await harness.stop();
      await harness.start();
      await folded({ Persuasion: '7' });
    });

    it.each([
      ['a cursor that is none', { after: 'nonsense' }, 'CURSOR_INVALID'],
      ['a collection that is none', { name: 'films' }, 'NOT_FOUND'],
    ])('refuses %s', async (_, variables, code) => {
      const first = await harness
        .subscribe(variables)
        .next()
        .catch((errors) => errors);
      expect(JSON.stringify(first)).toContain(code);
    });

    it('ends when the collection is deleted', async () => {
      await harness.ingest({ Emma: '5' });
      const stream = harness.subscribe({ after: encodeChangeCursor({ incarnation: 'books-1', version: 0 }) });
      expect(await next(stream)).toMatchObject({ upserted: [{ key: 'Emma' }] });
      const last = stream.next();
      await harness.define({ ...BOOKS, revision: 2, deleted: true });
      expect(await last).toMatchObject({ done: true });
    });
  });
});
