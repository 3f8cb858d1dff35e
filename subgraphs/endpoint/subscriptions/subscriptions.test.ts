import { afterEach, describe, expect, it } from 'vitest';
import { EndpointStage, eventually } from '../../../test/unit/endpoint/endpoint-stage.ts';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import type { EndpointConfig } from '../config.ts';

let stage: EndpointStage;
afterEach(async () => stage.close());

const EVENT = `__typename
  ... on BookSnapshot { cursor entries { title stock } complete }
  ... on BookDelta { cursor upserted { title stock } removed }
  ... on BookCursorExpired { cursor message }`;

async function openBooks(count: number, config: Partial<EndpointConfig> = {}): Promise<void> {
  stage = await EndpointStage.open(config);
  stage.model.define('books', [field('title'), field('stock', 'INT')]);
  await stage.announceDefinitions();
  for (let number = 1; number <= count; number++) put(`b${number}`, number);
  await stage.announce('books');
  await eventually(async () => {
    const { data } = await stage.query('{ books { totalCount } }');
    expect(data?.books.totalCount).toBe(count);
  });
}

function put(title: string, stock: number): void {
  stage.model.put('books', title, { title, stock });
}

/** Subscribes; each call of the result takes the next event. */
function subscribe(args: string) {
  const events = stage.subscribe(`subscription { booksChanged${args} { ${EVENT} } }`);
  const next = async () => {
    const { value, done } = await events.next();
    return done ? undefined : (value.errors ?? value.data.booksChanged);
  };
  return Object.assign(next, { close: () => events.return?.() });
}

const idOf = async (title: string) => (await stage.query(`{ book(key: "${title}") { id } }`)).data.book.id;

describe('a subscription', () => {
  it('begins with a snapshot in pages, the last of which is complete, and goes on with deltas', async () => {
    await openBooks(5, { SNAPSHOT_PAGE: 2 });
    const next = subscribe('');
    expect(await next()).toMatchObject({ entries: [{ title: 'b1' }, { title: 'b2' }], complete: false });
    expect(await next()).toMatchObject({ entries: [{ title: 'b3' }, { title: 'b4' }], complete: false });
    expect(await next()).toMatchObject({ entries: [{ title: 'b5' }], complete: true });
    put('b6', 6);
    await stage.announce('books');
    expect(await next()).toMatchObject({
      __typename: 'BookDelta',
      upserted: [{ title: 'b6', stock: 6 }],
      removed: [],
    });
  });

  it('sends one empty, complete snapshot of an empty collection', async () => {
    await openBooks(0);
    const next = subscribe('');
    expect(await next()).toMatchObject({ __typename: 'BookSnapshot', entries: [], complete: true });
  });

  it('begins from now on without a snapshot', async () => {
    await openBooks(2);
    const next = subscribe('(snapshot: false)');
    const event = next();
    await stage.settle();
    put('b3', 3);
    await stage.announce('books');
    expect(await event).toMatchObject({ __typename: 'BookDelta', upserted: [{ title: 'b3' }] });
  });

  it('resumes behind its cursor with what changed since, and no snapshot', async () => {
    await openBooks(3);
    const first = subscribe('');
    const { cursor } = await first();
    await first.close();
    const removed = await idOf('b1');
    stage.model.remove('books', 'b1');
    put('b2', 20);
    put('b2', 21);
    await stage.announce('books');
    const next = subscribe(`(after: "${cursor}")`);
    expect(await next()).toMatchObject({ upserted: [{ title: 'b2', stock: 21 }], removed: [removed] });
  });

  it('resumes within a snapshot where it was', async () => {
    await openBooks(3, { SNAPSHOT_PAGE: 2 });
    const first = subscribe('');
    const { cursor } = await first();
    await first.close();
    const next = subscribe(`(after: "${cursor}")`);
    expect(await next()).toMatchObject({ entries: [{ title: 'b3' }], complete: true });
  });

  it('ends at once when it is unsubscribed while it waits', async () => {
    await openBooks(1);
    const next = subscribe('(snapshot: false)');
    const waiting = next();
    await next.close();
    expect(await waiting).toBeUndefined();
  });
});

