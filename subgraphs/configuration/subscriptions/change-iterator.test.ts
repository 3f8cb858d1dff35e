import { describe, expect, it } from 'vitest';
import { type ChangeIterator, openChanges } from './change-iterator.ts';

/** A thing by id with a state, and what its follower is told. */
async function follow(states: Map<string, number>) {
  let fed: Pick<ChangeIterator<number>, 'push' | 'fail'> | undefined;
  let closed = 0;
  const changes = await openChanges<number>(
    async (id) => {
      if (id === 'broken') throw new Error('broken');
      return states.get(id);
    },
    async (iterator, opened) => {
      fed = iterator;
      opened.defer(() => void closed++);
    },
  );
  return {
    changes,
    push: (id: string) => fed?.push(id),
    fail: (error: Error) => fed?.fail(error),
    closedCount: () => closed,
  };
}

describe('what follows changes', () => {
  it('reads the state when its reader is ready, once for all changes before', async () => {
    const states = new Map([['a', 1]]);
    const { changes, push } = await follow(states);
    push('a');
    push('b');
    push('a');
    states.set('a', 2).set('b', 3);
    expect(await changes.next()).toEqual({ value: 2, done: false });
    expect(await changes.next()).toEqual({ value: 3, done: false });
    const pending = changes.next();
    states.set('a', 4);
    push('a');
    expect(await pending).toEqual({ value: 4, done: false });
  });

  it('passes over what is gone', async () => {
    const { changes, push } = await follow(new Map([['b', 2]]));
    push('a');
    push('b');
    expect(await changes.next()).toEqual({ value: 2, done: false });
  });

  it('lets its sources go as soon as its reader leaves, though a read is pending', async () => {
    const { changes, closedCount } = await follow(new Map());
    const pending = changes.next();
    await changes.return();
    expect(closedCount()).toBe(1);
    expect(await pending).toEqual({ value: undefined, done: true });
  });

  it('fails, and lets its sources go, where far too many things wait for the reader', async () => {
    const { changes, push, closedCount } = await follow(new Map([['0', 0]]));
    for (let n = 0; n <= 50_000; n++) push(`${n}`);
    expect(closedCount()).toBe(1);
    const read = async () => {
      for (;;) if ((await changes.next()).done) return;
    };
    await expect(read()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('fails for its reader, and lets its sources go, where what it follows cannot be told', async () => {
    const { changes, push, fail, closedCount } = await follow(new Map([['a', 1]]));
    push('a');
    fail(new Error('lost'));
    expect(closedCount()).toBe(1);
    expect(await changes.next()).toEqual({ value: 1, done: false });
    await expect(changes.next()).rejects.toThrow('lost');
    expect(await changes.next()).toEqual({ value: undefined, done: true });
  });

  it('lets its sources go where a read fails', async () => {
    const { changes, push, closedCount } = await follow(new Map());
    push('broken');
    await expect(changes.next()).rejects.toThrow('broken');
    expect(closedCount()).toBe(1);
    expect(await changes.next()).toEqual({ value: undefined, done: true });
  });

  it('lets go what was opened where something else could not be', async () => {
    let closed = 0;
    const opening = openChanges(
      () => 1,
      async (_, opened) => {
        opened.defer(() => void closed++);
        throw new Error('away');
      },
    );
    await expect(opening).rejects.toThrow('away');
    expect(closed).toBe(1);
  });
});
