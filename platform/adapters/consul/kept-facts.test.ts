import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../clock.ts';
import { KeptFacts } from './kept-facts.ts';

const GRACE_MS = 1_000;

describe('Kept facts', () => {
  let clock: ManualClock;
  let facts: KeptFacts<string>;
  let seen: string[];

  beforeEach(() => {
    clock = new ManualClock();
    seen = [];
    const onChange = () => seen.push([...facts.all.keys()].join(' '));
    facts = new KeptFacts({ clock, onChange }, GRACE_MS);
  });

  const learn = (names: string, { isReturn = false, refuted = '' } = {}) =>
    facts.learn({ facts: mapOf(names), refuted: new Set(refuted.split(' ')), isReturn });
  const mapOf = (names: string) => new Map(names.split(' ').flatMap((name) => (name ? [[name, name]] : [])));

  it('follow what is said, at once', () => {
    learn('a b');
    learn('b');
    learn('');
    expect(seen).toEqual(['a b', 'b', '']);
  });

  it('tell nothing where nothing has changed, in whatever order it is said', () => {
    learn('');
    learn('a b');
    learn('b a');
    expect(seen).toEqual(['a b']);
  });

  it('keep what is not named after an outage, for the grace', () => {
    learn('a b');
    learn('b', { isReturn: true });
    clock.advance(GRACE_MS - 1);
    expect(seen).toEqual(['a b']);
    clock.advance(1);
    expect(seen).toEqual(['a b', 'b']);
  });

  it('keep nothing that was named again and then not any more', () => {
    learn('a b');
    learn('', { isReturn: true });
    learn('a');
    learn('');
    expect(seen).toEqual(['a b', 'b']);
  });

  it('keep nothing that is refuted', () => {
    learn('a b');
    learn('', { isReturn: true, refuted: 'a' });
    learn('', { refuted: 'b' });
    expect(seen).toEqual(['a b', 'b', '']);
  });

  it('add what is new while they keep the old', () => {
    learn('b');
    learn('a', { isReturn: true });
    learn('a c');
    clock.advance(GRACE_MS);
    expect(seen).toEqual(['b', 'a b', 'a b c', 'a c']);
  });

  it('give the grace anew after a further outage', () => {
    learn('a');
    learn('', { isReturn: true });
    clock.advance(GRACE_MS - 1);
    learn('', { isReturn: true });
    clock.advance(GRACE_MS - 1);
    expect(seen).toEqual(['a']);
    clock.advance(1);
    expect(seen).toEqual(['a', '']);
  });

  it('never change a map that was handed out', () => {
    learn('a');
    const before = facts.all;
    learn('b');
    expect([...before.keys()]).toEqual(['a']);
  });
});