describe('a filtered subscription', () => {
  it('tells what begins to match as upserted, what ceases as removed, and nothing of what never did', async () => {
    await openBooks(3);
    const next = subscribe('(filter: { stock: { gte: 3 } })');
    expect(await next()).toMatchObject({ entries: [{ title: 'b3' }], complete: true });
    const b3 = await idOf('b3');
    put('b1', 0);
    await stage.announce('books');
    put('b2', 30);
    await stage.announce('books');
    expect(await next()).toMatchObject({ upserted: [{ title: 'b2' }], removed: [] });
    put('b3', 1);
    await stage.announce('books');
    expect(await next()).toMatchObject({ upserted: [], removed: [b3] });
    stage.model.remove('books', 'b1');
    put('b2', 31);
    await stage.announce('books');
    expect(await next()).toMatchObject({ upserted: [{ title: 'b2', stock: 31 }], removed: [] });
  });
});

describe('a cursor', () => {
  it('of no use is refused with CURSOR_INVALID', async () => {
    await openBooks(1);
    const next = subscribe('(after: "rubbish")');
    expect(await next()).toMatchObject([{ extensions: { code: 'CURSOR_INVALID' } }]);
  });

  it('older than what is remembered is told so, then a snapshot follows, then deltas', async () => {
    await openBooks(3, { REMOVED_MAX: 0 });
    const first = subscribe('');
    const { cursor } = await first();
    await first.close();
    stage.model.remove('books', 'b1');
    put('b2', 20);
    await stage.announce('books');
    await eventually(async () =>
      expect((await stage.query('{ books { totalCount } }')).data.books.totalCount).toBe(2),
    );
    const next = subscribe(`(after: "${cursor}")`);
    expect(await next()).toMatchObject({ __typename: 'BookCursorExpired', message: expect.any(String) });
    expect(await next()).toMatchObject({ entries: [{ title: 'b2' }, { title: 'b3' }], complete: true });
    put('b4', 4);
    await stage.announce('books');
    expect(await next()).toMatchObject({ upserted: [{ title: 'b4' }] });
  });

  it('of an earlier collection of the same name has expired', async () => {
    await openBooks(1);
    const first = subscribe('');
    const { cursor } = await first();
    stage.model.delete('books');
    stage.model.define('books', [field('title'), field('stock', 'INT')]);
    await stage.announceDefinitions();
    // Who is there is told too.
    expect(await first()).toMatchObject({ __typename: 'BookCursorExpired' });
    expect(await first()).toMatchObject({ entries: [], complete: true });
    put('new', 1);
    await stage.announce('books');
    expect(await first()).toMatchObject({ upserted: [{ title: 'new' }] });
    const next = subscribe(`(after: "${cursor}")`);
    expect(await next()).toMatchObject({ __typename: 'BookCursorExpired' });
  });

  it('of a replica that is ahead is waited for', async () => {
    await openBooks(2);
    put('b3', 3);
    const incarnation = stage.model.definitions.get('books')?.incarnation;
    const cursor = Buffer.from(JSON.stringify(['v', incarnation, 3])).toString('base64url');
    const next = subscribe(`(after: "${cursor}")`);
    const event = next();
    await eventually(async () =>
      expect((await stage.query('{ books { totalCount } }')).data.books.totalCount).toBe(3),
    );
    put('b4', 4);
    await stage.announce('books');
    expect(await event).toMatchObject({ __typename: 'BookDelta', upserted: [{ title: 'b4' }] });
  });
});

describe('when datasource has all read anew', () => {
  it('subscribers converge by way of a snapshot', async () => {
    await openBooks(2);
    const next = subscribe('');
    await next();
    await stage.hold(async () => {
      stage.model.remove('books', 'b1');
      put('b3', 3);
      stage.model.forgetRemoved('books');
    });
    expect(await next()).toMatchObject({ __typename: 'BookCursorExpired' });
    expect(await next()).toMatchObject({ entries: [{ title: 'b2' }, { title: 'b3' }], complete: true });
  });
});

it('refuses more subscribers than it is set to serve', async () => {
  await openBooks(1, { SUBSCRIBERS_MAX: 1 });
  const first = subscribe('');
  await first();
  const second = subscribe('');
  expect(await second()).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
  await first.close();
  await eventually(async () => {
    const third = subscribe('');
    expect(await third()).toMatchObject({ __typename: 'BookSnapshot' });
  });
});
