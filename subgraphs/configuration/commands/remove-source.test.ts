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

describe('removeSource', () => {
  it('keeps with KEEP the definition, and the source as one that was', async () => {
    const id = await addedId();
    const before = await service.definition('books');
    expect((await service.remove(id, 'KEEP')).value).toBe(id);
    expect(await service.definition('books')).toEqual({
      ...before,
      revision: 2,
      sources: [{ id, retain: 'LATEST_RUN', removed: 'KEEP' }],
    });
    expect(await service.source(id)).toBeNull();
    const { sources } = await service.request(
      '{ sources(filter: { state: REMOVED }) { nodes { id state nextRunAt lastRun { status } } } }',
    );
    expect(sources.nodes).toEqual([
      { id, state: 'REMOVED', nextRunAt: null, lastRun: { status: 'CANCELLED' } },
    ]);
    expect(await sourceCount()).toBe(0);
    expect((await service.claim('w1')).leases).toEqual([]);
  });

  it('takes with DELETE what only the source gave, while others feed the collection', async () => {
    const id = await addedId({ fields: [URL_FIELD, TITLE] });
    const other = await addedId({ fields: [URL_FIELD, PRICE] });
    await service.remove(id, 'DELETE');
    const definition = await service.definition('books');
    expect(definition.fields.map((field: { name: string }) => field.name)).toEqual(['url', 'price']);
    expect(definition.sources).toEqual([
      { id, retain: 'LATEST_RUN', removed: 'DELETE' },
      { id: other, retain: 'LATEST_RUN' },
    ]);
  });

  it('takes the collection with the last source, and a later one begins anew', async () => {
    const kept = await addedId();
    const last = await addedId();
    await service.remove(kept, 'KEEP');
    const { incarnation } = await service.definition('books');
    await service.remove(last, 'DELETE');
    expect(await service.definition('books')).toMatchObject({
      deleted: true,
      incarnation,
      sources: [{ removed: 'DELETE' }, { removed: 'DELETE' }],
    });
    const { sources } = await service.request('{ sources(filter: { state: REMOVED }) { nodes { id } } }');
    expect(sources.nodes).toEqual([]);

    const next = await addedId({ fields: [{ ...TITLE, type: 'INT' }] });
    const definition = await service.definition('books');
    expect(definition).toMatchObject({ deleted: false, key: ['title'], sources: [{ id: next }] });
    expect(definition.incarnation).not.toBe(incarnation);
  });

  it('lets a deleted collection’s name go', async () => {
    await service.remove(await addedId(), 'DELETE');
    await addedId({ collection: 'book' });
  });

  it('takes with DELETE what was kept before, and nothing of others', async () => {
    const one = await addedId();
    const two = await addedId();
    await service.remove(one, 'KEEP');
    await service.remove(two, 'KEEP');
    await service.remove(one, 'DELETE');
    expect(await service.definition('books')).toMatchObject({
      deleted: false,
      sources: [{ removed: 'DELETE' }, { removed: 'KEEP' }],
    });
    await service.remove(two, 'DELETE');
    expect(await service.definition('books')).toMatchObject({ deleted: true });
  });

  it('lets a source join what removed ones have left', async () => {
    await service.remove(await addedId(), 'KEEP');
    expect((await service.add({ key: ['title'] })).errors).toEqual(['key KEY_CONFLICT']);
    await addedId();
    expect((await service.definition('books')).sources).toHaveLength(2);
  });

  it('still resolves the source for entries that name it', async () => {
    const id = await addedId();
    await service.remove(id, 'DELETE');
    const { _entities } = await service.request(
      `query($of: [_Any!]!) { _entities(representations: $of) {
        ... on Source { id state collection { name } lastRun { status } runs { nodes { status } } }
      } }`,
      {
        of: [
          { __typename: 'Source', id },
          { __typename: 'Source', id: 'none' },
        ],
      },
    );
    expect(_entities).toEqual([
      {
        id,
        state: 'REMOVED',
        collection: { name: 'books' },
        lastRun: { status: 'CANCELLED' },
        runs: { nodes: [{ status: 'CANCELLED' }] },
      },
      null,
    ]);
  });
});
