import { describe, expect, it } from 'vitest';
import { encodeChangeCursor, encodeCursor } from '../../platform/model/cursor.ts';
import { isPlace, RecentMessages } from './recent-messages.ts';

const LIMITS = { messagesMax: 3, charactersMax: 100 };

function at(place: string): RecentMessages {
  const recent = new RecentMessages(LIMITS);
  recent.push(place, 'a snapshot');
  return recent;
}

describe('RecentMessages', () => {
  it('gives what readers at one of its places have missed', () => {
    const recent = at('p0');
    expect(recent.after('p0')).toEqual([]);
    recent.push('p1', 'm1');
    recent.push('p2', 'm2');
    expect(recent.place).toBe('p2');
    expect(recent.after('p0')).toEqual(['m1', 'm2']);
    expect(recent.after('p1')).toEqual(['m2']);
    expect(recent.after('p2')).toEqual([]);
  });

  it('knows nothing of other places', () => {
    const recent = at('p0');
    recent.push('p2', 'm2');
    expect(recent.after('p1')).toBeUndefined();
    expect(new RecentMessages(LIMITS).after('p0')).toBeUndefined();
  });

  it('begins at its first place where it had none', () => {
    const recent = new RecentMessages(LIMITS);
    recent.push(undefined, 'half a snapshot');
    expect(recent.place).toBeUndefined();
    recent.push('p1', 'the other half');
    expect(recent.after('p1')).toEqual([]);
    recent.push('p2', 'm2');
    expect(recent.after('p1')).toEqual(['m2']);
  });

  it('begins anew where its readers leave their place', () => {
    const recent = at('p0');
    recent.push('p1', 'm1');
    recent.push(undefined, 'the cursor expired');
    expect(recent.place).toBeUndefined();
    recent.push('p9', 'a snapshot');
    expect(recent.after('p1')).toBeUndefined();
    expect(recent.after('p9')).toEqual([]);
  });

  it('keeps so many messages, and so many characters', () => {
    const recent = at('p0');
    for (const n of [1, 2, 3, 4]) recent.push(`p${n}`, `m${n}`);
    expect(recent.after('p0')).toBeUndefined();
    expect(recent.after('p1')).toEqual(['m2', 'm3', 'm4']);
    recent.push('p5', 'x'.repeat(101));
    expect(recent.after('p4')).toBeUndefined();
    expect(recent.after('p5')).toEqual([]);
  });
});

describe('isPlace', () => {
  it('tells a place in the changes from the middle of a snapshot, and from what is no cursor', () => {
    expect(isPlace(encodeChangeCursor({ incarnation: 'one', version: 3 }))).toBe(true);
    expect(isPlace(encodeCursor(['s', 'one', 3, 'key']))).toBe(false);
    expect(isPlace('nonsense')).toBe(false);
  });
});
