import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChangeCursor, decodeCursor, encodeChangeCursor, encodeCursor } from './cursor.ts';

const invalid = expect.objectContaining({ code: 'CURSOR_INVALID' });

describe('A cursor of changes', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.string(), fc.maxSafeNat(), (incarnation, version) => {
        expect(decodeChangeCursor(encodeChangeCursor({ incarnation, version }))).toEqual({
          incarnation,
          version,
        });
      }),
    );
  });

  it('stands in URLs as it is', () => {
    expect(encodeChangeCursor({ incarnation: '??>>', version: 1 })).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['nothing', ''],
    ['no base64 of JSON', 'hello'],
    ['JSON that is no array', Buffer.from('{"v":1}').toString('base64url')],
    ['a cursor of a connection', encodeCursor(['books', 3])],
    ['another tag', encodeCursor(['w', 'i1', 3])],
    ['an incarnation that is no string', encodeCursor(['v', 1, 3])],
    ['a version below zero', encodeCursor(['v', 'i1', -1])],
    ['a broken version', encodeCursor(['v', 'i1', 1.5])],
    ['a version beyond all counting', encodeCursor(['v', 'i1', 2 ** 53])],
    ['a version as text', encodeCursor(['v', 'i1', '3'])],
  ])('is not %s', (_what, cursor) => {
    expect(() => decodeChangeCursor(cursor)).toThrow(invalid);
  });

  it('that is none is repeated in the error only in part', () => {
    expect(() => decodeChangeCursor('x'.repeat(5_000))).toThrow(/^.{0,150}$/);
  });
});

describe('A cursor of a connection', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (parts) => {
        expect(decodeCursor(encodeCursor(parts))).toEqual(JSON.parse(JSON.stringify(parts)));
      }),
    );
  });

  it('that anybody made up is refused, never taken for something', () => {
    fc.assert(
      fc.property(fc.string(), (cursor) => {
        try {
          expect(Array.isArray(decodeCursor(cursor))).toBe(true);
        } catch (error) {
          expect(error).toEqual(invalid);
        }
      }),
    );
  });
});
