import { describe, expect, it, vi } from 'vitest';
import { PushIterator } from './push-iterator.ts';

const done = { value: undefined, done: true };

describe('PushIterator', () => {
  it('gives values in the order they were pushed, to readers before and after', async () => {
    const iterator = new PushIterator<number>();
    const [first, second] = [iterator.next(), iterator.next()];
    for (const value of [1, 2, 3]) iterator.push(value);
    iterator.end();
    iterator.push(4);
    expect([await first, await second]).toEqual([
      { value: 1, done: false },
      { value: 2, done: false },
    ]);
    expect(await iterator.next()).toEqual({ value: 3, done: false });
    expect(await iterator.next()).toEqual(done);
  });

  it('releases its source at once when the reader leaves during a pending read', async () => {
    const onReturn = vi.fn();
    const iterator = new PushIterator<number>({ onReturn });
    const pending = iterator.next();
    void iterator.return();
    expect(onReturn).toHaveBeenCalledTimes(1);
    expect(await pending).toEqual(done);
  });

  it('releases its source once, however often the reader leaves, and never after its end', async () => {
    const onReturn = vi.fn();
    const left = new PushIterator<number>({ onReturn });
    await left.return();
    await left.return();
    await expect(left.throw(new Error('late'))).rejects.toThrow('late');
    expect(onReturn).toHaveBeenCalledTimes(1);

    const ended = new PushIterator<number>({ onReturn });
    ended.end();
    await ended.return();
    expect(onReturn).toHaveBeenCalledTimes(1);
  });

  it('drops what is buffered when the reader leaves', async () => {
    const iterator = new PushIterator<number>();
    iterator.push(1);
    await iterator.return();
    expect(await iterator.next()).toEqual(done);
  });

  it('fails one read behind the buffered values, then is done', async () => {
    const iterator = new PushIterator<number>();
    iterator.push(1);
    iterator.fail(new Error('lost'));
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    await expect(iterator.next()).rejects.toThrow('lost');
    expect(await iterator.next()).toEqual(done);
  });

  it('fails the read that waits', async () => {
    const iterator = new PushIterator<number>();
    const [first, second] = [iterator.next(), iterator.next()];
    iterator.fail(new Error('lost'));
    await expect(first).rejects.toThrow('lost');
    expect(await second).toEqual(done);
  });

  it('lets go of a reader whose buffer overflows: what fits is read, then the error', async () => {
    const onReturn = vi.fn();
    const iterator = new PushIterator<number>({ onReturn, bufferMax: 2 });
    for (const value of [1, 2, 3, 4]) iterator.push(value);
    expect(onReturn).toHaveBeenCalledTimes(1);
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    expect(await iterator.next()).toEqual({ value: 2, done: false });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(await iterator.next()).toEqual(done);
  });

  it('tells an overflow in the words of whoever made it', async () => {
    const iterator = new PushIterator<number>({ bufferMax: 0, onOverflow: () => new Error('too slow') });
    iterator.push(1);
    await expect(iterator.next()).rejects.toThrow('too slow');
  });
});
