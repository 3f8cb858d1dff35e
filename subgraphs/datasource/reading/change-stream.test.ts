import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../platform/clock.ts';
import type { ChangePage, EntryChange } from '../../../platform/model/record.ts';
import {
  type ChangeStore,
  type ChangesRequest,
  CollectionGoneError,
} from '../../../platform/ports/collection-store.ts';
import { ChangeHub } from './change-hub.ts';
import { ChangeStream } from './change-stream.ts';

const INCARNATION = 'books-1';

/** The newest version of each entry, and whoever asked for them. */
class FakeChanges {
  readonly versions = new Map<string, number>();
  readonly requests: ChangesRequest[] = [];
  floor = 0;
  isGone = false;

  change(key: string): void {
    this.versions.set(key, this.head + 1);
  }

  get head(): number {
    return Math.max(0, ...this.versions.values());
  }

  async changesSince(_: string, request: ChangesRequest): Promise<ChangePage> {
    this.requests.push(request);
    if (this.isGone) throw new CollectionGoneError(INCARNATION);
    const { version, resetHead, limit } = request;
    const reset =
      request.incarnation !== INCARNATION || (version < this.floor && (resetHead ?? 0) < this.floor);
    const behind = [...this.versions]
      .filter(([, one]) => one > (reset ? 0 : version))
      .sort(([, a], [, b]) => a - b);
    const changes = behind.slice(0, limit).map(([key, one]) => ({ key, version: one }) as EntryChange);
    const last = behind.length > limit ? (changes.at(-1)?.version ?? 0) : this.head;
    return { incarnation: INCARNATION, reset, changes, version: last, head: this.head };
  }
}

describe('a stream of changes', () => {
  let clock: ManualClock;
  let hub: ChangeHub;
  let changes: FakeChanges;

  beforeEach(() => {
    clock = new ManualClock();
    hub = new ChangeHub(clock, 30_000);
    changes = new FakeChanges();
  });
  afterEach(() => hub.close());

  const open = (version = 0, incarnation = INCARNATION, pageMax = 2) =>
    new ChangeStream(
      { store: changes as unknown as ChangeStore, hub },
      { incarnation: INCARNATION, after: { incarnation, version }, pageMax },
    );
  const tell = (...keys: string[]) => {
    for (const key of keys) changes.change(key);
    hub.wake(INCARNATION);
  };
  const keysOf = async (stream: ChangeStream) => {
    const { value, done } = await stream.next();
    return done ? 'DONE' : { reset: value.reset, keys: value.changes.map(({ key }) => key) };
  };

  it('waits for a change, and tells it', async () => {
    const stream = open();
    const first = keysOf(stream);
    await expect.poll(() => changes.requests.length).toBe(1);
    tell('a');
    expect(await first).toEqual({ reset: false, keys: ['a'] });
  });

  it('reads nothing while nobody asks, then each entry once', async () => {
    const stream = open();
    for (let time = 0; time < 100; time++) tell('a', 'b');
    expect(changes.requests).toEqual([]);
    expect(await keysOf(stream)).toEqual({ reset: false, keys: ['a', 'b'] });
    expect(changes.requests).toHaveLength(1);
  });

  it('goes on to the head page by page without being woken', async () => {
    tell('a', 'b', 'c', 'd', 'e');
    const stream = open();
    expect(await keysOf(stream)).toMatchObject({ keys: ['a', 'b'] });
    expect(await keysOf(stream)).toMatchObject({ keys: ['c', 'd'] });
    expect(await keysOf(stream)).toMatchObject({ keys: ['e'] });
  });

  it('starts an expired reader anew once, then reads all pages behind old versions', async () => {
    tell('a', 'b', 'c', 'd', 'e');
    changes.floor = 4;
    const stream = open(1);
    expect(await keysOf(stream)).toEqual({ reset: true, keys: ['a', 'b'] });
    expect(await keysOf(stream)).toEqual({ reset: false, keys: ['c', 'd'] });
    expect(await keysOf(stream)).toEqual({ reset: false, keys: ['e'] });
    expect(changes.requests.map(({ resetHead }) => resetHead)).toEqual([undefined, 5, 5]);
  });

  it('tells of a reset also where there is nothing behind it', async () => {
    expect(await keysOf(open(7, 'books-0'))).toEqual({ reset: true, keys: [] });
  });

  it('answers reads in the order they were asked for, each change once', async () => {
    const stream = open();
    const reads = [keysOf(stream), keysOf(stream)];
    await expect.poll(() => changes.requests.length).toBe(1);
    tell('a');
    expect(await reads[0]).toMatchObject({ keys: ['a'] });
    tell('b');
    expect(await reads[1]).toMatchObject({ keys: ['b'] });
  });

  it('learns at the resync what no event told', async () => {
    const stream = open();
    const first = keysOf(stream);
    await expect.poll(() => changes.requests.length).toBe(1);
    changes.change('a');
    clock.advance(30_000);
    expect(await first).toMatchObject({ keys: ['a'] });
  });

  it('is left at once, while it waits', async () => {
    const stream = open();
    const waiting = stream.next();
    await expect.poll(() => changes.requests.length).toBe(1);
    expect(await stream.return()).toEqual({ value: undefined, done: true });
    expect(await waiting).toEqual({ value: undefined, done: true });
    tell('a');
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(changes.requests).toHaveLength(1);
  });

  it('ends when the collection goes, while it waits or reads', async () => {
    const waiting = keysOf(open());
    await expect.poll(() => changes.requests.length).toBe(1);
    hub.gone(INCARNATION);
    expect(await waiting).toBe('DONE');
    changes.isGone = true;
    expect(await keysOf(open())).toBe('DONE');
  });
});
