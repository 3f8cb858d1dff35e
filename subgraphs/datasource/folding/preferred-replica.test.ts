import { expect, it } from 'vitest';
import { isPreferred, preferredReplica } from './preferred-replica.ts';

const collections = Array.from({ length: 1_000 }, (_, index) => `collection-${index}`);
const sharesOf = (replicas: readonly string[]) =>
  new Map(collections.map((incarnation) => [incarnation, preferredReplica(incarnation, replicas)]));

it('gives each replica about as many collections', () => {
  const shares = [...sharesOf(['a', 'b', 'c']).values()];
  for (const replica of ['a', 'b', 'c']) {
    const count = shares.filter((share) => share === replica).length;
    expect(count).toBeGreaterThan(250);
    expect(count).toBeLessThan(420);
  }
});

it('says the same whatever the order, and moves only what a replica that goes had', () => {
  const before = sharesOf(['a', 'b', 'c']);
  expect(sharesOf(['c', 'a', 'b'])).toEqual(before);
  const after = sharesOf(['a', 'c']);
  const moved = collections.filter((incarnation) => before.get(incarnation) !== after.get(incarnation));
  expect(moved.every((incarnation) => before.get(incarnation) === 'b')).toBe(true);
});

it('has a replica that is alone, or knows of none, fold all', () => {
  expect(isPreferred('books', undefined)).toBe(true);
  expect(isPreferred('books', { self: 'a', ids: () => [] })).toBe(true);
  expect(isPreferred('books', { self: 'a', ids: () => ['a'] })).toBe(true);
  expect(isPreferred('books', { self: 'a', ids: () => ['b'] })).toBe(false);
});
