import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { linkAbort } from './linked-abort.ts';

describe('linkAbort', () => {
  it('follows whichever signal is aborted first, with its reason', () => {
    const one = new AbortController();
    const other = new AbortController();
    const { signal } = linkAbort(one.signal, undefined, other.signal);
    expect(signal.aborted).toBe(false);
    other.abort('other');
    one.abort('one');
    expect(signal.reason).toBe('other');
  });

  it('is aborted from the start where one of them is', () => {
    const { signal } = linkAbort(new AbortController().signal, AbortSignal.abort('early'));
    expect(signal.reason).toBe('early');
  });

  it('can be aborted by itself, which the others do not notice', () => {
    const one = new AbortController();
    const { controller, signal } = linkAbort(one.signal);
    controller.abort('own');
    expect(signal.reason).toBe('own');
    expect(one.signal.aborted).toBe(false);
  });

  it('leaves nothing behind on what it followed', () => {
    const one = new AbortController();
    const other = new AbortController();
    linkAbort(one.signal).unlink();
    linkAbort(one.signal, other.signal);
    other.abort();
    expect(getEventListeners(one.signal, 'abort')).toEqual([]);
  });
});
