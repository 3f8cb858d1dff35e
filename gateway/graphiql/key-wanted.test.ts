import { describe, expect, it } from 'vitest';
import { createKeyWatch, holdsKey } from './key-wanted.ts';

describe('The page knows that a key is wanted', () => {
  const refusal = { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] };

  it('by an answer or a closed socket, until an answer has data', () => {
    const watch = createKeyWatch();
    const seen: boolean[] = [];
    const stop = watch.subscribe(() => seen.push(watch.get()));
    watch.note(refusal);
    watch.note(refusal);
    watch.note({ errors: [{ message: 'x', extensions: { code: 'BAD_USER_INPUT' } }] });
    watch.note({ data: { __typename: 'Query' } });
    watch.noteRefusal();
    expect(seen).toEqual([true, false, true]);
    stop();
    watch.note({ data: {} });
    expect([watch.get(), seen.length]).toEqual([false, 3]);
  });

  it.each([undefined, null, 'text', {}, { data: null }, { errors: [{}] }])(
    'and takes %j for neither',
    (answer) => {
      const watch = createKeyWatch();
      watch.note(answer);
      expect(watch.get()).toBe(false);
      watch.noteRefusal();
      watch.note(answer);
      expect(watch.get()).toBe(true);
    },
  );

  it.each([
    ['', false],
    ['{ "authorization": "" }', false],
    ['{ "authorization": "Bearer " }', false],
    ['{ "authorization": "Bearer <key>" }', false],
    ['{ "authorization": "Bearer abc', false],
    ['{ "authorization": "Bearer abc" }', true],
    ['{ // mine\n "Authorization":"bearer abc", "x": 1 }', true],
  ])('and tells a key from a pane that is being written: %j', (headers, holds) => {
    expect(holdsKey(headers)).toBe(holds);
  });
});
