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

const [TITLE, PRICE, URL_FIELD] = BOOKS.fields;
const addedId = async (input: Record<string, unknown> = {}): Promise<string> => {
  const { value, errors } = await service.add(input);
  expect(errors).toEqual([]);
  return value.id;
};
const sourceCount = async () => (await service.request('{ sources { totalCount } }')).sources.totalCount;

describe('addSource', () => {
  it('makes the collection with its first source', async () => {
    const id = await addedId();
    expect(await service.definition('books')).toEqual({
      name: 'books',
      incarnation: expect.any(String),
      revision: 1,
      deleted: false,
      fields: [
        { name: 'title', type: 'STRING', list: false, merge: 'LATEST' },
        { name: 'price', type: 'DECIMAL', list: false, merge: 'LATEST' },
        { name: 'url', type: 'URL', list: false, merge: 'LATEST' },
      ],
      key: ['url'],
      sources: [{ id, retain: 'LATEST_RUN' }],
    });
  });

  it('lets a source join that agrees, with fields of its own and the collection’s key', async () => {
    const first = await addedId();
    const { incarnation } = await service.definition('books');
    const second = await addedId({
      retain: 'P7D',
      fields: [{ name: 'isbn', select: '.isbn' }, URL_FIELD],
    });
    const definition = await service.definition('books');
    expect(definition).toMatchObject({ incarnation, key: ['url'], revision: 2 });
    expect(definition.fields.map((field: { name: string }) => field.name)).toEqual([
      'title',
      'price',
      'url',
      'isbn',
    ]);
    expect(definition.sources).toEqual([
      { id: first, retain: 'LATEST_RUN' },
      { id: second, retain: 'P7D' },
    ]);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['another type', { fields: [{ ...PRICE, type: 'FLOAT' }, URL_FIELD] }, ['fields.0.type TYPE_CONFLICT']],
    ['a list', { fields: [{ ...TITLE, list: true }, URL_FIELD] }, ['fields.0.list TYPE_CONFLICT']],
    ['another merge', { fields: [URL_FIELD, { ...PRICE, merge: 'MIN' }] }, ['fields.1.merge MERGE_CONFLICT']],
    ['another key', { key: ['title'] }, ['key KEY_CONFLICT']],
    ['no field of the key', { fields: [TITLE] }, ['key KEY_UNKNOWN']],
    [
      'everything wrong at once',
      { url: 'nowhere', fields: [{ ...PRICE, type: 'INT', merge: 'SET' }] },
      ['url INVALID_URL', 'key KEY_UNKNOWN', 'fields.0.type TYPE_CONFLICT', 'fields.0.merge MERGE_CONFLICT'],
    ],
  ])('keeps out a source with %s, and stores nothing of it', async (_, input, errors) => {
    await addedId();
    const before = await service.definition('books');
    const refused = await service.add(input);
    expect(refused).toMatchObject({ value: null, errors });
    expect(await service.definition('books')).toEqual(before);
    expect(await sourceCount()).toBe(1);
  });

  it('says that a name is the platform’s or another collection’s', async () => {
    await addedId();
    expect((await service.add({ collection: 'sources' })).errors).toEqual(['collection NAME_TAKEN']);
    expect((await service.add({ collection: 'book' })).errors).toEqual(['collection NAME_TAKEN']);
    expect(await service.definition('book')).toBeUndefined();
  });

  it('gives a name to one of those that want it at the same moment', async () => {
    const names = ['book', 'books'];
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => service.add({ collection: names[n % 2] })),
    );
    const errors = results.flatMap((result) => result.errors);
    expect(errors).toEqual(Array(10).fill('collection NAME_TAKEN'));
    const { collectionDefinitions } = await service.request('{ collectionDefinitions { definitions } }');
    expect(collectionDefinitions.definitions).toHaveLength(1);
    expect(collectionDefinitions.definitions[0].sources).toHaveLength(10);
  });

  it('takes as many sources as there may be', async () => {
    await service.close();
    service = await openTestConfiguration({ SOURCES_MAX: '2' });
    await addedId();
    const id = await addedId();
    expect((await service.add()).errors).toEqual(['null TOO_MANY']);
    await service.remove(id, 'KEEP');
    await addedId();
  });

  it('leaves unknown enum values to GraphQL', async () => {
    await expect(service.add({ format: 'PDF' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('holds to the settings it was started with', async () => {
    await service.close();
    service = await openTestConfiguration({
      EVERY_MIN: 'PT1M',
      FIELDS_MAX: '2',
      PAGES_MAX: '5',
      SCRAPER_ALLOW_NETWORKS: '127.0.0.0/8',
    });
    const refused = await service.add({
      url: 'http://127.0.0.1:8080/',
      every: 'PT30S',
      pagination: { next: 'a@href', limit: 6 },
    });
    expect(refused.errors).toEqual(['every TOO_FREQUENT', 'fields TOO_MANY', 'pagination.limit TOO_MANY']);
  });
});
