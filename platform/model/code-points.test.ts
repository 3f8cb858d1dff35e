import { describe, expect, it } from 'vitest';
import { compareCodePoints } from './code-points.ts';

describe('compareCodePoints', () => {
  it.each([
    ['a', 'b', -1],
    ['a', 'ab', -1],
    ['', '', 0],
    ['\u{ffff}', '\u{10000}', -1],
    ['\u{10000}', '\u{10001}', -1],
    ['x\u{d7ff}', 'x\u{e000}', -1],
  ])('puts %j and %j in order', (a, b, sign) => {
    expect(Math.sign(compareCodePoints(a, b))).toBe(sign);
    expect(Math.sign(compareCodePoints(b, a))).toBe(sign === 0 ? 0 : -sign);
  });
});
